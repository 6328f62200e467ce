#include "observe/promql/range_functions.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace berth::promql {
namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

double seconds(std::int64_t milliseconds) { return static_cast<double>(milliseconds) / 1000; }

/// rate, increase and delta: the difference between the last and the first sample, resets of
/// counters added, extended to the window's bounds where samples come close to them.
double extrapolated(const Window& window, bool counter, bool per_second) {
  auto samples = window.samples;
  if (samples.size() < 2) return stale_marker;
  const Sample& first = samples.front();
  const Sample& last = samples.back();
  double change = last.value - first.value;
  if (counter) {
    for (std::size_t i = 1; i < samples.size(); ++i) {
      if (samples[i].value < samples[i - 1].value) change += samples[i - 1].value;
    }
  }
  double to_start = seconds(first.time - window.begin);
  double to_end = seconds(window.end - last.time);
  double covered = seconds(last.time - first.time);
  double apart = covered / static_cast<double>(samples.size() - 1);
  if (counter && change > 0 && first.value >= 0) {
    // Counters are not negative: it began where its line meets zero at the earliest.
    to_start = std::min(to_start, covered * (first.value / change));
  }
  double near = apart * 1.1;
  double extended = covered;
  extended += to_start < near ? to_start : apart / 2;
  extended += to_end < near ? to_end : apart / 2;
  double factor = extended / covered;
  if (per_second) factor /= seconds(window.end - window.begin);
  return change * factor;
}

/// irate and idelta: the last two samples.
double instant(const Window& window, bool rate) {
  auto samples = window.samples;
  if (samples.size() < 2) return stale_marker;
  const Sample& last = samples[samples.size() - 1];
  const Sample& before = samples[samples.size() - 2];
  double change = rate && last.value < before.value ? last.value : last.value - before.value;
  if (last.time == before.time) return stale_marker;
  return rate ? change / seconds(last.time - before.time) : change;
}

struct Line {
  double slope;
  double intercept;
};

/// Least squares, with x in seconds from `zero`.
Line regression(std::span<const Sample> samples, std::int64_t zero) {
  ExactSum x, y, xy, xx;
  bool constant = true;
  for (auto& sample : samples) {
    double at = seconds(sample.time - zero);
    constant &= sample.value == samples.front().value;
    x.add(at);
    y.add(sample.value);
    xy.add(at * sample.value);
    xx.add(at * at);
  }
  if (constant) {
    if (std::isinf(samples.front().value)) return {not_a_number, not_a_number};
    return {0, samples.front().value};
  }
  auto n = static_cast<double>(samples.size());
  double sum_x = x.sum + x.lost, sum_y = y.sum + y.lost;
  double covariance = (xy.sum + xy.lost) - sum_x * sum_y / n;
  double variance = (xx.sum + xx.lost) - sum_x * sum_x / n;
  double slope = covariance / variance;
  return {slope, sum_y / n - slope * sum_x / n};
}

double mean(std::span<const Sample> samples) {
  ExactSum mean;
  double count = 0;
  for (auto& sample : samples) {
    ++count;
    if (std::isinf(mean.sum)) {
      // Infinite it stays, unless the other infinity or no number comes.
      bool same = std::isinf(sample.value) && (mean.sum > 0) == (sample.value > 0);
      if (same || std::isfinite(sample.value)) continue;
    }
    mean.add(sample.value / count - mean.sum / count);
  }
  return mean.total();
}

double variance(std::span<const Sample> samples) {
  ExactSum mean, squares;
  double count = 0;
  for (auto& sample : samples) {
    ++count;
    double delta = sample.value - (mean.sum + mean.lost);
    mean.add(delta / count);
    squares.add(delta * (sample.value - (mean.sum + mean.lost)));
  }
  return (squares.sum + squares.lost) / count;
}

double sum(std::span<const Sample> samples) {
  ExactSum sum;
  for (auto& sample : samples) sum.add(sample.value);
  return sum.total();
}

