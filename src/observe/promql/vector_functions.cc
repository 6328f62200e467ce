#include "observe/promql/vector_functions.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <set>

namespace berth::promql {
namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// Go's math.Max and math.Min: no number if one is none.
double larger(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? not_a_number : std::max(a, b);
}
double smaller(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? not_a_number : std::min(a, b);
}
double sign(double value) { return value < 0 ? -1 : value > 0 ? 1 : value; }

/// Functions of one number; null for others.
double (*function_of_one(FunctionId id))(double) {
  using enum FunctionId;
  switch (id) {
    case abs_:
      return std::abs;
    case acos_:
      return std::acos;
    case acosh_:
      return std::acosh;
    case asin_:
      return std::asin;
    case asinh_:
      return std::asinh;
    case atan_:
      return std::atan;
    case atanh_:
      return std::atanh;
    case ceil_:
      return std::ceil;
    case cos_:
      return std::cos;
    case cosh_:
      return std::cosh;
    case deg_:
      return [](double value) { return value * 180 / std::numbers::pi; };
    case exp_:
      return std::exp;
    case floor_:
      return std::floor;
    case ln_:
      return std::log;
    case log10_:
      return std::log10;
    case log2_:
      return std::log2;
    case rad_:
      return [](double value) { return value * std::numbers::pi / 180; };
    case sgn_:
      return sign;
    case sin_:
      return std::sin;
    case sinh_:
      return std::sinh;
    case sqrt_:
      return std::sqrt;
    case tan_:
      return std::tan;
    case tanh_:
      return std::tanh;
    default:
      return nullptr;
  }
}

/// Each value by `change(value, step)`, names dropped.
template <class Change>
Result<Value> mapped(Value of, const Steps& steps, Change change) {
  ColumnSet out(steps.count);
  for (auto& column : of.columns) {
    for (std::size_t i = 0; i < steps.count; ++i) {
      if (!is_stale(column.values[i])) column.values[i] = change(column.values[i], i);
    }
    out.add(column.labels.without_name(), column.values);
  }
  of.columns = TRY(out.take());
  return of;
}

Result<Value> rounded(std::vector<Value> arguments, const Steps& steps) {
  std::vector<double> to = arguments.size() > 1 ? std::move(arguments[1].numbers)
                                                : std::vector<double>(steps.count, 1.0);
  // By the inverse, as Prometheus: less is lost for 0.1 and the like.
  return mapped(std::move(arguments[0]), steps, [&](double value, std::size_t i) {
    double inverse = 1.0 / to[i];
    return std::floor(value * inverse + 0.5) / inverse;
  });
}

Result<Value> clamped(std::vector<Value> arguments, FunctionId id, const Steps& steps) {
  auto& bounds = arguments[1].numbers;
  if (id == FunctionId::clamp_max_) {
    return mapped(std::move(arguments[0]), steps,
                  [&](double value, std::size_t i) { return smaller(bounds[i], value); });
  }
  if (id == FunctionId::clamp_min_) {
    return mapped(std::move(arguments[0]), steps,
                  [&](double value, std::size_t i) { return larger(bounds[i], value); });
  }
  auto& upper = arguments[2].numbers;
  return mapped(std::move(arguments[0]), steps, [&](double value, std::size_t i) {
    if (upper[i] < bounds[i]) return stale_marker;
    return larger(bounds[i], smaller(upper[i], value));
  });
}

Result<Value> dates(std::vector<Value> arguments, FunctionId id, const Steps& steps) {
  if (arguments.empty()) {
    Value now;
    now.columns.push_back({{}, std::vector<double>(steps.count)});
    for (std::size_t i = 0; i < steps.count; ++i) {
      now.columns[0].values[i] = static_cast<double>(steps.time(i)) / 1000;
    }
    arguments.push_back(std::move(now));
  }
  return mapped(std::move(arguments[0]), steps,
                [&](double value, std::size_t) { return date_part(id, value); });
}

/// For one moment only: what is asked over a range is sorted by labels.
Value sorted(Value of, bool descending, const Steps& steps) {
  if (steps.count != 1) return of;
  std::ranges::sort(of.columns, [&](const Column& x, const Column& y) {
    double a = x.values[0], b = y.values[0];
    if (std::isnan(a) != std::isnan(b)) return std::isnan(b);
    if (a == b || std::isnan(a)) return x.labels < y.labels;
    return descending ? a > b : a < b;
  });
  return of;
}

Value scalar_of(const Value& of, const Steps& steps) {
  Value out{Type::scalar, {}, std::vector<double>(steps.count, not_a_number), {}};
  for (std::size_t i = 0; i < steps.count; ++i) {
    std::size_t found = 0;
    for (auto& column : of.columns) {
      if (is_stale(column.values[i])) continue;
      out.numbers[i] = column.values[i];
      ++found;
    }
    if (found != 1) out.numbers[i] = not_a_number;
  }
  return out;
}

Value absent(const Call& call, const Value& of, const Steps& steps) {
  Column column{absent_labels(*call.arguments[0]), std::vector<double>(steps.count, 1)};
  for (auto& each : of.columns) {
    for (std::size_t i = 0; i < steps.count; ++i) {
      if (!is_stale(each.values[i])) column.values[i] = stale_marker;
    }
  }
  Value out;
  if (!column.empty()) out.columns.push_back(std::move(column));
  return out;
}

}  // namespace

