#include "observe/alerts/objective.h"

#include <fmt/format.h>

#include <cmath>

#include "base/units.h"
#include "observe/outputs/names.h"

namespace berth::observe {
namespace {

constexpr std::string_view placeholder = "$window";

std::string in_window(std::string_view text, Duration window) {
  std::string out, seconds = std::to_string(window.count() / 1'000'000'000) + "s";
  for (;;) {
    std::size_t at = text.find(placeholder);
    out += text.substr(0, at);
    if (at == text.npos) return out;
    out += seconds;
    text.remove_prefix(at + placeholder.size());
  }
}

/// Decimal numbers stay such: 1 - 0.999 is 0.001.
double rounded(double value) { return std::round(value * 1e12) / 1e12; }
double budget(const Objective& objective) { return rounded(1 - objective.percent / 100); }

std::string ratio(const Objective& objective, Duration window) {
  return fmt::format("(({}) / ({}))", in_window(objective.errors, window),
                     in_window(objective.total, window));
}

}  // namespace

std::vector<BurnRate> burn_rates(Duration window) {
  double days = static_cast<double>(window.count()) / 86'400e9;
  double scale = days / 30;
  return {{14.4 * scale, 1h, 5min, "critical"},
          {6 * scale, 6h, 30min, "critical"},
          {3 * scale, 24h, 2h, "warning"},
          {1 * scale, 72h, 6h, "warning"}};
}

Result<std::vector<AlertRule>> burn_rate_rules(const Objective& objective) {
  std::vector<AlertRule> out;
  for (auto& rate : burn_rates(objective.window)) {
    double bound = rounded(rate.factor * budget(objective));
    if (bound >= 1) continue;  // more than all of them cannot fail
    AlertRule rule;
    rule.name =
        fmt::format("{} burns its budget over {}", objective.name, write_duration(rate.longer));
    rule.text = fmt::format("{} > {} and {} > {}", ratio(objective, rate.longer),
                            number_text(bound), ratio(objective, rate.shorter), number_text(bound));
    auto query = promql::Query::parse(rule.text);
    if (!query.ok()) return std::move(query).error();
    rule.query = std::move(*query);
    rule.severity = rate.severity;
    rule.labels = {{"objective", objective.name}};
    rule.summary =
        objective.summary.empty()
            ? fmt::format("{}: %{{value}} of all fail, {} times what {} % allow", objective.name,
                          number_text(rounded(rate.factor)), number_text(objective.percent))
            : objective.summary;
    rule.route = objective.route;
    out.push_back(std::move(rule));
  }
  // A slower pace is no news while a faster one is told.
  for (std::size_t i = 1; i < out.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) out[i].depends_on.push_back(out[j].name);
  }
  return out;
}

std::string burn_expression(const Objective& objective, Duration window) {
  return fmt::format("{} / {}", ratio(objective, window), number_text(budget(objective)));
}

std::string budget_expression(const Objective& objective) {
  return fmt::format("1 - {} / {}", ratio(objective, objective.window),
                     number_text(budget(objective)));
}

}  // namespace berth::observe
