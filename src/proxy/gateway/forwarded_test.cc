#include "proxy/gateway/forwarded.h"

#include <gtest/gtest.h>

namespace berth::proxy::gateway {
namespace {

struct ForwardedTest : ::testing::Test {
  http::RequestHead head;
  TrustedProxies trusted;
  Origin origin;

  ForwardedTest() {
    head.method = "GET";
    head.target = "/";
    head.headers.add_view("Host", "a.example:8080");
    EXPECT_TRUE(trusted.addresses.add("10.0.0.0/8").ok());
    EXPECT_TRUE(trusted.addresses.add("fd00::/8").ok());
  }
  void find(std::string_view peer, std::string_view scheme = "http") {
    auto address = Address::parse(peer).value();
    origin.find(head, address, address.ip_text(), scheme, trusted);
  }
  std::string written() {
    std::string out;
    append_forwarded(out, origin);
    return out;
  }
};

TEST_F(ForwardedTest, a_stranger_is_not_believed) {
  head.headers.add_view("X-Forwarded-For", "192.0.2.1");
  head.headers.add_view("X-Forwarded-Proto", "https");
  head.headers.add_view("X-Forwarded-Host", "evil.example");
  head.headers.add_view("Forwarded", "for=192.0.2.2;proto=https");
  find("203.0.113.9:5000");
  EXPECT_EQ(written(),
            "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: http\r\n"
            "X-Forwarded-Host: a.example:8080\r\n"
            "Forwarded: for=203.0.113.9;proto=http;host=\"a.example:8080\"\r\n");
}

TEST_F(ForwardedTest, a_trusted_proxy_is_believed_up_to_the_first_stranger) {
  head.headers.add_view("X-Forwarded-For", "192.0.2.66, 198.51.100.4");
  head.headers.add_view("X-Forwarded-For", "10.0.0.2");
  head.headers.add_view("X-Forwarded-Proto", "https");
  head.headers.add_view("X-Forwarded-Host", "shop.example");
  find("10.0.0.3:5000");
  EXPECT_EQ(origin.client.ip_text(), "198.51.100.4");
  EXPECT_EQ(origin.chain, "198.51.100.4, 10.0.0.2, 10.0.0.3");  // what he claimed himself is gone
  EXPECT_EQ(origin.scheme, "https");
  EXPECT_EQ(origin.host, "shop.example");
}

TEST_F(ForwardedTest, all_trusted_means_the_farthest_one) {
  head.headers.add_view("X-Forwarded-For", "10.1.1.1, 10.0.0.2");
  find("10.0.0.3:5000");
  EXPECT_EQ(origin.client.ip_text(), "10.1.1.1");
}

TEST_F(ForwardedTest, words_that_are_no_addresses_end_the_chain) {
  head.headers.add_view("X-Forwarded-For", "192.0.2.1, unknown, 10.0.0.2");
  find("10.0.0.3:5000");
  EXPECT_EQ(origin.client.ip_text(), "10.0.0.2");
  EXPECT_EQ(origin.chain, "10.0.0.2, 10.0.0.3");
}

TEST_F(ForwardedTest, forwarded_is_read_where_it_is_the_one_that_counts) {
  trusted.by_forwarded = true;
  head.headers.add_view("X-Forwarded-For", "192.0.2.66");
  head.headers.add_view("Forwarded",
                        "For=\"[2001:db8:cafe::17]:4711\";proto=https, "
                        "for=\"10.0.0.2\";by=x;host=\"b.example:443\";proto=https");
  find("10.0.0.3:5000");
  EXPECT_EQ(origin.client.ip_text(), "2001:db8:cafe::17");
  EXPECT_EQ(origin.scheme, "https");
  EXPECT_EQ(origin.host, "b.example:443");
  EXPECT_EQ(written(),
            "X-Forwarded-For: 2001:db8:cafe::17, 10.0.0.2, 10.0.0.3\r\n"
            "X-Forwarded-Proto: https\r\nX-Forwarded-Host: b.example:443\r\n"
            "Forwarded: for=\"[2001:db8:cafe::17]\";proto=https;host=\"b.example:443\", "
            "for=10.0.0.2, for=10.0.0.3\r\n");
}

TEST_F(ForwardedTest, hosts_and_schemes_that_are_none_are_not_taken_over) {
  head.headers.add_view("X-Forwarded-For", "192.0.2.1");
  head.headers.add_view("X-Forwarded-Proto", "javascript");
  head.headers.add_view("X-Forwarded-Host", "a b\"c");
  find("10.0.0.3:5000", "https");
  EXPECT_EQ(origin.scheme, "https");
  EXPECT_EQ(origin.host, "a.example:8080");
}

TEST_F(ForwardedTest, a_long_chain_is_bounded) {
  std::string chain;
  for (int i = 0; i < 1000; ++i) chain += "10.0.0.2, ";
  chain += "10.0.0.2";
  head.headers.add_view("X-Forwarded-For", chain);
  find("10.0.0.3:5000");
  EXPECT_EQ(std::ranges::count(origin.chain, ','), std::ptrdiff_t{Origin::hops_max});
}

TEST(HopAddress, reads_what_proxies_write) {
  EXPECT_EQ(hop_address(" 192.0.2.1 ").ip_text(), "192.0.2.1");
  EXPECT_EQ(hop_address("192.0.2.1:4711").ip_text(), "192.0.2.1");
  EXPECT_EQ(hop_address("[2001:db8::1]:80").ip_text(), "2001:db8::1");
  EXPECT_EQ(hop_address("2001:db8::1").ip_text(), "2001:db8::1");
  EXPECT_EQ(hop_address("\"[::1]\"").ip_text(), "::1");
  for (auto* word : {"", "unknown", "_hidden", "unix:/x", "300.1.1.1", "a.example"}) {
    EXPECT_EQ(hop_address(word).family(), Address::Family::none) << word;
  }
}

TEST(TellsOrigin, knows_the_fields) {
  for (auto* name : {"X-Forwarded-For", "x-forwarded-port", "Forwarded", "X-Real-IP"}) {
    EXPECT_TRUE(tells_origin(name)) << name;
  }
  for (auto* name : {"X-Forward", "Host", "X-Forwarded", "X-Real"}) {
    EXPECT_FALSE(tells_origin(name)) << name;
  }
}

}  // namespace
}  // namespace berth::proxy::gateway
