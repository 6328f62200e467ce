#include "runtime/instance_environment.h"

#include <gtest/gtest.h>

namespace berth::runtime {
namespace {

struct InstanceEnvironmentTest : ::testing::Test {
  placement::ClusterState state;
  AgentOptions options;

  InstanceEnvironmentTest() {
    state.system = {"shop", "dev", "shop.localhost", 0x7f4d0300};
    add("orders", 2, true);
    add("order-mail", 3, true);
    add("worker", 4, false);
    add("gone", 5, true);
    state.services["gone"].removed = true;
    options.address = "127.0.0.1";
  }
  void add(const std::string& name, std::uint32_t vip_host, bool has_port) {
    placement::DesiredService service;
    service.name = name;
    service.vip_host = vip_host;
    placement::Version version{1, {}, {}, false};
    version.spec.name = name;
    version.spec.has_port = has_port;
    service.versions.push_back(version);
    state.services[name] = service;
  }
};

TEST_F(InstanceEnvironmentTest, each_name_stands_once_and_the_services_own_wins) {
  options.environment = {{"A", "host"}, {"PORT", "host"}, {"A", "host again"}};
  placement::ServiceSpec service = state.services["orders"].spec();
  service.env = {{"B", "own"}, {"ORDERS_URL", "own"}};
  auto all = instance_environment(state, options, service, "orders/1", 1, 4711);
  std::map<std::string, std::string> by_name(all.begin(), all.end());
  EXPECT_EQ(by_name.size(), all.size());
  EXPECT_EQ(by_name["A"], "host again");
  EXPECT_EQ(by_name["PORT"], "4711");
  EXPECT_EQ(by_name["ORDERS_URL"], "own");
  EXPECT_EQ(by_name["ORDER_MAIL_URL"], "http://127.77.3.3:7480");
  EXPECT_FALSE(by_name.contains("WORKER_URL"));
  EXPECT_FALSE(by_name.contains("GONE_URL"));
  EXPECT_FALSE(by_name.contains("BERTH_BUS_URL"));
}

TEST_F(InstanceEnvironmentTest, hosts_hold_localhost_the_services_and_the_hosts_own_lines) {
  std::string text =
      hosts_text(state, "127.0.0.1\tlocalhost\n# comment\n\n10.1.1.1 db # the database\n");
  EXPECT_NE(text.find("127.0.0.1 localhost\n"), std::string::npos);
  EXPECT_NE(text.find("127.77.3.2 orders orders.berth\n"), std::string::npos);
  EXPECT_EQ(text.find("worker"), std::string::npos);
  EXPECT_EQ(text.find("gone"), std::string::npos);
  EXPECT_NE(text.find("\n10.1.1.1 db\n"), std::string::npos);
}

}  // namespace
}  // namespace berth::runtime
