#include "base/endpoint.h"

#include <gtest/gtest.h>

#include <string>

namespace berth {
namespace {

std::string told(const Result<Endpoint>& result) {
  return result.ok() ? "good: " + result->text() : result.error().text();
}

TEST(Endpoint, names_an_address_to_connect_to) {
  EXPECT_EQ(client_endpoint("tcp:127.0.0.1:8000").value().address.text(), "127.0.0.1:8000");
  EXPECT_EQ(client_endpoint("tcp:localhost:80").value().address.text(), "127.0.0.1:80");
  EXPECT_EQ(client_endpoint("tcp:[::1]:65535").value().address.text(), "[::1]:65535");
  EXPECT_EQ(client_endpoint("unix:/run/x.sock").value().address.text(), "unix:/run/x.sock");
  EXPECT_EQ(client_endpoint("unix:relative:odd").value().address.path(), "relative:odd");
}

TEST(Endpoint, names_an_address_to_listen_on_and_is_loopback_unless_told_otherwise) {
  EXPECT_EQ(server_endpoint("tcp:8000").value().address.text(), "127.0.0.1:8000");
  EXPECT_EQ(server_endpoint("tcp:0").value().address.text(), "127.0.0.1:0");
  EXPECT_EQ(server_endpoint("tcp:0.0.0.0:8000").value().address.text(), "0.0.0.0:8000");
  EXPECT_EQ(server_endpoint("tcp:[::]:0").value().address.text(), "[::]:0");
  EXPECT_EQ(server_endpoint("unix:/run/x.sock").value().address.text(), "unix:/run/x.sock");
}

TEST(Endpoint, says_what_is_wrong) {
  struct {
    const char* text;
    const char* why;
  } cases[] = {
      {"", "begins with none of tcp:, tls: and unix:"},
      {"127.0.0.1:80", "begins with none of tcp:, tls: and unix:"},
      {"udp:1.2.3.4:5", "begins with none of tcp:, tls: and unix:"},
      {"tcp:", "needs a host and a port"},
      {"tcp:8000", "needs a host and a port"},
      {"tcp::8000", "has no host"},
      {"tcp:127.0.0.1:", "has no port from 1 to 65535"},
      {"tcp:127.0.0.1:65536", "has no port from 1 to 65535"},
      {"tcp:127.0.0.1:-1", "has no port from 1 to 65535"},
      {"tcp:127.0.0.1:8x", "has no port from 1 to 65535"},
      {"tcp:127.0.0.1:0", "has port 0"},
      {"tcp:::1:80", "write an IPv6 address as [::1]"},
      {"tcp:[::1:80", "write an IPv6 address as [::1]"},
      {"tcp:[::g]:80", "has a host that is no IP address"},
      {"tcp:1.2.3.4.5:80", "has a host that is no IP address"},
      {"unix:", "has no path"},
  };
  for (auto& each : cases) {
    auto result = client_endpoint(each.text);
    EXPECT_NE(told(result).find(each.why), std::string::npos) << each.text << ": " << told(result);
    EXPECT_NE(told(result).find("'" + std::string(each.text) + "'"), std::string::npos);
    ASSERT_FALSE(result.ok());
    EXPECT_TRUE(result.error().is(Code::invalid)) << each.text;
  }
  EXPECT_TRUE(server_endpoint("tcp:").error().is(Code::invalid));
  std::string cut("tcp:127.0.0.1\0.evil:80", 23);
  EXPECT_NE(told(client_endpoint(cut)).find("has a NUL"), std::string::npos);
}

TEST(Endpoint, names_hosts_that_are_to_be_resolved) {
  auto endpoint = client_endpoint("tcp:users.shop_1:80").value();
  EXPECT_EQ(endpoint.address.family(), Address::Family::none);
  EXPECT_EQ(endpoint.host, "users.shop_1");
  EXPECT_EQ(endpoint.port, 80);
  EXPECT_EQ(endpoint.text(), "tcp:users.shop_1:80");
  EXPECT_TRUE(server_endpoint("tcp:users:80").error().is(Code::unsupported));
  for (auto* text : {"tcp:a b:80", "tcp:a/b:80", "tcp:.a:80", "tcp:a..b:80"}) {
    EXPECT_TRUE(client_endpoint(text).error().is(Code::invalid)) << text;
  }
}

TEST(Endpoint, asks_for_tls) {
  auto endpoint = client_endpoint("tls:[::1]:443").value();
  EXPECT_TRUE(endpoint.secured);
  EXPECT_EQ(endpoint.host, "::1");
  EXPECT_EQ(endpoint.address.text(), "[::1]:443");
  EXPECT_EQ(endpoint.text(), "tls:[::1]:443");
  EXPECT_EQ(client_endpoint("ssl:a.example:443").value().text(), "tls:a.example:443");
  EXPECT_TRUE(server_endpoint("tls:8443").value().secured);
  EXPECT_FALSE(server_endpoint("tcp:8443").value().secured);
}

}  // namespace
}  // namespace berth
