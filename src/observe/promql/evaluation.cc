#include "observe/promql/evaluation.h"

#include <cmath>

#include "observe/promql/aggregate.h"
#include "observe/promql/binary.h"
#include "observe/promql/range_functions.h"
#include "observe/promql/vector_functions.h"

namespace berth::promql {

/// A range vector's series, and the window of each moment: [base - range, base], where base is the
/// moment, or what @ names, less the offset.
struct Evaluation::Windows {
  std::vector<SampleSeries> series;
  std::int64_t range = 0;
  std::int64_t offset = 0;
  At at;

  std::int64_t end(const QueryTimes& times, std::int64_t time) const {
    return moment_of(at, times, time) - offset;
  }
};

std::int64_t moment_of(const At& at, const QueryTimes& times, std::int64_t otherwise) {
  switch (at.kind) {
    case At::Kind::none:
      return otherwise;
    case At::Kind::time:
      return at.time;
    case At::Kind::start:
      return times.start;
    case At::Kind::end:
      return times.end;
  }
  return otherwise;
}

Steps subquery_steps(const Subquery& subquery, const Steps& steps, const QueryTimes& times,
                     std::int64_t default_step) {
  std::int64_t interval = subquery.step > 0 ? subquery.step : default_step;
  std::int64_t from = moment_of(subquery.at, times, steps.start) - subquery.offset - subquery.range;
  std::int64_t to = moment_of(subquery.at, times, steps.end()) - subquery.offset;
  std::int64_t start = interval * (from / interval);
  if (start < from) start += interval;
  std::size_t count = to < start ? 0 : static_cast<std::size_t>((to - start) / interval) + 1;
  return {start, interval, count};
}

Result<void> Evaluation::charge(std::size_t samples) {
  held_ += samples;
  if (held_ > limits_.samples_max) return too_many_samples();
  if (limits_.stop()) return Error(Code::timed_out, "query timed out in expression evaluation");
  return {};
}

Result<Value> Evaluation::evaluate(const Node& node, const Steps& steps) {
  auto charged = charge(steps.count);
  if (!charged.ok()) return std::move(charged).error();
  struct Visit {
    Evaluation& self;
    const Steps& steps;
    Result<Value> operator()(const Number& each) { return self.number(each.value, steps); }
    Result<Value> operator()(const Text& each) { return Value{Type::text, {}, {}, each.value}; }
    Result<Value> operator()(const Selector& each) { return self.instant(each, steps, false); }
    Result<Value> operator()(const Subquery&) {
      return Error(Code::internal, "a range vector has no value of its own");
    }
    Result<Value> operator()(const Call& each) { return self.call(each, steps); }
    Result<Value> operator()(const Aggregation& each) { return self.aggregation(each, steps); }
    Result<Value> operator()(const Binary& each) { return self.binary(each, steps); }
    Result<Value> operator()(const Negation& each) { return self.negation(each, steps); }
  };
  return std::visit(Visit{*this, steps}, node.body);
}

Result<Value> Evaluation::number(double value, const Steps& steps) {
  return Value{Type::scalar, {}, std::vector<double>(steps.count, value), {}};
}

/// At each moment the newest sample that is at most `lookback` old, unless the series ended there.
Result<Value> Evaluation::instant(const Selector& selector, const Steps& steps,
                                  bool times_of_samples) {
  Value out;
  for (auto& series : selected_[selector.index]) {
    auto charged = charge(steps.count + series.samples.size());
    if (!charged.ok()) return std::move(charged).error();
    Column column{series.labels, std::vector<double>(steps.count, stale_marker)};
    auto& samples = series.samples;
    std::size_t next = 0;  // the first sample behind the moment
    for (std::size_t i = 0; i < steps.count; ++i) {
      std::int64_t moment = moment_of(selector.at, times_, steps.time(i)) - selector.offset;
      while (next < samples.size() && samples[next].time <= moment) ++next;
      if (next == 0 || samples[next - 1].time < moment - limits_.lookback) continue;
      const Sample& found = samples[next - 1];
      if (is_stale(found.value)) continue;
      column.values[i] = times_of_samples ? static_cast<double>(found.time) / 1000 : found.value;
    }
    if (!column.empty()) out.columns.push_back(std::move(column));
  }
  return out;
}

Result<Value> Evaluation::negation(const Negation& negation, const Steps& steps) {
  Value of = TRY(evaluate(*negation.of, steps));
  for (double& number : of.numbers) number = -number;
  for (auto& column : of.columns) {
    column.labels = column.labels.without_name();
    for (double& value : column.values) {
      if (!is_stale(value)) value = -value;
    }
  }
  of.columns = TRY(distinct(std::move(of.columns)));
  return of;
}

Result<Value> Evaluation::binary(const Binary& binary, const Steps& steps) {
  Value left = TRY(evaluate(*binary.left, steps));
  Value right = TRY(evaluate(*binary.right, steps));
  auto charged = charge(steps.count * std::max(left.columns.size(), right.columns.size()));
  if (!charged.ok()) return std::move(charged).error();
  return combine(binary, std::move(left), std::move(right), steps);
}

Result<Value> Evaluation::aggregation(const Aggregation& aggregation, const Steps& steps) {
  Value parameter;
  if (aggregation.parameter) parameter = TRY(evaluate(*aggregation.parameter, steps));
  Value of = TRY(evaluate(*aggregation.of, steps));
  return aggregate(aggregation, std::move(parameter), std::move(of), steps);
}

Result<Value> Evaluation::call(const Call& call, const Steps& steps) {
  for (auto& argument : call.arguments) {
    if (argument->type == Type::matrix) return over_range(call, steps);
  }
  return on_vectors(call, steps);
}

Result<Value> Evaluation::on_vectors(const Call& call, const Steps& steps) {
  FunctionId id = call.function->id;
  if (id == FunctionId::timestamp_) {
    // Of a selector it is when the sample was taken, of all else the moment.
    if (auto* selector = std::get_if<Selector>(&call.arguments[0]->body)) {
      Value found = TRY(instant(*selector, steps, true));
      ColumnSet out(steps.count);
      for (auto& column : found.columns) out.add(column.labels.without_name(), column.values);
      found.columns = TRY(out.take());
      return found;
    }
  }
  std::vector<Value> arguments;
  for (auto& each : call.arguments) arguments.push_back(TRY(evaluate(*each, steps)));
  return apply_function(call, std::move(arguments), steps);
}

Result<Evaluation::Windows> Evaluation::windows(const Node& node, const Steps& steps) {
  if (auto* subquery = std::get_if<Subquery>(&node.body)) return windows(*subquery, steps);
  auto& selector = std::get<Selector>(node.body);
  Windows out{std::move(selected_[selector.index]), selector.range, selector.offset, selector.at};
  // Inside a subquery it is evaluated once for all moments: nobody comes here twice.
  for (auto& series : out.series) {
    std::erase_if(series.samples, [](auto& sample) { return is_stale(sample.value); });
    auto charged = charge(series.samples.size());
    if (!charged.ok()) return std::move(charged).error();
  }
  return out;
}

Result<Evaluation::Windows> Evaluation::windows(const Subquery& subquery, const Steps& steps) {
  Steps inner = subquery_steps(subquery, steps, times_, limits_.subquery_step);
  Windows out{{}, subquery.range, subquery.offset, subquery.at};
  if (inner.count == 0) return out;
  if (inner.count > limits_.samples_max) {
    auto charged = charge(inner.count);
    if (!charged.ok()) return std::move(charged).error();
  }
  Value value = TRY(evaluate(*subquery.of, inner));
  for (auto& column : value.columns) {
    SampleSeries series{std::move(column.labels), {}};
    for (std::size_t i = 0; i < inner.count; ++i) {
      if (!is_stale(column.values[i])) series.samples.push_back({inner.time(i), column.values[i]});
    }
    auto charged = charge(series.samples.size());
    if (!charged.ok()) return std::move(charged).error();
    if (!series.samples.empty()) out.series.push_back(std::move(series));
  }
  return out;
}

Result<std::vector<SampleSeries>> Evaluation::matrix(const Node& node, std::int64_t time) {
  Windows found = TRY(windows(node, {time, 1, 1}));
  std::int64_t end = found.end(times_, time);
  for (auto& series : found.series) {
    std::erase_if(series.samples, [&](auto& sample) {
      return sample.time < end - found.range || sample.time > end;
    });
  }
  std::erase_if(found.series, [](auto& series) { return series.samples.empty(); });
  std::ranges::sort(found.series, {}, &SampleSeries::labels);
  return std::move(found.series);
}

namespace {

/// absent_over_time: 1 at the moments at which no series has a sample.
Value absent_over(const Call& call, const std::vector<Column>& columns, const Steps& steps) {
  Column absent{absent_labels(*call.arguments[0]), std::vector<double>(steps.count, 1)};
  for (auto& column : columns) {
    for (std::size_t i = 0; i < steps.count; ++i) {
      if (!is_stale(column.values[i])) absent.values[i] = stale_marker;
    }
  }
  Value out;
  if (!absent.empty()) out.columns.push_back(std::move(absent));
  return out;
}

Result<void> check_smoothing(const Call& call, const std::vector<Value>& scalars) {
  if (call.function->id != FunctionId::holt_winters_) return {};
  for (std::size_t which = 0; which < 2; ++which) {
    for (double factor : scalars[which].numbers) {
      if (factor > 0 && factor < 1) continue;
      std::string_view name = which == 0 ? "smoothing" : "trend";
      return Error(Code::invalid, fmt::format("invalid {} factor. Expected: 0 < {} < 1, got: {:f}",
                                              name, which == 0 ? "sf" : "tf", factor));
    }
  }
  return {};
}

}  // namespace

Result<Value> Evaluation::over_range(const Call& call, const Steps& steps) {
  FunctionId id = call.function->id;
  const Node* ranged = nullptr;
  std::vector<Value> scalars;
  for (auto& each : call.arguments) {
    if (each->type == Type::matrix) {
      ranged = each.get();
    } else {
      scalars.push_back(TRY(evaluate(*each, steps)));
    }
  }
  auto checked = check_smoothing(call, scalars);
  if (!checked.ok()) return std::move(checked).error();
  Windows moving = TRY(windows(*ranged, steps));
  Value out;
  for (auto& series : moving.series) {
    auto charged = charge(steps.count);
    if (!charged.ok()) return std::move(charged).error();
    bool keeps_name = id == FunctionId::last_over_time_;
    Column column{keeps_name ? series.labels : series.labels.without_name(),
                  std::vector<double>(steps.count, stale_marker)};
    std::span<const Sample> samples = series.samples;
    std::size_t first = 0, behind = 0;
    for (std::size_t i = 0; i < steps.count; ++i) {
      Window window{{}, 0, moving.end(times_, steps.time(i)), steps.time(i)};
      window.begin = window.end - moving.range;
      while (behind < samples.size() && samples[behind].time <= window.end) ++behind;
      while (first < behind && samples[first].time < window.begin) ++first;
      if (first == behind) continue;
      window.samples = samples.subspan(first, behind - first);
      double a = scalars.empty() ? 0 : scalars[0].numbers[i];
      double b = scalars.size() < 2 ? 0 : scalars[1].numbers[i];
      column.values[i] = fold_window(id, window, a, b);
    }
    if (!column.empty()) out.columns.push_back(std::move(column));
  }
  if (id == FunctionId::absent_over_time_) return absent_over(call, out.columns, steps);
  out.columns = TRY(distinct(std::move(out.columns)));
  return out;
}

}  // namespace berth::promql
