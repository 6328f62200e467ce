#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/gateway/address_list.h"
#include "proxy/gateway/path.h"
#include "proxy/gateway/route.h"
#include "proxy/gateway/template.h"

namespace berth::proxy::gateway {
namespace {

using testing::HasSubstr;

Address ip(std::string_view text) { return Address::parse(text).value(); }

TEST(AddressList, holds_blocks_and_single_addresses) {
  AddressList list;
  for (auto* block : {"10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1"}) {
    ASSERT_TRUE(list.add(block).ok()) << block;
  }
  for (auto* in :
       {"10.0.0.0", "10.255.255.255", "192.0.2.7", "2001:db8:ffff::1", "::1", "::ffff:10.1.2.3"}) {
    EXPECT_TRUE(list.contains(ip(in))) << in;
  }
  for (auto* out : {"9.255.255.255", "11.0.0.0", "192.0.2.8", "192.0.2.6", "2001:db9::", "::2"}) {
    EXPECT_FALSE(list.contains(ip(out))) << out;
  }
  EXPECT_FALSE(list.contains(Address::unix_path("/x")));
  EXPECT_FALSE(list.contains(Address()));
}

TEST(AddressList, blocks_that_overlap_are_one) {
  AddressList list;
  for (auto* block : {"10.1.0.0/16", "10.0.0.0/8", "10.2.3.4", "11.0.0.0/8"}) {
    ASSERT_TRUE(list.add(block).ok());
  }
  EXPECT_TRUE(list.contains(ip("10.200.0.1")));
  EXPECT_TRUE(list.contains(ip("11.200.0.1")));
  EXPECT_FALSE(list.contains(ip("12.0.0.0")));
}

TEST(AddressList, everything_is_a_block_too) {
  AddressList list;
  ASSERT_TRUE(list.add("0.0.0.0/0").ok());
  EXPECT_TRUE(list.contains(ip("203.0.113.9")));
  EXPECT_FALSE(list.contains(ip("2001:db8::1")));
}

TEST(AddressList, refuses_what_is_no_block) {
  AddressList list;
  for (auto* block : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.1/8", "10.0.0.1:80", "[::1]", "x/8",
                      "10.0.0.0/-1", "2001:db8::1/32", "unix:/x", "10.0.0.0/8/8"}) {
    EXPECT_FALSE(list.add(block).ok()) << block;
  }
  EXPECT_TRUE(list.empty());
}

std::string normal(std::string_view path, PathRules rules = {}) {
  std::string scratch;
  std::string_view out;
  auto fault = normal_path(path, rules, scratch, out);
  return fault == PathFault::none ? std::string(out) : "fault";
}

TEST(Path, usual_paths_stay_as_they_are_without_a_copy) {
  std::string scratch;
  for (std::string_view path : {"/", "/a/b.c/d", "/a/", "/a;b=c/d", "/~x/..a"}) {
    std::string_view out;
    ASSERT_EQ(normal_path(path, {}, scratch, out), PathFault::none);
    EXPECT_EQ(out, path);
  }
  std::string_view out;
  std::string_view plain = "/a/b.c/d";
  ASSERT_EQ(normal_path(plain, {}, scratch, out), PathFault::none);
  EXPECT_EQ(out.data(), plain.data());
}

TEST(Path, other_spellings_become_one) {
  EXPECT_EQ(normal("/%61dmin"), "/admin");
  EXPECT_EQ(normal("/a/./b"), "/a/b");
  EXPECT_EQ(normal("/a/../b"), "/b");
  EXPECT_EQ(normal("/a/%2e%2E/b"), "/b");
  EXPECT_EQ(normal("/a/b/.."), "/a/");
  EXPECT_EQ(normal("/a/."), "/a/");
  EXPECT_EQ(normal("//a///b"), "/a/b");
  EXPECT_EQ(normal("/a//"), "/a/");
  EXPECT_EQ(normal("/x/..;/admin"), "/admin");
  EXPECT_EQ(normal("/caf%c3%a9"), "/caf%C3%A9");
  EXPECT_EQ(normal("/%7Ex"), "/~x");
}

TEST(Path, what_servers_read_differently_is_refused) {
  for (auto* path : {"/a%2fb", "/a%5Cb", "/a\\b", "/%00", "/%0a", "/%7f", "/a%", "/a%2", "/a%zz",
                     "/..", "/a/../../b", "/%2e%2e/x"}) {
    EXPECT_EQ(normal(path), "fault") << path;
  }
}

TEST(Path, rules_let_more_through) {
  EXPECT_EQ(normal("/a%2fb", {.encoded_slashes = true}), "/a%2Fb");
  EXPECT_EQ(normal("//a", {.merge_slashes = false}), "//a");
  EXPECT_EQ(normal("/a/../b", {.normal = false}), "/a/../b");
}

TEST(Template, puts_values_in_their_places) {
  auto made = Template::parse("{scheme}://{host}/x/{id}{rest}?{query}#{{", {"id"}).value();
  Values values;
  values.scheme = "https";
  values.host = "a.example";
  values.rest = "/r";
  values.query = "q=1";
  Values::Parameter parameter{"id", "7"};
  values.parameters = &parameter;
  values.parameter_count = 1;
  std::string out;
  made.append(out, values);
  EXPECT_EQ(out, "https://a.example/x/7/r?q=1#{");
  EXPECT_EQ(Template::parse("/a/{host}").value().beginning(), "/a/");
}

TEST(Template, unknown_places_are_refused_with_those_that_are_there) {
  auto wrong = Template::parse("{hots}", {"id"});
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(std::string(wrong.error().message()), HasSubstr("no '{hots}'; there are scheme,"));
  EXPECT_THAT(std::string(wrong.error().message()), HasSubstr("user, id"));
  EXPECT_FALSE(Template::parse("{host").ok());
  EXPECT_FALSE(Template::parse("a\r\nb").ok());
  EXPECT_FALSE(Template::parse("{}").ok());
}

TEST(Cors, origins_are_compared_as_a_whole_or_by_their_ending) {
  Cors cors;
  cors.origins = {"https://a.example", "https://*.b.example"};
  EXPECT_TRUE(cors.allows("https://a.example"));
  EXPECT_TRUE(cors.allows("https://x.y.b.example"));
  for (auto* other : {"http://a.example", "https://a.example.evil", "https://b.example",
                      "http://x.b.example", "https://evil-b.example", "null"}) {
    EXPECT_FALSE(cors.allows(other)) << other;
  }
}

}  // namespace
}  // namespace berth::proxy::gateway
