#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "observe/streams/functions.h"

// One event of many (riemann folds.clj). The strict ones fail where an event is missing or has no
// metric; the others do what they can, and give nothing of nothing.

namespace berth::observe::streams {

/// By its name: sum, product, difference, quotient, and these with a * behind them (strict),
/// quotient_sloppy, mean, median, mode, minimum, maximum, std_dev, count. Nothing if there is none.
std::optional<Fold> fold_called(std::string_view name);
/// sum, product, mean, median, minimum, maximum, std_dev, count, over numbers.
std::optional<NumberFold> number_fold_called(std::string_view name);
const std::vector<std::string>& fold_names();
const std::vector<std::string>& number_fold_names();

/// An event with its metric, in the order of metrics and then as they came; what is not a number
/// has a place in it too.
struct Ranked {
  double metric;
  std::size_t place;
  const Event* event;

  bool operator<(const Ranked& other) const {
    auto order = std::strong_order(metric, other.metric);
    return order < 0 || (order == 0 && place < other.place);
  }
};
/// Those with a metric, sorted.
void rank(Batch events, std::vector<Ranked>& out);

/// The place of a point from 0 to 1 among `count` sorted ones: floor(count * point), at most the
/// last (folds.clj, sorted-sample-extract).
std::size_t sample_place(std::size_t count, double point);
/// The events at the points, by metric, with their suffixes behind the service (sorted-sample).
std::vector<Event> sorted_sample(Batch events, const Points& points);
/// The events whose metrics are the most frequent ones (modes).
std::vector<Event> modes(Batch events);

}  // namespace berth::observe::streams
