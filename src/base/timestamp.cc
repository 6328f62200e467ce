#include "base/timestamp.h"

#include <fmt/format.h>

namespace berth {

std::string write_timestamp(WallTime time, int decimals) {
  using namespace std::chrono;
  sys_time<nanoseconds> point{nanoseconds(time.nanoseconds)};
  auto day = floor<days>(point);
  year_month_day date(day);
  hh_mm_ss clock(point - day);
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}", int(date.year()),
                  unsigned(date.month()), unsigned(date.day()), clock.hours().count(),
                  clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
  text.resize(text.size() - static_cast<std::size_t>(decimals > 0 ? 9 - decimals : 10));
  return text + "Z";
}

}  // namespace berth
