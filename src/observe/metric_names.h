#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "observe/promql/labels.h"

namespace berth::observe {

/// What Berth counts, by its short name, with its labels: latency{path="/users/:id",
/// service="users"}. A name that is none of Berth's own is a Riemann service's.
struct SeriesKey {
  std::string name;
  std::map<std::string, std::string, std::less<>> labels;

  /// As above, labels in order of their names: equal texts are equal keys.
  std::string text() const;
  std::string_view label(std::string_view name) const;
};

enum class SeriesKind : std::uint8_t {
  counter,       // grows by what was counted
  gauge,         // a reading: the later one stands
  distribution,  // of what was recorded: merged, so that percentiles stay right
};

/// One of the names that Berth counts by itself: as it is called here and on the console, and as
/// Prometheus calls it, under which it is kept.
struct MetricName {
  std::string_view short_name;
  std::string_view name;
  SeriesKind kind;
  std::size_t labels;  // how many it has: others may write series of that name, with more
  std::string_view unit;
  double scale;  // of what is recorded, in that unit
  std::string_view help;
};

std::span<const MetricName> metric_names();
/// Null if it is none of Berth's own.
const MetricName* find_metric(std::string_view short_name);
const MetricName* find_metric_called(std::string_view name);

/// A Riemann service's name as a metric's name: what may not stand there becomes '_'.
std::string metric_name_of(std::string_view name);
/// Labels of a name that may be anything (dots, blanks): a valid one, and what it was in the label
/// `berth_name`.
promql::Labels labels_of_name(std::string_view name, std::vector<promql::Label> labels);

}  // namespace berth::observe
