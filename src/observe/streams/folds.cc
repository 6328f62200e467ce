#include "observe/streams/folds.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace berth::observe::streams {
namespace {

const Event* first_of(Batch events) {
  auto found = std::ranges::find_if(events, [](auto* event) { return event != nullptr; });
  return found == events.end() ? nullptr : *found;
}

template <class F>
void each_metric(Batch events, F visit) {
  for (auto* event : events) {
    if (event && event->metric) visit(*event->metric);
  }
}

std::size_t metrics_in(Batch events) {
  std::size_t count = 0;
  each_metric(events, [&](double) { ++count; });
  return count;
}

std::vector<Ranked> ranked(Batch events) {
  std::vector<Ranked> out;
  rank(events, out);
  return out;
}

bool give(const Event& event, std::optional<double> metric, Event& out) {
  out = event;
  out.metric = metric;
  return true;
}

using Combine = double (*)(double, double);
double plus(double a, double b) { return a + b; }
double times(double a, double b) { return a * b; }
double minus(double a, double b) { return a - b; }
double divide(double a, double b) { return a / b; }

/// fold*: an error where an event or a metric is missing.
Result<bool> strict(Combine combine, bool divides, Batch events, Event& out) {
  double sum = 0;
  bool first = true;
  for (auto* event : events) {
    if (!event || !event->metric) {
      return Error(Code::invalid, "an event or metric is missing in a strict fold");
    }
    if (divides && !first && *event->metric == 0) {
      return Error(Code::invalid, "quotient* was to divide by zero");
    }
    sum = first ? *event->metric : combine(sum, *event->metric);
    first = false;
  }
  return !first && give(*events.front(), sum, out);
}

/// fold: without what is missing.
bool friendly(Combine combine, double of_none, Batch events, Event& out) {
  const Event* event = first_of(events);
  if (!event) return false;
  std::optional<double> sum;
  each_metric(events, [&](double m) { sum = sum ? combine(*sum, m) : m; });
  return give(*event, sum.value_or(of_none), out);
}

/// fold-all: the first event is the one that counts; where others are missing it says so.
bool all_or_none(Combine combine, bool divides, Batch events, Event& out) {
  if (events.empty() || !events.front()) return false;
  std::optional<double> sum;
  for (auto* event : events) {
    bool missing = !event || !event->metric;
    if (missing || (divides && sum && *event->metric == 0)) {
      give(*events.front(), std::nullopt, out);
      out.description = missing ? "An event or metric was nil." : "Can't divide by zero";
      return true;
    }
    sum = sum ? combine(*sum, *event->metric) : *event->metric;
  }
  return give(*events.front(), sum, out);
}

bool quotient_sloppy(Batch events, Event& out) {
  if (events.empty() || !events.front()) return false;
  bool zero = false;
  each_metric(events, [&](double m) { zero = zero || m == 0; });
  if (zero) return give(*events.front(), 0, out);
  return all_or_none(divide, true, events, out);
}

bool mean(Batch events, Event& out) {
  std::size_t count = metrics_in(events);
  if (count == 0) return false;
  double sum = 0;
  each_metric(events, [&](double m) { sum += m; });
  return give(*first_of(events), sum / static_cast<double>(count), out);
}

bool std_dev(Batch events, Event& out) {
  std::size_t count = metrics_in(events);
  if (count == 0) return false;
  double sum = 0, squares = 0;
  each_metric(events, [&](double m) { sum += m; });
  double middle = sum / static_cast<double>(count);
  each_metric(events, [&](double m) { squares += (m - middle) * (m - middle); });
  return give(*first_of(events), std::sqrt(squares / static_cast<double>(count)), out);
}

bool count(Batch events, Event& out) {
  const Event* event = first_of(events);
  if (!event) {
    clear(out);
    out.metric = 0;
    return true;
  }
  auto there = std::ranges::count_if(events, [](auto* each) { return each != nullptr; });
  return give(*event, static_cast<double>(there), out);
}

bool median(Batch events, Event& out) {
  auto sorted = ranked(events);
  if (sorted.empty()) return false;
  out = *sorted[sample_place(sorted.size(), 0.5)].event;
  return true;
}

/// The last of the smallest, or of the greatest, as Riemann's <= and >= choose.
bool extremum(bool least, Batch events, Event& out) {
  const Event* best = nullptr;
  for (auto* event : events) {
    if (!event || !event->metric) continue;
    bool better =
        !best || (least ? *event->metric <= *best->metric : *event->metric >= *best->metric);
    if (better) best = event;
  }
  if (best) out = *best;
  return best != nullptr;
}

bool mode(Batch events, Event& out) {
  auto all = modes(events);
  if (!all.empty()) out = all.front();
  return !all.empty();
}

using Apply = std::function<Result<bool>(Batch, Event&)>;
const std::map<std::string, Apply, std::less<>>& folds() {
  static const std::map<std::string, Apply, std::less<>> all = {
      {"sum", [](Batch b, Event& out) { return friendly(plus, 0, b, out); }},
      {"product", [](Batch b, Event& out) { return friendly(times, 1, b, out); }},
      {"difference", [](Batch b, Event& out) { return all_or_none(minus, false, b, out); }},
      {"quotient", [](Batch b, Event& out) { return all_or_none(divide, true, b, out); }},
      {"sum*", [](Batch b, Event& out) { return strict(plus, false, b, out); }},
      {"product*", [](Batch b, Event& out) { return strict(times, false, b, out); }},
      {"difference*", [](Batch b, Event& out) { return strict(minus, false, b, out); }},
      {"quotient*", [](Batch b, Event& out) { return strict(divide, true, b, out); }},
      {"quotient_sloppy", quotient_sloppy},
      {"mean", mean},
      {"median", median},
      {"mode", mode},
      {"minimum", [](Batch b, Event& out) { return extremum(true, b, out); }},
      {"maximum", [](Batch b, Event& out) { return extremum(false, b, out); }},
      {"std_dev", std_dev},
      {"count", count},
  };
  return all;
}

using Numbers = std::span<const double>;
double sum_of(Numbers n) { return std::accumulate(n.begin(), n.end(), 0.0); }
double mean_of(Numbers n) { return sum_of(n) / static_cast<double>(n.size()); }
double median_of(Numbers n) {
  std::vector<double> sorted(n.begin(), n.end());
  std::ranges::sort(sorted, [](double a, double b) { return std::strong_order(a, b) < 0; });
  return sorted[sample_place(sorted.size(), 0.5)];
}
double deviation_of(Numbers n) {
  double middle = mean_of(n), squares = 0;
  for (double each : n) squares += (each - middle) * (each - middle);
  return std::sqrt(squares / static_cast<double>(n.size()));
}

using ApplyNumbers = std::function<double(Numbers)>;
const std::map<std::string, ApplyNumbers, std::less<>>& number_folds() {
  static const std::map<std::string, ApplyNumbers, std::less<>> all = {
      {"sum", sum_of},
      {"product",
       [](Numbers n) { return std::accumulate(n.begin(), n.end(), 1.0, std::multiplies<>()); }},
      {"mean", mean_of},
      {"median", median_of},
      {"minimum", [](Numbers n) { return std::ranges::min(n); }},
      {"maximum", [](Numbers n) { return std::ranges::max(n); }},
      {"std_dev", deviation_of},
      {"count", [](Numbers n) { return static_cast<double>(n.size()); }},
  };
  return all;
}

template <class Map>
std::vector<std::string> names_of(const Map& map) {
  std::vector<std::string> out;
  for (auto& [name, apply] : map) out.push_back(name);
  return out;
}

}  // namespace

