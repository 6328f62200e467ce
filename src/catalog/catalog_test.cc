#include "catalog/catalog.h"

#include <gtest/gtest.h>

#include "catalog/codec.h"
#include "os/reactor.h"

namespace berth::catalog {
namespace {

Service users() {
  Service s;
  s.name = "users";
  s.vip = Address::ipv4(0x7f4d0002, 7480);
  s.routes = {{"web", "/users"}};
  s.policy.retries = 3;
  return s;
}

Instance instance(const char* id, Health health) {
  return {id, "i1", "v1", "here", Address::loopback(4000), health, "why not", 42};
}

TEST(Catalog, change_makes_a_new_snapshot_and_shares_what_stayed) {
  os::Reactor reactor;
  Catalog catalog(reactor, "shop", "shop.localhost", 100);
  catalog.put_service(users());
  Service other = users();
  other.name = "orders";
  catalog.put_service(other);
  auto before = catalog.snapshot();
  catalog.put_instance("users", instance("users/1", Health::healthy));
  auto after = catalog.snapshot();
  EXPECT_GT(after->revision, before->revision);
  EXPECT_EQ(before->find("orders"), after->find("orders"));
  EXPECT_EQ(before->find("users")->instances.size(), 0u);
  catalog.put_instance("users", instance("users/1", Health::healthy));
  EXPECT_EQ(catalog.snapshot(), after) << "nothing changed";
}

TEST(Catalog, deltas_lead_to_the_same_snapshot) {
  os::Reactor reactor;
  Catalog catalog(reactor, "shop", "shop.localhost", 100);
  catalog.put_service(users());
  auto first = catalog.snapshot();
  auto copy = apply_json(nullptr, Json::parse(snapshot_json(*first).text()).value()).value();
  EXPECT_EQ(*copy->find("users"), *first->find("users"));
  catalog.put_instance("users", instance("users/1", Health::unhealthy));
  auto second = catalog.snapshot();
  copy = apply_json(copy.get(), Json::parse(delta_json(*first, *second).text()).value()).value();
  EXPECT_EQ(*copy->find("users"), *second->find("users"));
  catalog.remove_service("users");
  copy = apply_json(copy.get(), delta_json(*second, *catalog.snapshot())).value();
  EXPECT_EQ(copy->find("users"), nullptr);
  EXPECT_EQ(copy->revision, catalog.snapshot()->revision);
}

TEST(Catalog, drain_is_over_when_every_live_balancer_says_so) {
  os::Reactor reactor;
  Catalog catalog(reactor, "shop", "shop.localhost", 100);
  EXPECT_TRUE(catalog.drained("users/1", "i1", 105)) << "there is no balancer";
  catalog.report("proxy", {104, {}, {}});
  EXPECT_FALSE(catalog.drained("users/1", "i1", 105)) << "it has not applied the revision";
  catalog.report("proxy", {105, {"users/1@i1"}, {}});
  EXPECT_FALSE(catalog.drained("users/1", "i1", 105)) << "it still answers";
  catalog.report("proxy", {105, {"users/1@i0"}, {}});
  EXPECT_TRUE(catalog.drained("users/1", "i1", 105));
}

}  // namespace
}  // namespace berth::catalog
