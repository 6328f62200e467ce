#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace berth {

/// Lengths of time everywhere; text like "250ms" or "1h30m" is read by base/units.h.
using Duration = std::chrono::nanoseconds;
using namespace std::chrono_literals;

namespace detail {
/// A point on one of the two time lines; the tag keeps them apart.
template <class Tag>
struct TimePoint {
  std::int64_t nanoseconds = 0;

  auto operator<=>(const TimePoint&) const = default;
  friend TimePoint operator+(TimePoint t, Duration d) { return {t.nanoseconds + d.count()}; }
  friend TimePoint operator-(TimePoint t, Duration d) { return {t.nanoseconds - d.count()}; }
  friend Duration operator-(TimePoint a, TimePoint b) {
    return Duration(a.nanoseconds - b.nanoseconds);
  }
};
}  // namespace detail

/// For measuring and for deadlines: never goes back, means nothing outside this host's uptime.
using MonotonicTime = detail::TimePoint<struct MonotonicTag>;
/// For people and for records that cross hosts: nanoseconds since 1970-01-01T00:00:00Z; may jump.
using WallTime = detail::TimePoint<struct WallTag>;

/// With its parts, for people and for formats that want it so.
constexpr double seconds_of(Duration d) { return static_cast<double>(d.count()) / 1e9; }

}  // namespace berth