Labels absent_labels(const Node& argument) {
  auto* selector = std::get_if<Selector>(&argument.body);
  if (!selector) return {};
  std::vector<Label> labels;
  std::set<std::string> unclear;
  for (auto& matcher : selector->matchers) {
    if (matcher.name() == metric_name) continue;
    auto same = [&](const Label& label) { return label.name == matcher.name(); };
    bool first = std::ranges::none_of(labels, same);
    if (matcher.kind() == Matcher::Kind::equal && first) {
      labels.push_back({matcher.name(), matcher.value()});
    } else {
      unclear.insert(matcher.name());
    }
  }
  std::erase_if(labels, [&](const Label& label) { return unclear.contains(label.name); });
  return Labels(std::move(labels));
}

Result<Value> apply_function(const Call& call, std::vector<Value> arguments, const Steps& steps) {
  using enum FunctionId;
  FunctionId id = call.function->id;
  if (auto* one = function_of_one(id)) {
    return mapped(std::move(arguments[0]), steps,
                  [one](double value, std::size_t) { return one(value); });
  }
  switch (id) {
    case time_: {
      Value out{Type::scalar, {}, std::vector<double>(steps.count), {}};
      for (std::size_t i = 0; i < steps.count; ++i) {
        out.numbers[i] = static_cast<double>(steps.time(i)) / 1000;
      }
      return out;
    }
    case pi_:
      return Value{Type::scalar, {}, std::vector<double>(steps.count, std::numbers::pi), {}};
    case vector_: {
      Value out;
      out.columns.push_back({{}, std::move(arguments[0].numbers)});
      return out;
    }
    case scalar_:
      return scalar_of(arguments[0], steps);
    case absent_:
      return absent(call, arguments[0], steps);
    case timestamp_:
      return mapped(std::move(arguments[0]), steps, [&](double, std::size_t i) {
        return static_cast<double>(steps.time(i)) / 1000;
      });
    case round_:
      return rounded(std::move(arguments), steps);
    case clamp_:
    case clamp_max_:
    case clamp_min_:
      return clamped(std::move(arguments), id, steps);
    case sort_:
    case sort_desc_:
      return sorted(std::move(arguments[0]), id == sort_desc_, steps);
    case label_replace_:
      return label_replace(std::move(arguments), steps);
    case label_join_:
      return label_join(std::move(arguments), steps);
    case histogram_quantile_:
      return histogram_quantile(std::move(arguments), steps);
    default:
      return dates(std::move(arguments), id, steps);
  }
}

}  // namespace berth::promql
