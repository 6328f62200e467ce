#include "observe/promql/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "observe/promql/evaluation.h"
#include "observe/promql/parser.h"

namespace berth::promql {
namespace {

Steps steps_of(const QueryTimes& times) {
  if (times.step <= 0 || times.end <= times.start) return {times.start, 1, 1};
  auto count = static_cast<std::size_t>((times.end - times.start) / times.step) + 1;
  return {times.start, times.step, count};
}

/// Walks to the selectors with the moments at which each is evaluated.
struct Selecting {
  const QueryTimes& times;
  const QueryLimits& limits;
  std::vector<Selection>& out;

  void visit(const Node& node, const Steps& steps) {
    std::visit([&](auto& body) { (*this)(body, steps); }, node.body);
  }
  void operator()(const Number&, const Steps&) {}
  void operator()(const Text&, const Steps&) {}
  void operator()(const Negation& each, const Steps& steps) { visit(*each.of, steps); }
  void operator()(const Subquery& each, const Steps& steps) {
    visit(*each.of, subquery_steps(each, steps, times, limits.subquery_step));
  }
  void operator()(const Binary& each, const Steps& steps) {
    visit(*each.left, steps);
    visit(*each.right, steps);
  }
  void operator()(const Aggregation& each, const Steps& steps) {
    if (each.parameter) visit(*each.parameter, steps);
    visit(*each.of, steps);
  }
  void operator()(const Call& each, const Steps& steps) {
    for (auto& argument : each.arguments) visit(*argument, steps);
  }
  void operator()(const Selector& each, const Steps& steps) {
    Selection selection;
    selection.matchers = each.matchers;
    std::int64_t back = each.range > 0 ? each.range : limits.lookback;
    selection.from = moment_of(each.at, times, steps.start) - each.offset - back;
    selection.to = moment_of(each.at, times, steps.end()) - each.offset;
    selection.step = each.range > 0 || steps.count < 2 ? 0 : steps.interval;
    if (out.size() <= each.index) out.resize(each.index + 1);
    out[each.index] = std::move(selection);
  }
};

/// One series of the answer for each column.
std::vector<SampleSeries> series_of(std::vector<Column> columns, const Steps& steps) {
  std::vector<SampleSeries> out;
  out.reserve(columns.size());
  for (auto& column : columns) {
    SampleSeries series{std::move(column.labels), {}};
    for (std::size_t i = 0; i < column.values.size(); ++i) {
      if (!is_stale(column.values[i])) series.samples.push_back({steps.time(i), column.values[i]});
    }
    if (!series.samples.empty()) out.push_back(std::move(series));
  }
  return out;
}

}  // namespace

Result<Query> Query::parse(std::string_view text) { return Query(TRY(parse_expression(text))); }

std::vector<Selection> Query::selections(const QueryTimes& times, const QueryLimits& limits) const {
  std::vector<Selection> out;
  Selecting{times, limits, out}.visit(*root_, steps_of(times));
  return out;
}

Result<QueryResult> Query::evaluate(const QueryTimes& times, const QueryLimits& limits,
                                    std::vector<std::vector<SampleSeries>> selected) const {
  Evaluation evaluation(times, limits, std::move(selected));
  Steps steps = steps_of(times);
  QueryResult result;
  result.time = times.start;
  bool range = times.step > 0;
  if (type() == Type::matrix) {
    result.type = Type::matrix;
    result.series = TRY(evaluation.matrix(*root_, times.start));
    return result;
  }
  Value value = TRY(evaluation.evaluate(*root_, steps));
  result.type = range ? Type::matrix : value.type;
  result.text = std::move(value.text);
  if (value.type == Type::scalar) value.columns.push_back({{}, std::move(value.numbers)});
  result.series = series_of(std::move(value.columns), steps);
  if (range) std::ranges::sort(result.series, {}, &SampleSeries::labels);
  return result;
}

Result<QueryResult> Query::run(const SampleSource& source, const QueryTimes& times,
                               const QueryLimits& limits) const {
  std::vector<std::vector<SampleSeries>> selected;
  std::size_t left = limits.samples_max;
  for (auto& selection : selections(times, limits)) {
    selected.push_back(TRY(source.select(selection, left)));
    for (auto& series : selected.back()) left -= std::min(left, series.samples.size());
  }
  return evaluate(times, limits, std::move(selected));
}

std::string value_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[400];
  constexpr double exact_max = 9007199254740992;  // 2^53; beyond, more digits than tell it apart
  if (std::abs(value) < exact_max) {
    auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed).ptr;
    return std::string(buffer, end);
  }
  // As Go: the fewest digits that read back the same, then zeros.
  auto end = std::to_chars(buffer, buffer + sizeof buffer - 1, std::abs(value),
                           std::chars_format::scientific)
                 .ptr;
  *end = '\0';
  std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  std::size_t e = text.find('e');
  std::string digits(text.substr(0, e));
  if (digits.size() > 1) digits.erase(1, 1);
  digits.resize(static_cast<std::size_t>(std::atoi(buffer + e + 1)) + 1, '0');
  return (value < 0 ? "-" : "") + digits;
}

}  // namespace berth::promql
