#include <chrono>
#include <cmath>
#include <limits>

#include "observe/promql/vector_functions.h"

namespace berth::promql {

double date_part(FunctionId id, double seconds) {
  using namespace std::chrono;
  // Years that the calendar has; others are no date.
  if (!(std::abs(seconds) < 9e11)) return std::numeric_limits<double>::quiet_NaN();
  sys_seconds time{std::chrono::seconds(static_cast<std::int64_t>(seconds))};
  auto day = floor<days>(time);
  year_month_day date(day);
  hh_mm_ss clock(time - day);
  using enum FunctionId;
  switch (id) {
    case year_:
      return static_cast<int>(date.year());
    case month_:
      return static_cast<unsigned>(date.month());
    case day_of_month_:
      return static_cast<unsigned>(date.day());
    case day_of_week_:
      return weekday(day).c_encoding();
    case day_of_year_:
      return static_cast<double>((day - sys_days(date.year() / January / 1)).count() + 1);
    case days_in_month_:
      return static_cast<unsigned>((date.year() / date.month() / last).day());
    case hour_:
      return static_cast<double>(clock.hours().count());
    case minute_:
      return static_cast<double>(clock.minutes().count());
    default:
      return std::numeric_limits<double>::quiet_NaN();
  }
}

}  // namespace berth::promql