std::optional<Fold> fold_called(std::string_view name) {
  auto found = folds().find(name);
  if (found == folds().end()) return std::nullopt;
  return Fold{found->first, found->second};
}

std::optional<NumberFold> number_fold_called(std::string_view name) {
  auto found = number_folds().find(name);
  if (found == number_folds().end()) return std::nullopt;
  return NumberFold{found->first, found->second};
}

const std::vector<std::string>& fold_names() {
  static const std::vector<std::string> names = names_of(folds());
  return names;
}

const std::vector<std::string>& number_fold_names() {
  static const std::vector<std::string> names = names_of(number_folds());
  return names;
}

void rank(Batch events, std::vector<Ranked>& out) {
  out.clear();
  for (auto* event : events) {
    if (event && event->metric) out.push_back({*event->metric, out.size(), event});
  }
  std::sort(out.begin(), out.end());
}

std::size_t sample_place(std::size_t count, double point) {
  double place = std::floor(static_cast<double>(count) * std::clamp(point, 0.0, 1.0));
  return std::min(count - 1, static_cast<std::size_t>(place));
}

std::vector<Event> sorted_sample(Batch events, const Points& points) {
  auto sorted = ranked(events);
  std::vector<Event> out;
  if (sorted.empty()) return out;
  for (auto& point : points) {
    out.push_back(*sorted[sample_place(sorted.size(), point.at)].event);
    out.back().service += point.suffix;
  }
  return out;
}

std::vector<Event> modes(Batch events) {
  std::map<double, std::pair<std::size_t, const Event*>> counts;
  std::size_t most = 0;
  for (auto* event : events) {
    if (!event || !event->metric || std::isnan(*event->metric)) continue;
    auto& [seen, last] = counts[*event->metric];
    last = event;
    most = std::max(most, ++seen);
  }
  std::vector<Event> out;
  for (auto& [metric, each] : counts) {
    if (each.first == most) out.push_back(*each.second);
  }
  return out;
}

}  // namespace berth::observe::streams
