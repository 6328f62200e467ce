#include "http/cookie.h"

#include <gtest/gtest.h>

#include "base/timestamp.h"
#include "http/cookie_jar.h"

namespace berth::http {
namespace {

constexpr WallTime now{1'800'000'000'000'000'000};  // 2027-01-15T08:00:00Z

std::string date(std::string_view text) {
  auto read = parse_cookie_date(text);
  return read ? write_timestamp(*read).substr(0, 19) : "none";
}

TEST(Cookie, reads_dates_in_the_forms_that_servers_write) {
  for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994", "06 nov 1994 8:49:37",
                           "6 94 november 08:49:37 x", "Sun, 06-NOV-1994 08:49:37 GMT+00:00"}) {
    EXPECT_EQ(date(text), "1994-11-06T08:49:37") << text;
  }
  EXPECT_EQ(date("1 jan 69 0:0:0"), "2069-01-01T00:00:00");
  EXPECT_EQ(date("1 jan 70 0:0:0"), "1970-01-01T00:00:00");
  for (const char* text : {"", "Sun, 06 Nov 1994", "06 Nov 1994 24:00:00", "31 Feb 1994 00:00:00",
                           "06 Nov 1600 00:00:00", "06 Nov 1994 08:49", "6 Nov 12345 08:49:37"}) {
    EXPECT_EQ(date(text), "none") << text;
  }
  EXPECT_LT(parse_cookie_date("1 jan 1601 0:0:0")->nanoseconds, 0);
}

TEST(Cookie, reads_name_value_and_attributes) {
  auto cookie = parse_set_cookie(
      " id = a=b ; Domain=.Example.COM; path=/x; max-age=60; SECURE; HttpOnly ; what=ever");
  ASSERT_TRUE(cookie);
  EXPECT_EQ(cookie->name, "id");
  EXPECT_EQ(cookie->value, "a=b");
  EXPECT_EQ(cookie->domain, "example.com");
  EXPECT_EQ(cookie->path, "/x");
  EXPECT_EQ(cookie->lifetime, Duration(60s));
  EXPECT_TRUE(cookie->secure && cookie->http_only);
  EXPECT_EQ(parse_set_cookie("a=")->value, "");
  EXPECT_EQ(parse_set_cookie("a=b; path=x; max-age=1x; expires=never")->path, "");
  EXPECT_EQ(parse_set_cookie("a=b; max-age=-5")->lifetime, Duration(0s));
  EXPECT_GT(*parse_set_cookie("a=b; max-age=99999999999999999999")->lifetime, 24h * 365 * 99);
}

TEST(Cookie, ignores_fields_without_a_name_with_control_characters_or_too_long) {
  for (std::string field : {"", "a", "=b", "; a=b", "a=b\x01", "a=b\x7f; path=/"}) {
    EXPECT_FALSE(parse_set_cookie(field)) << field;
  }
  EXPECT_TRUE(parse_set_cookie("a=" + std::string(4095, 'x')));
  EXPECT_FALSE(parse_set_cookie("a=" + std::string(4096, 'x')));
}

TEST(Cookie, matches_domains_and_paths) {
  EXPECT_TRUE(domain_matches("example.com", "example.com"));
  EXPECT_TRUE(domain_matches("a.b.example.com", "example.com"));
  EXPECT_FALSE(domain_matches("badexample.com", "example.com"));
  EXPECT_FALSE(domain_matches("example.com", "a.example.com"));
  EXPECT_FALSE(domain_matches("10.0.0.1", "0.0.1"));
  EXPECT_TRUE(path_matches("/a/b", "/a"));
  EXPECT_TRUE(path_matches("/a", "/a"));
  EXPECT_TRUE(path_matches("/a/", "/a/"));
  EXPECT_FALSE(path_matches("/ab", "/a"));
  EXPECT_FALSE(path_matches("/", "/a"));
  EXPECT_EQ(default_cookie_path("/"), "/");
  EXPECT_EQ(default_cookie_path("/a?b=/c/d"), "/");
  EXPECT_EQ(default_cookie_path("/a/b/c"), "/a/b");
}

struct CookieJarTest : ::testing::Test {
  CookieJar jar;
  void set(const std::string& url, std::string_view field, WallTime at = now) {
    jar.receive(parse_url(url).value(), field, at);
  }
  std::string field(const std::string& url, WallTime at = now) {
    return jar.field_for(parse_url(url).value(), at);
  }
};

TEST_F(CookieJarTest, gives_a_cookie_to_the_host_that_set_it_alone) {
  set("http://a.example.com/", "x=1");
  EXPECT_EQ(field("http://a.example.com/y"), "x=1");
  EXPECT_EQ(field("http://a.example.com:81/"), "x=1");
  EXPECT_EQ(field("http://b.a.example.com/"), "");
  EXPECT_EQ(field("http://example.com/"), "");
}

TEST_F(CookieJarTest, gives_a_cookie_of_a_domain_to_all_below_it) {
  set("http://a.example.com/", "x=1; domain=example.com");
  EXPECT_EQ(field("http://a.example.com/"), "x=1");
  EXPECT_EQ(field("http://b.example.com/"), "x=1");
  EXPECT_EQ(field("http://example.com/"), "x=1");
  EXPECT_EQ(field("http://example.org/"), "");
}

