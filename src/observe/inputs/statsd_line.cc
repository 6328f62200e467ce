#include "observe/inputs/statsd_line.h"

#include <optional>

#include "base/strings.h"
#include "observe/inputs/number_text.h"
#include "observe/metric_names.h"

namespace berth::observe {
namespace {

constexpr std::size_t name_bytes_max = 1024;
constexpr std::size_t values_max = 10'000;
constexpr std::size_t tags_max = 32;

std::optional<StatsdLine::Kind> kind_of(std::string_view type) {
  using Kind = StatsdLine::Kind;
  if (type == "c" || type == "m") return Kind::counter;
  if (type == "g") return Kind::gauge;
  if (type == "ms" || type == "h" || type == "d") return Kind::timer;
  if (type == "s") return Kind::set;
  return std::nullopt;
}

Result<void> read_values(std::string_view text, StatsdLine& out) {
  auto all = split(text, ':');
  if (all.size() > values_max) return Error(Code::invalid, "it has more than 10,000 values");
  for (auto each : all) {
    if (out.kind == StatsdLine::Kind::set) {
      if (each.empty()) return Error(Code::invalid, "a value is empty");
      out.words.push_back(each);
      continue;
    }
    auto value = number_of_text(each);
    if (!value) return Error(Code::invalid, "a value is no number");
    out.values.push_back(*value);
    if (out.kind == StatsdLine::Kind::gauge) out.change = each[0] == '+' || each[0] == '-';
  }
  return {};
}

/// "host:db1,fast": a tag without a value is true.
Result<void> read_tags(std::string_view text, StatsdLine& out) {
  for (auto each : split(text, ',')) {
    if (each.empty()) continue;
    if (out.tags.size() >= tags_max) return Error(Code::invalid, "it has more than 32 tags");
    auto pair = split_once(each, ':');
    std::string_view value = pair ? pair->second : "true";
    std::string name = metric_name_of(pair ? pair->first : each);
    if (name == promql::metric_name) return Error(Code::invalid, "a tag may not be __name__");
    out.tags.push_back({std::move(name), std::string(value)});
  }
  return {};
}

}  // namespace

Result<void> read_statsd(std::string_view line, StatsdLine& out) {
  out.values.clear();
  out.words.clear();
  out.tags.clear();
  out.rate = 1;
  out.change = false;
  if (line.starts_with("_e{") || line.starts_with("_sc|")) {
    return Error(Code::unsupported, "events and service checks are not taken");
  }
  auto parts = split(line, '|');
  auto named = split_once(parts[0], ':');
  if (!named || named->first.empty() || parts.size() < 2) {
    return Error(Code::invalid, "it is not NAME:VALUE|TYPE");
  }
  out.name = named->first;
  if (out.name.size() > name_bytes_max) {
    return Error(Code::invalid, "its name has more than 1024 bytes");
  }
  auto kind = kind_of(trim(parts[1]));
  if (!kind) return Error(Code::invalid, "its type is none of c, m, g, ms, h, d, s");
  out.kind = *kind;
  TRY(read_values(named->second, out));
  for (std::size_t i = 2; i < parts.size(); ++i) {
    if (parts[i].starts_with('@')) {
      auto rate = number_of_text(parts[i].substr(1));
      if (!rate || *rate <= 0 || *rate > 1) {
        return Error(Code::invalid, "its sample rate is not above 0 and at most 1");
      }
      out.rate = *rate;
    } else if (parts[i].starts_with('#')) {
      TRY(read_tags(parts[i].substr(1), out));
    }
  }
  return {};
}

}  // namespace berth::observe