/// A number beats none; of none but those, none.
template <class Better>
double best(std::span<const Sample> samples, Better better) {
  double found = samples.front().value;
  for (auto& sample : samples) {
    if (std::isnan(found) || better(sample.value, found)) found = sample.value;
  }
  return found;
}

double resets(std::span<const Sample> samples) {
  int count = 0;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    count += samples[i].value < samples[i - 1].value;
  }
  return count;
}

double changes(std::span<const Sample> samples) {
  int count = 0;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    double before = samples[i - 1].value, now = samples[i].value;
    count += now != before && !(std::isnan(now) && std::isnan(before));
  }
  return count;
}

double quantile_over(std::span<const Sample> samples, double q) {
  std::vector<double> values;
  values.reserve(samples.size());
  for (auto& sample : samples) values.push_back(sample.value);
  return quantile_of(q, values);
}

/// Double exponential smoothing with factors of level and of trend.
double holt_winters(std::span<const Sample> samples, double level, double trend) {
  if (samples.size() < 2) return stale_marker;
  double before = 0, now = samples[0].value, slope = samples[1].value - samples[0].value;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    if (i > 1) slope = trend * (now - before) + (1 - trend) * slope;
    double next = level * samples[i].value + (1 - level) * (now + slope);
    before = std::exchange(now, next);
  }
  return now;
}

}  // namespace

void ExactSum::add(double value) {
  double next = sum + value;
  if (std::abs(sum) >= std::abs(value)) {
    lost += (sum - next) + value;
  } else {
    lost += (value - next) + sum;
  }
  sum = next;
}

double ExactSum::total() const { return std::isinf(sum) ? sum : sum + lost; }

double quantile_of(double q, std::span<double> values) {
  if (values.empty() || std::isnan(q)) return not_a_number;
  if (q < 0) return -infinity;
  if (q > 1) return infinity;
  std::ranges::sort(values, [](double a, double b) {
    return std::isnan(a) ? !std::isnan(b) : a < b;  // no number first
  });
  auto last = static_cast<double>(values.size() - 1);
  double rank = q * last;
  double low = std::max(0.0, std::floor(rank));
  double high = std::min(last, low + 1);
  double weight = rank - std::floor(rank);
  return values[static_cast<std::size_t>(low)] * (1 - weight) +
         values[static_cast<std::size_t>(high)] * weight;
}

double fold_window(FunctionId id, const Window& window, double a, double b) {
  auto samples = window.samples;
  using enum FunctionId;
  switch (id) {
    case rate_:
      return extrapolated(window, true, true);
    case increase_:
      return extrapolated(window, true, false);
    case delta_:
      return extrapolated(window, false, false);
    case irate_:
      return instant(window, true);
    case idelta_:
      return instant(window, false);
    case deriv_:
      return samples.size() < 2 ? stale_marker : regression(samples, samples.front().time).slope;
    case predict_linear_: {
      if (samples.size() < 2) return stale_marker;
      Line line = regression(samples, window.now);
      return line.slope * a + line.intercept;
    }
    case avg_over_time_:
      return mean(samples);
    case min_over_time_:
      return best(samples, std::less<>());
    case max_over_time_:
      return best(samples, std::greater<>());
    case sum_over_time_:
      return sum(samples);
    case count_over_time_:
      return static_cast<double>(samples.size());
    case quantile_over_time_:
      return quantile_over(samples, a);
    case stdvar_over_time_:
      return variance(samples);
    case stddev_over_time_:
      return std::sqrt(variance(samples));
    case last_over_time_:
      return samples.back().value;
    case present_over_time_:
    case absent_over_time_:
      return 1;
    case resets_:
      return resets(samples);
    case changes_:
      return changes(samples);
    case holt_winters_:
      return holt_winters(samples, a, b);
    default:
      return stale_marker;
  }
}

}  // namespace berth::promql
