#include "base/timestamp.h"

#include <fmt/format.h>

namespace berth {

std::string write_timestamp(WallTime time) {
  using namespace std::chrono;
  sys_time<nanoseconds> point{nanoseconds(time.nanoseconds)};
  auto day = floor<days>(point);
  year_month_day date(day);
  hh_mm_ss clock(floor<microseconds>(point - day));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", int(date.year()),
                     unsigned(date.month()), unsigned(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

}  // namespace berth
