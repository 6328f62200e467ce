#include "http/date_field.h"

#include <fmt/format.h>

#include <chrono>

namespace berth::http {

void DateField::write() {
  using namespace std::chrono;
  constexpr std::string_view days_of_week[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  sys_time<nanoseconds> point{nanoseconds(clock_.wall().nanoseconds)};
  auto second = floor<seconds>(point);
  auto day = floor<days>(second);
  year_month_day date(day);
  hh_mm_ss time(second - day);
  // A year has four digits, as the grammar has it.
  int year = int(date.year()) % 10'000;
  fmt::format_to_n(text_.data(), text_.size(), "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                   days_of_week[weekday(day).c_encoding()], unsigned(date.day()),
                   months[unsigned(date.month()) - 1], year, time.hours().count(),
                   time.minutes().count(), time.seconds().count());
  good_until_ = clock_.now() + (second + 1s - point);
}

}  // namespace berth::http
