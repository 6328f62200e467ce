#include "proxy/answers/cache_control.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proxy/answers/http_date.h"

namespace berth::proxy {
namespace {

std::vector<std::string> read(std::string_view field) {
  std::vector<std::string> all;
  for (DirectiveCursor cursor(field); cursor.next();) {
    std::string one(cursor.name());
    if (cursor.has_value()) one.append("=").append(cursor.value());
    all.push_back(std::move(one));
  }
  return all;
}

TEST(CacheControl, directives_are_read_one_after_another) {
  using All = std::vector<std::string>;
  EXPECT_EQ(read("no-cache"), All{"no-cache"});
  EXPECT_EQ(read(" max-age=60 ,\tpublic"), (All{"max-age=60", "public"}));
  EXPECT_EQ(read("private=\"a, b\", x"), (All{"private=a, b", "x"}));
  EXPECT_EQ(read("x=\"a\\\", no-store\", y"), (All{"x=a\\\", no-store", "y"}));
  EXPECT_EQ(read(",,a,,b=,"), (All{"a", "b="}));
  EXPECT_EQ(read("a b, =5, c"), All{"c"}) << "what is no directive is passed over";
  EXPECT_EQ(read("private=\"never ends, public"), All{"private=never ends, public"});
  EXPECT_EQ(read(""), All{});
}

TEST(CacheControl, seconds_are_digits_and_stop_at_2_to_the_31) {
  EXPECT_EQ(parse_delta_seconds("0"), 0s);
  EXPECT_EQ(parse_delta_seconds("0060"), 60s);
  EXPECT_EQ(parse_delta_seconds("99999999999999999999999"), std::chrono::seconds(1u << 31));
  for (const char* none : {"", "-1", "+1", "1.5", " 1", "1s"})
    EXPECT_EQ(parse_delta_seconds(none), std::nullopt) << none;
}

TEST(CacheControl, an_answer_is_read_carefully) {
  http::Headers headers;
  headers.add_view("Cache-Control", "max-age=ten, s-maxage=5, Max-Age=7");
  headers.add_view("cache-control", "MUST-REVALIDATE, stale-if-error=x, no-cache=\"a\"");
  auto says = answer_directives(headers);
  EXPECT_TRUE(says.said);
  EXPECT_EQ(says.max_age, Duration(0)) << "what cannot be read gives no time";
  EXPECT_EQ(says.s_maxage, 5s);
  EXPECT_TRUE(says.must_revalidate);
  EXPECT_TRUE(says.no_cache);
  EXPECT_FALSE(says.stale_if_error);
  EXPECT_FALSE(says.no_store);
}

TEST(CacheControl, a_request_is_too) {
  http::Headers headers;
  headers.add_view("Cache-Control", "max-stale, min-fresh=5, only-if-cached, no-store");
  auto asks = request_directives(headers);
  EXPECT_EQ(asks.max_stale, Duration::max());
  EXPECT_EQ(asks.min_fresh, 5s);
  EXPECT_TRUE(asks.only_if_cached);
  EXPECT_TRUE(asks.no_store);
  EXPECT_FALSE(asks.no_cache);
  EXPECT_FALSE(asks.max_age);
}

TEST(HttpDate, has_three_forms) {
  constexpr WallTime then{784'111'777'000'000'000};
  constexpr WallTime now{1'700'000'000'000'000'000};  // in 2023
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", now), then);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now), then);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994", now), then);
  EXPECT_TRUE(parse_http_date("Sun Nov 16 08:49:37 1994", now));
  std::string written;
  append_http_date(written, then);
  EXPECT_EQ(written, "Sun, 06 Nov 1994 08:49:37 GMT");
  auto later = parse_http_date("Tuesday, 06-Nov-70 08:49:37 GMT", now);
  ASSERT_TRUE(later);
  EXPECT_GT(*later, now) << "2070 is less than 50 years away";
  for (const char* none : {"", "0", "now", "Sun, 31 Feb 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 06 Nov 1994 08:49:37 CET",
                           "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT"})
    EXPECT_FALSE(parse_http_date(none, now)) << none;
}

}  // namespace
}  // namespace berth::proxy
