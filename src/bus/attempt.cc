#include "bus/attempt.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <tuple>

#include "base/strings.h"
#include "base/units.h"

namespace berth::bus {
namespace {

constexpr Duration retry_after_most = 1h;
constexpr std::size_t answer_bytes_max = 64 << 10;
constexpr Duration answer_body_timeout = 5s;

http::Request request_of(const Delivery& delivery, std::uint32_t number) {
  http::Request request;
  request.method = "POST";
  request.target = delivery.path;
  request.host = delivery.service;
  request.headers = {{"content-type", delivery.content_type},
                     {"Berth-Message-Id", delivery.message},
                     {"Berth-Delivery-Id", delivery.id},
                     {"Berth-Attempt", std::to_string(number)},
                     {"Berth-Topic", delivery.topic}};
  request.body = http::Body(delivery.body);
  return request;
}

/// "Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate, RFC 9110 section 5.6.7).
std::optional<WallTime> parse_http_date(std::string_view text) {
  static constexpr std::array<std::string_view, 12> months = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || !text.ends_with(" GMT") || text[19] != ':' || text[22] != ':') return {};
  auto month = std::ranges::find(months, text.substr(8, 3));
  auto day = parse_integer<int>(text.substr(5, 2), 1, 31);
  auto year = parse_integer<int>(text.substr(12, 4), 1970, 9999);
  auto hour = parse_integer<int>(text.substr(17, 2), 0, 23);
  auto minute = parse_integer<int>(text.substr(20, 2), 0, 59);
  auto second = parse_integer<int>(text.substr(23, 2), 0, 60);
  if (month == months.end() || !day.ok() || !year.ok() || !hour.ok() || !minute.ok() ||
      !second.ok()) {
    return {};
  }
  std::chrono::year_month_day date{std::chrono::year(*year),
                                   std::chrono::month(month - months.begin() + 1),
                                   std::chrono::day(*day)};
  if (!date.ok()) return {};
  auto days = std::chrono::sys_days(date).time_since_epoch().count();
  std::int64_t seconds = ((days * 24L + *hour) * 60 + *minute) * 60 + *second;
  if (seconds > std::int64_t{9'000'000'000}) return {};
  return WallTime{seconds * 1'000'000'000};
}

Outcome outcome_of(const http::Response& response, WallTime now) {
  Outcome outcome;
  int status = response.status();
  if (response.good()) {
    outcome.kind = Outcome::Kind::acknowledged;
  } else if (status == 410) {
    outcome.kind = Outcome::Kind::refused;
  }
  outcome.why = "answered " + std::to_string(status);
  outcome.wait_least = retry_after(response.headers().value("retry-after"), now).value_or(0s);
  return outcome;
}

}  // namespace

Deferred<Outcome> attempt(http::Client& client, Clock& clock, Address to, const Delivery& delivery,
                          std::uint32_t number, Duration timeout) {
  auto sent = co_await client.send(std::move(to), request_of(delivery, number), timeout).result();
  if (sent.ok()) {
    Outcome outcome = outcome_of(*sent, clock.wall());
    // Read to its end only so that the connection can be used again.
    std::ignore =
        co_await with_timeout(clock, answer_body_timeout, sent->text(answer_bytes_max)).result();
    co_return outcome;
  }
  if (sent.error().is(Code::cancelled)) co_return std::move(sent).error();
  std::string why = sent.error().is(Code::timed_out)
                        ? "no answer within " + format_duration(timeout)
                        : sent.error().text();
  co_return Outcome{Outcome::Kind::failed, std::move(why), 0s};
}

Duration back_off(Duration first, Duration most, std::uint32_t number, Random& random) {
  double doubled = static_cast<double>(first.count()) *
                   std::exp2(static_cast<double>(std::min<std::uint32_t>(number, 64)) - 1);
  double bounded = std::min(doubled, static_cast<double>(most.count()));
  return Duration(static_cast<std::int64_t>(bounded * (0.5 + random.unit())));
}

std::optional<Duration> retry_after(std::string_view value, WallTime now) {
  value = trim(value);
  Duration wait{};
  if (auto seconds = parse_integer<std::int64_t>(value, 0, 1'000'000'000); seconds.ok()) {
    wait = std::chrono::seconds(*seconds);
  } else if (auto date = parse_http_date(value)) {
    wait = *date - now;
  } else {
    return std::nullopt;
  }
  return std::clamp(wait, Duration(0), retry_after_most);
}

}  // namespace berth::bus
