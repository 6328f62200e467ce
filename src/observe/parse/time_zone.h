#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace berth::observe {

/// Days since 1970-01-01 of a day of the Gregorian calendar.
std::int64_t days_of(std::int64_t year, unsigned month, unsigned day);
/// The year that a day since 1970-01-01 lies in.
std::int64_t year_of(std::int64_t days);

/// A zone's offsets from UTC, from the time zone database's compiled files (TZif, RFC 9636), or one
/// fixed offset. Behind the last change in the file (2037 in Debian's) the last offset stays: rules
/// in its footer are not read. A plain value.
class TimeZone {
 public:
  TimeZone() = default;  // UTC
  static TimeZone fixed(std::int32_t seconds_east) { return TimeZone(seconds_east); }
  /// The content of a file such as /usr/share/zoneinfo/Europe/Berlin; invalid if it is none.
  static Result<TimeZone> parse(std::string_view tzif);

  /// Seconds east of UTC at that second since 1970 (UTC).
  std::int32_t offset_at(std::int64_t utc_seconds) const;
  /// The second since 1970 at which the zone's clocks show `local` (seconds since 1970 as if it
  /// were UTC). Where they show it twice the first time, where never (they were put forward) as
  /// if they had not been.
  std::int64_t utc_of(std::int64_t local) const;

 private:
  explicit TimeZone(std::int32_t offset) : before_(offset) {}
  struct Change {
    std::int64_t at;
    std::int32_t offset;
  };

  std::int32_t before_ = 0;  // the first change
  std::vector<Change> changes_;
};

}  // namespace berth::observe
