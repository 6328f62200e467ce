#include "base/resolver_files.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

std::vector<std::string> texts(const std::vector<Address>& addresses) {
  std::vector<std::string> all;
  for (const Address& address : addresses) all.push_back(address.text());
  return all;
}
using Texts = std::vector<std::string>;

TEST(HostsFile, gives_each_name_its_addresses_in_order) {
  HostsFile hosts = parse_hosts_file(
      "127.0.0.1\tlocalhost\n"
      "::1 localhost ip6-localhost # loopback\n"
      "  10.0.0.7   Users users.shop.  \r\n"
      "10.0.0.8 users\n10.0.0.7 users");
  EXPECT_EQ(texts(hosts["localhost"]), (Texts{"127.0.0.1:0", "[::1]:0"}));
  EXPECT_EQ(texts(hosts["ip6-localhost"]), Texts{"[::1]:0"});
  EXPECT_EQ(texts(hosts["users"]), (Texts{"10.0.0.7:0", "10.0.0.8:0"}));
  EXPECT_EQ(texts(hosts["users.shop"]), Texts{"10.0.0.7:0"});
}

TEST(HostsFile, skips_lines_that_it_cannot_read) {
  HostsFile hosts = parse_hosts_file(
      "# 10.0.0.1 a\n10.0.0 b\n10.0.0.1\nunix:/x c\n10.0.0.1:80 d\nfe80::1%eth0 e\nname "
      "f\n\n10.0.0.2 g");
  EXPECT_EQ(hosts.size(), 1);
  EXPECT_TRUE(hosts.contains("g"));
}

TEST(ResolverConfig, reads_servers_search_and_options) {
  ResolverConfig config = parse_resolver_config(
      "; comment\nnameserver 10.0.0.2\nnameserver fd00::53\nsearch Shop.example. example\n"
      "options ndots:2 timeout:3 attempts:4 rotate trust-ad\n");
  EXPECT_EQ(texts(config.servers), (Texts{"10.0.0.2:53", "[fd00::53]:53"}));
  EXPECT_EQ(config.search, (Texts{"shop.example", "example"}));
  EXPECT_EQ(config.dots_min, 2);
  EXPECT_EQ(config.timeout, 3s);
  EXPECT_EQ(config.attempts, 4);
  EXPECT_TRUE(config.rotate);
}

TEST(ResolverConfig, keeps_the_limits_of_libc) {
  ResolverConfig config = parse_resolver_config(
      "nameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\nnameserver 10.0.0.4\n"
      "search a b c d e f g\noptions ndots:99 timeout:999 attempts:0\n");
  EXPECT_EQ(config.servers.size(), 3);
  EXPECT_EQ(config.search.size(), 6);
  EXPECT_EQ(config.dots_min, 15);
  EXPECT_EQ(config.timeout, 30s);
  EXPECT_EQ(config.attempts, 1);
}

TEST(ResolverConfig, asks_this_host_where_no_server_is_named) {
  EXPECT_EQ(texts(parse_resolver_config("nameserver x\noptions ndots:-1").servers),
            Texts{"127.0.0.1:53"});
}

TEST(ResolverConfig, of_domain_and_search_the_last_counts) {
  EXPECT_EQ(parse_resolver_config("search a b\ndomain c").search, Texts{"c"});
}

TEST(SearchNames, dots_decide_whether_the_name_itself_comes_first) {
  ResolverConfig config = parse_resolver_config("search shop.example example");
  EXPECT_EQ(search_names(config, "Users"), (Texts{"users.shop.example", "users.example", "users"}));
  EXPECT_EQ(search_names(config, "users.eu"),
            (Texts{"users.eu", "users.eu.shop.example", "users.eu.example"}));
  EXPECT_EQ(search_names(config, "users."), Texts{"users"});
}

}  // namespace
}  // namespace berth