TEST_F(CookieJarTest, refuses_domains_of_others_and_those_without_a_dot) {
  set("http://a.example.com/", "x=1; domain=b.example.com");
  set("http://a.example.com/", "y=1; domain=com");
  set("http://10.0.0.1/", "z=1; domain=0.0.1");
  EXPECT_EQ(jar.size(), 0u);
  set("http://users/", "x=1; domain=users");
  EXPECT_EQ(field("http://users/"), "x=1");
  EXPECT_EQ(field("http://a.users/"), "");
  set("http://10.0.0.1/", "z=1; domain=10.0.0.1");
  EXPECT_EQ(field("http://10.0.0.1/"), "z=1");
}

TEST_F(CookieJarTest, refuses_domains_below_which_others_are_registered) {
  // Of the list's rules: a plain one, a wildcard, a private one, one of a name in Unicode, and a
  // fully qualified name.
  for (std::string suffix : {"co.uk", "a.ck", "github.io", "xn--55qx5d.cn", "co.uk."}) {
    set("http://mine." + suffix + "/", "x=1; domain=" + suffix);
    EXPECT_EQ(jar.size(), 0u) << suffix;
    set("http://mine." + suffix + "/", "x=1; domain=mine." + suffix);
    EXPECT_EQ(field("http://other." + suffix + "/"), "") << suffix;
    EXPECT_EQ(field("http://a.mine." + suffix + "/"), "x=1") << suffix;
    jar.clear();
  }
  // An exception from a wildcard.
  set("http://a.www.ck/", "x=1; domain=www.ck");
  EXPECT_EQ(field("http://b.www.ck/"), "x=1");
  // The host of that name itself has it to itself.
  set("http://github.io/", "x=1; domain=github.io");
  EXPECT_EQ(field("http://github.io/"), "x=1");
  EXPECT_EQ(field("http://mine.github.io/"), "");
}

TEST_F(CookieJarTest, orders_by_path_then_age_and_replaces_by_name_domain_and_path) {
  set("http://a/", "x=1; path=/");
  set("http://a/", "y=2; path=/b");
  set("http://a/", "z=3; path=/");
  set("http://a/", "x=4; path=/");
  EXPECT_EQ(field("http://a/b/c"), "y=2; x=4; z=3");
  EXPECT_EQ(field("http://a/"), "x=4; z=3");
  EXPECT_EQ(jar.size(), 3u);
}

TEST_F(CookieJarTest, forgets_what_is_over) {
  set("http://a/", "x=1; max-age=10");
  set("http://a/", "y=2; expires=Fri, 15 Jan 2027 08:00:20 GMT");
  set("http://a/", "z=3; max-age=10; expires=Fri, 15 Jan 2027 09:00:00 GMT");
  set("http://a/", "w=4");
  EXPECT_EQ(field("http://a/", now + 9s), "x=1; y=2; z=3; w=4");
  EXPECT_EQ(field("http://a/", now + 10s), "y=2; w=4");
  EXPECT_EQ(field("http://a/", now + 20s), "w=4");
  set("http://a/", "w=; max-age=0", now + 20s);
  EXPECT_EQ(jar.size(), 0u);
  set("http://a/", "long=1; max-age=99999999999");
  EXPECT_EQ(field("http://a/", now + 399 * 24h), "long=1");
  EXPECT_EQ(field("http://a/", now + 400 * 24h), "");
}

TEST_F(CookieJarTest, keeps_secure_ones_to_https) {
  set("http://a/", "x=1; secure");
  EXPECT_EQ(jar.size(), 0u);
  set("https://a/", "x=1; secure");
  EXPECT_EQ(field("http://a/"), "");
  EXPECT_EQ(field("https://a/"), "x=1");
  set("http://a/", "x=2");
  set("http://a/b/", "x=2; path=/b");
  EXPECT_EQ(field("https://a/b"), "x=1");
}

TEST_F(CookieJarTest, holds_prefixed_names_to_their_promise) {
  set("https://a/", "__Secure-x=1");
  set("https://a/", "__Host-x=1; secure; path=/b");
  set("https://a.b/", "__Host-x=1; secure; path=/; domain=a.b");
  EXPECT_EQ(jar.size(), 0u);
  set("https://a/", "__Secure-x=1; secure");
  set("https://a/", "__Host-x=1; secure; path=/");
  EXPECT_EQ(jar.size(), 2u);
}

TEST_F(CookieJarTest, has_limits_and_lets_go_what_was_used_longest_ago) {
  jar = CookieJar({.per_domain_max = 2, .cookies_max = 3});
  set("http://a/", "x=1");
  set("http://a/", "y=2");
  EXPECT_EQ(field("http://a/"), "x=1; y=2");
  set("http://a/", "z=3");
  EXPECT_EQ(field("http://a/"), "y=2; z=3");
  set("http://b/", "x=1");
  set("http://c/", "x=1");
  EXPECT_EQ(jar.size(), 3u);
  EXPECT_EQ(field("http://a/"), "z=3");
  EXPECT_EQ(field("http://b/"), "x=1");
  EXPECT_EQ(field("http://c/"), "x=1");
}

}  // namespace
}  // namespace berth::http
