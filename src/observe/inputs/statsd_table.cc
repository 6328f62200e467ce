#include "observe/inputs/statsd_table.h"

#include <algorithm>
#include <cmath>

#include "observe/metric_names.h"

namespace berth::observe {
namespace {

constexpr std::pair<double, const char*> quantiles[] = {
    {0, "0"}, {0.5, "0.5"}, {0.9, "0.9"}, {0.99, "0.99"}, {1, "1"}};

promql::Labels labels_of(const std::string& name, std::string_view end,
                         std::vector<promql::Label> tags) {
  return labels_of_name(name + std::string(end), std::move(tags));
}

}  // namespace

StatsdTable::Metric* StatsdTable::find_or_make(const StatsdLine& line) {
  key_ = line.name;
  key_ += '\0';
  key_ += static_cast<char>(line.kind);
  for (auto& tag : line.tags) {
    key_ += tag.name;
    key_ += '\0';
    key_ += tag.value;
    key_ += '\0';
  }
  auto found = metrics_.find(key_);
  if (found != metrics_.end()) return &found->second;
  if (metrics_.size() >= limits_.metrics_max) return nullptr;
  Metric made{line.kind, std::string(line.name), line.tags};
  return &metrics_.emplace(key_, std::move(made)).first->second;
}

/// Algorithm R (Vitter 1985): each value of the interval is among those that are kept with the same
/// chance.
void StatsdTable::add_value(Metric& metric, double value, double rate) {
  metric.count += 1 / rate;
  metric.sum += value / rate;
  ++metric.seen;
  if (metric.values.size() < limits_.values_max) {
    metric.values.push_back(value);
  } else if (std::uint64_t at = random_.below(metric.seen); at < limits_.values_max) {
    metric.values[at] = value;
  }
}

bool StatsdTable::add(const StatsdLine& line, MonotonicTime now) {
  Metric* metric = find_or_make(line);
  if (!metric) return false;
  metric->told = now;
  for (double value : line.values) {
    switch (line.kind) {
      case StatsdLine::Kind::counter:
        metric->value += value / line.rate;
        break;
      case StatsdLine::Kind::gauge:
        metric->value = line.change ? metric->value + value : value;
        break;
      case StatsdLine::Kind::timer:
        add_value(*metric, value, line.rate);
        break;
      case StatsdLine::Kind::set:
        break;
    }
  }
  for (auto word : line.words) {
    if (metric->words.size() < limits_.words_max) metric->words.emplace(word);
  }
  return true;
}

/// The value of which the share `q` is at most as large (nearest rank).
void StatsdTable::give_distribution(Metric& metric, const Give& give) {
  give(labels_of(metric.name, "_count", metric.tags), metric.count);
  give(labels_of(metric.name, "_sum", metric.tags), metric.sum);
  std::ranges::sort(metric.values);
  for (auto& [q, text] : quantiles) {
    if (metric.values.empty()) break;
    double rank = std::ceil(q * static_cast<double>(metric.values.size()));
    auto tags = metric.tags;
    tags.push_back({"quantile", text});
    give(labels_of(metric.name, "", std::move(tags)),
         metric.values[static_cast<std::size_t>(std::max(rank, 1.0)) - 1]);
  }
  metric.values.clear();
  metric.seen = 0;
}

void StatsdTable::flush(MonotonicTime now, const Give& give) {
  for (auto& [key, metric] : metrics_) {
    switch (metric.kind) {
      case StatsdLine::Kind::counter:
        give(labels_of(metric.name, "_total", metric.tags), metric.value);
        break;
      case StatsdLine::Kind::gauge:
        give(labels_of(metric.name, "", metric.tags), metric.value);
        break;
      case StatsdLine::Kind::timer:
        give_distribution(metric, give);
        break;
      case StatsdLine::Kind::set:
        give(labels_of(metric.name, "", metric.tags), static_cast<double>(metric.words.size()));
        metric.words.clear();
        break;
    }
  }
  std::erase_if(metrics_, [&](auto& each) { return now - each.second.told > limits_.idle; });
}

}  // namespace berth::observe
