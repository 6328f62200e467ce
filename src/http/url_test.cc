#include "http/url.h"

#include <gtest/gtest.h>

namespace berth::http {
namespace {

TEST(Url, has_an_address_a_host_and_a_target) {
  struct {
    const char* text;
    const char* address;
    const char* host;
    const char* target;
  } cases[] = {
      {"http://127.0.0.1:8000/a/b?c=d", "127.0.0.1:8000", "127.0.0.1:8000", "/a/b?c=d"},
      {"http://127.0.0.1", "127.0.0.1:80", "127.0.0.1", "/"},
      {"HTTP://localhost:81?q#part", "127.0.0.1:81", "localhost:81", "/?q"},
      {"http://[::1]:82/x#y?z", "[::1]:82", "[::1]:82", "/x"},
      {"http://[::1]/", "[::1]:80", "[::1]", "/"},
      {"http://10.0.0.1/?at=a:b@c", "10.0.0.1:80", "10.0.0.1", "/?at=a:b@c"},
  };
  for (auto& each : cases) {
    auto url = parse_url(each.text);
    ASSERT_TRUE(url.ok()) << each.text << ": " << url.error().text();
    EXPECT_EQ(url->address.text(), each.address);
    EXPECT_EQ(url->host, each.host);
    EXPECT_EQ(url->target, each.target);
  }
}

TEST(Url, says_what_is_wrong) {
  struct {
    const char* text;
    const char* why;
  } cases[] = {
      {"", "does not begin with http://"},
      {"127.0.0.1/", "does not begin with http://"},
      {"ftp://127.0.0.1/", "does not begin with http://"},
      {"http://", "has no host"},
      {"http://127.0.0.1:99999/", "has no port"},
      {"http://me:secret@127.0.0.1/", "has a user in it"},
      {"http://127.0.0.1/a b", "must be percent-encoded"},
      {"http://127.0.0.1/a\r\nx: y", "must be percent-encoded"},
      {"http://127.0.0.1/\xc3\xa4", "must be percent-encoded"},
  };
  for (auto& each : cases) {
    auto url = parse_url(each.text);
    ASSERT_FALSE(url.ok()) << each.text;
    EXPECT_TRUE(url.error().is(Code::invalid)) << each.text;
    EXPECT_NE(url.error().text().find(each.why), std::string::npos) << url.error().text();
  }
}

TEST(Url, says_what_is_not_there_yet) {
  EXPECT_TRUE(parse_url("https://127.0.0.1/").error().is(Code::unsupported));
  EXPECT_TRUE(parse_url("http://example.com/").error().is(Code::unsupported));
}

}  // namespace
}  // namespace berth::http
