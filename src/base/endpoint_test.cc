#include "base/endpoint.h"

#include <gtest/gtest.h>

#include <string>

namespace berth {
namespace {

std::string told(const Result<Address>& result) {
  return result.ok() ? "good: " + result->text() : result.error().text();
}

TEST(Endpoint, names_an_address_to_connect_to) {
  EXPECT_EQ(client_endpoint("tcp:127.0.0.1:8000").value().text(), "127.0.0.1:8000");
  EXPECT_EQ(client_endpoint("tcp:localhost:80").value().text(), "127.0.0.1:80");
  EXPECT_EQ(client_endpoint("tcp:[::1]:65535").value().text(), "[::1]:65535");
  EXPECT_EQ(client_endpoint("unix:/run/x.sock").value().text(), "unix:/run/x.sock");
  EXPECT_EQ(client_endpoint("unix:relative:odd").value().path(), "relative:odd");
}

TEST(Endpoint, names_an_address_to_listen_on_and_is_loopback_unless_told_otherwise) {
  EXPECT_EQ(server_endpoint("tcp:8000").value().text(), "127.0.0.1:8000");
  EXPECT_EQ(server_endpoint("tcp:0").value().text(), "127.0.0.1:0");
  EXPECT_EQ(server_endpoint("tcp:0.0.0.0:8000").value().text(), "0.0.0.0:8000");
  EXPECT_EQ(server_endpoint("tcp:[::]:0").value().text(), "[::]:0");
  EXPECT_EQ(server_endpoint("unix:/run/x.sock").value().text(), "unix:/run/x.sock");
}

TEST(Endpoint, says_what_is_wrong) {
  struct {
    const char* text;
    const char* why;
  } cases[] = {
      {"", "begins with neither tcp: nor unix:"},
      {"127.0.0.1:80", "begins with neither tcp: nor unix:"},
      {"udp:1.2.3.4:5", "begins with neither tcp: nor unix:"},
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

TEST(Endpoint, says_that_names_and_tls_are_not_there_yet) {
  for (auto* text : {"tcp:example.com:80", "tls:127.0.0.1:443", "ssl:127.0.0.1:443"}) {
    EXPECT_TRUE(client_endpoint(text).error().is(Code::unsupported)) << text;
    EXPECT_TRUE(server_endpoint(text).error().is(Code::unsupported)) << text;
  }
}

}  // namespace
}  // namespace berth
