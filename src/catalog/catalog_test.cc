#include "catalog/catalog.h"

#include <gtest/gtest.h>

#include "catalog/codec.h"

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

std::shared_ptr<Snapshot> snapshot_of(std::uint64_t revision, std::vector<Service> services) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->revision = revision;
  for (auto& service : services) {
    snapshot->services[service.name] = std::make_shared<Service>(service);
  }
  return snapshot;
}

TEST(Catalog, deltas_lead_to_the_same_snapshot) {
  auto first = snapshot_of(1, {users()});
  auto copy = apply_json(nullptr, Json::parse(snapshot_json(*first).text()).value()).value();
  EXPECT_EQ(*copy->find("users"), *first->find("users"));
  Service with = users();
  with.revision = 2;
  with.instances = {instance("users/1", Health::unhealthy)};
  auto second = snapshot_of(2, {with});
  copy = apply_json(copy.get(), Json::parse(delta_json(*first, *second).text()).value()).value();
  EXPECT_EQ(*copy->find("users"), *second->find("users"));
  auto third = snapshot_of(3, {});
  copy = apply_json(copy.get(), delta_json(*second, *third)).value();
  EXPECT_EQ(copy->find("users"), nullptr);
  EXPECT_EQ(copy->revision, 3u);
}

TEST(Catalog, a_delta_carries_name_and_domain_where_they_changed) {
  auto first = snapshot_of(1, {});  // as before the first deploy
  auto second = snapshot_of(2, {users()});
  second->system = "shop";
  second->domain = "shop.localhost";
  auto third = snapshot_of(3, {});
  third->system = second->system;
  third->domain = second->domain;
  auto copy = apply_json(nullptr, snapshot_json(*first)).value();
  copy = apply_json(copy.get(), delta_json(*first, *second)).value();
  copy = apply_json(copy.get(), delta_json(*second, *third)).value();
  EXPECT_EQ(copy->system, "shop");
  EXPECT_EQ(copy->domain, "shop.localhost");
}

TEST(Catalog, worker_without_an_address_is_read_as_it_was_written) {
  Instance worker = instance("shoppers/1", Health::healthy);
  worker.address = {};
  EXPECT_EQ(instance_from_json(to_json(worker)).value(), worker);
}

}  // namespace
}  // namespace berth::catalog
