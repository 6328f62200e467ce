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
      {"", "does not begin with http:// or https://"},
      {"127.0.0.1/", "does not begin with http:// or https://"},
      {"ftp://127.0.0.1/", "does not begin with http:// or https://"},
      {"http://", "has no host"},
      {"http://127.0.0.1:99999/", "has no port"},
      {"http://127.0.0.1:/", "has no port"},
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

TEST(Url, may_name_a_host_and_ask_for_tls) {
  auto url = parse_url("https://Users_1.Example.com/7").value();
  EXPECT_TRUE(url.secure);
  EXPECT_EQ(url.address.family(), Address::Family::none);
  EXPECT_EQ(url.name, "users_1.example.com");
  EXPECT_EQ(url.port, 443);
  EXPECT_EQ(url.host, "Users_1.Example.com");
  EXPECT_EQ(url.origin(), "https://users_1.example.com:443");
  EXPECT_EQ(url.text(), "https://Users_1.Example.com/7");
  EXPECT_EQ(parse_url("http://users:7480/")->origin(), "http://users:7480");
  EXPECT_EQ(parse_url("http://[::1]:80/")->origin(), "http://[::1]:80");
  EXPECT_EQ(parse_url("https://127.0.0.1/")->address.text(), "127.0.0.1:443");
}

TEST(Url, refuses_hosts_that_readers_take_for_different_ones) {
  for (const char* host : {"1.2.3", "0x7f.1", "127.1", "2130706433", "1.2.3.4.5", "[1.2.3.4]",
                           "[::1", "a..b", ".a", "a%2eb", "a,b", "::1", "[::1]x"}) {
    auto url = parse_url("http://" + std::string(host) + "/");
    ASSERT_FALSE(url.ok()) << host;
    EXPECT_TRUE(url.error().is(Code::invalid)) << host;
  }
}

TEST(Url, joins_references_as_rfc_3986_section_5_4) {
  Url base = parse_url("http://a/b/c/d;p?q").value();
  struct {
    const char* reference;
    const char* joined;
  } cases[] = {
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g/"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"g?y/./x", "http://a/b/c/g?y/./x"},
      {"#s", "http://a/b/c/d;p?q"},
      {"g#s/../x", "http://a/b/c/g"},
      {";x", "http://a/b/c/;x"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {"..g", "http://a/b/c/..g"},
      {"./g/.", "http://a/b/c/g/"},
      {"g/../h", "http://a/b/c/h"},
      {"https://x:1/y", "https://x:1/y"},
      {"/\xc3\xa4", "http://a/%C3%A4"},
  };
  for (auto& each : cases) {
    auto url = join_url(base, each.reference);
    ASSERT_TRUE(url.ok()) << each.reference << ": " << url.error().text();
    EXPECT_EQ(url->text(), each.joined) << each.reference;
  }
  EXPECT_FALSE(join_url(base, "mailto:x").ok());
  EXPECT_FALSE(join_url(base, "/a b").ok());
  EXPECT_FALSE(join_url(base, "//me@x/").ok());
}

TEST(Url, adds_to_a_query) {
  EXPECT_EQ(add_query("/a", {}), "/a");
  EXPECT_EQ(add_query("/a", {{"x", "1"}, {"y z", "&="}}), "/a?x=1&y%20z=%26%3D");
  EXPECT_EQ(add_query("/a?b=c", {{"x", ""}}), "/a?b=c&x=");
  EXPECT_EQ(add_query("/a?", {{"x", "1"}}), "/a?x=1");
}

}  // namespace
}  // namespace berth::http
