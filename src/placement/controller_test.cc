#include "placement/controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "placement/store_suite.h"

namespace berth::placement {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

/// A controller, and agents that run what is assigned: an instance is healthy at once, unless its
/// command is "broken".
struct ControllerTest : StoreTest {
  std::optional<Controller> controller;
  std::set<std::string> hosts;

  void start() {
    start_mirror();
    put_system();
    add_host("a");
    controller.emplace(world, Log(), store, mirror, feed);
    controller->start();
  }
  void TearDown() override {
    if (controller) EXPECT_TRUE(simulation.run(controller->close()).ok());
    StoreTest::TearDown();
  }
  void add_host(const std::string& name) {
    hosts.insert(name);
    caught_up(put(host_key(name), to_json(HostRecord{.name = name}).text()));
  }
  void lose_host(const std::string& name) {
    hosts.erase(name);
    caught_up(simulation.run(store.commit(storage::Batch().remove(host_key(name)))).value());
  }
  InstanceRecord* record(const Assignment& a) {
    auto found = state().instances.find(a.service);
    if (found == state().instances.end() || !found->second.contains(a.number)) return nullptr;
    return const_cast<InstanceRecord*>(&found->second.at(a.number));
  }
  /// What the agents do about one assignment; true if anything.
  bool act(const Assignment& a) {
    const InstanceRecord* there = record(a);
    std::string key = instance_key(a.service, a.number);
    if (a.stop) {
      if (there) (void)simulation.run(store.commit(storage::Batch().remove(key))).ok();
      return there != nullptr;
    }
    InstanceRecord next{.service = a.service, .number = a.number};
    next.version = a.version;
    next.generation = a.generation;
    next.host = a.host;
    next.since = world.clock.wall();
    auto service = state().services.find(a.service);
    if (service == state().services.end()) return false;
    bool broken = service->second.version(a.version)->spec.run == "broken";
    next.state = broken ? InstanceState::unhealthy : InstanceState::healthy;
    if (there && there->version == next.version && there->state == next.state) return false;
    (void)simulation.run(store.commit(storage::Batch().put(key, to_json(next).text()))).ok();
    return true;
  }
  void act() {
    auto assignments = state().assignments;
    for (auto& [service, numbered] : assignments)
      for (auto& [number, a] : numbered)
        if (hosts.contains(a.host)) act(a);
  }
  bool run_until(const std::function<bool()>& holds, Duration limit = 3min) {
    for (Duration spent = 0s; spent < limit && !holds(); spent += 50ms) {
      act();
      simulation.run_for(50ms);
    }
    return holds();
  }
  std::size_t running(const std::string& name, std::uint64_t version) {
    std::size_t count = 0;
    auto found = state().assignments.find(name);
    if (found == state().assignments.end()) return 0;
    for (auto& [number, a] : found->second)
      count += !a.stop && a.version == version && record(a) &&
               record(a)->state == InstanceState::healthy;
    return count;
  }
  bool settled(const std::string& name) {
    auto found = state().services.find(name);
    return found != state().services.end() &&
           found->second.rollouts.back().result != RolloutResult::running &&
           state().assignments.at(name).size() == found->second.instances;
  }
  void deploy(std::vector<ServiceSpec> specs) {
    EXPECT_EQ(changed(changes.deploy(system_of(std::move(specs)), {})), "");
  }
};

TEST_F(ControllerTest, a_deploy_becomes_assignments_and_routing_policy) {
  start();
  ServiceSpec orders = spec("orders", 2);
  orders.routes = {{"api", "/orders"}};
  deploy({orders, spec("users")});
  ASSERT_TRUE(run_until([&] { return settled("orders") && settled("users"); }));
  EXPECT_EQ(running("orders", 1), 2u);
  EXPECT_EQ(state().policies.at("orders").vip.text(), "127.77.7.2:7480");
  EXPECT_EQ(state().policies.at("orders").routes.size(), 1u);
  EXPECT_TRUE(state().services.at("orders").versions[0].good);
  ASSERT_TRUE(until([&] { return state().feed.size() == 4; }));
  EXPECT_THAT(feed_texts(), Contains("orders deploy: version 1 is deployed: 2 to start"));
  EXPECT_THAT(feed_texts(), Contains(StartsWith("orders done: version 1 runs: 2 of 2 healthy")));
}

TEST_F(ControllerTest, the_catalog_reads_what_it_writes) {
  start();
  deploy({spec("orders", 2)});
  ASSERT_TRUE(run_until([&] { return settled("orders"); }));
  catalog::Catalog catalog(world, Log(), store);
  ASSERT_TRUE(simulation.run(catalog.start()).ok());
  EXPECT_EQ(catalog.snapshot()->system, "shop");
  EXPECT_EQ(catalog.snapshot()->domain, "shop.localhost");
  ASSERT_TRUE(catalog.snapshot()->find("orders"));
  EXPECT_EQ(catalog.snapshot()->find("orders")->vip.text(), "127.77.7.2:7480");
  EXPECT_TRUE(simulation.run(catalog.close()).ok());
}

TEST_F(ControllerTest, a_broken_version_is_returned_by_time_alone) {
  start();
  deploy({spec("orders", 2)});
  ASSERT_TRUE(run_until([&] { return settled("orders"); }));
  deploy({spec("orders", 2, "broken")});
  ASSERT_TRUE(run_until([&] { return state().services.at("orders").target == 1; }));
  ASSERT_TRUE(run_until([&] { return settled("orders"); }));
  EXPECT_EQ(running("orders", 1), 2u);
  EXPECT_THAT(feed_texts(), Contains(HasSubstr("going back to version 1")));
}

TEST_F(ControllerTest, it_says_why_a_service_waits) {
  start();
  ServiceSpec web = spec("web");
  web.needs = {"orders"};
  deploy({web, spec("orders", 1, "broken")});
  ASSERT_TRUE(until([&] { return !controller->waits("web").empty(); }));
  EXPECT_EQ(controller->waits("web"), "waits for the first healthy instance of orders");
  EXPECT_EQ(controller->waits("orders"), "");
  EXPECT_EQ(controller->waits("nobody"), "");
}

TEST_F(ControllerTest, changes_that_come_together_are_decided_on_together) {
  start();
  deploy({spec("orders", 40)});
  simulation.run_for(1s);
  std::uint64_t before = controller->decisions();
  act();  // 40 records, one after another
  simulation.run_for(100ms);
  EXPECT_LE(controller->decisions() - before, 12u);
  before = controller->decisions();
  simulation.run_for(30s);
  EXPECT_LE(controller->decisions() - before, 5u) << "it is quiet when nothing happens";
}

TEST_F(ControllerTest, a_thousand_instances_are_written_in_batches_of_the_store) {
  start();
  for (const char* name : {"b", "c", "d"}) add_host(name);
  deploy({spec("orders", 500), spec("users", 500)});
  ASSERT_TRUE(until([&] {
    return state().assignments.size() == 2 && state().assignments.at("orders").size() == 500 &&
           state().assignments.at("users").size() == 500;
  }));
  for (auto& batch : store.batches)
    EXPECT_LE(batch.conditions.size() + batch.writes.size(), storage::Batch::operations_max);
}

TEST_F(ControllerTest, it_survives_errors_of_the_store) {
  start();
  for (int i = 0; i < 3; ++i) store.fail_commits.push_back(Error(Code::unavailable, "away"));
  store.fail_commits.push_back(Error(Code::unknown_outcome, "who knows"));
  storage::Revision revision = 0;
  while (revision == 0) {
    auto deployed = simulation.run(changes.deploy(system_of({spec("orders", 2)}), {}));
    revision = deployed.ok() ? *deployed : 0;
  }
  for (int i = 0; i < 5; ++i) store.fail_commits.push_back(Error(Code::disk_full, "full"));
  ASSERT_TRUE(until([&] { return store.fail_commits.empty(); }, 1min));
  ASSERT_TRUE(run_until([&] { return settled("orders"); }));
}

TEST_F(ControllerTest, it_decides_anew_when_the_state_changed_meanwhile) {
  start();
  deploy({spec("orders", 2)});
  ASSERT_TRUE(run_until([&] { return settled("orders"); }));
  // Between its look at the state and its commit the service is scaled.
  DesiredService scaled = state().services.at("orders");
  scaled.instances = 1;
  store.before_commit = [&] {  // this is the user's
    store.before_commit = [&] { put(service_key("orders"), to_json(scaled).text()); };
  };
  EXPECT_EQ(changed(changes.scale("orders", 4)), "");
  ASSERT_TRUE(run_until([&] { return settled("orders"); }));
  EXPECT_EQ(state().services.at("orders").instances, 1u);
  EXPECT_EQ(running("orders", 1), 1u);
}

TEST_F(ControllerTest, it_survives_compaction) {
  start();
  deploy({spec("orders", 2)});
  ASSERT_TRUE(run_until([&] { return settled("orders"); }));
  ASSERT_TRUE(simulation.run(store.compact(state().revision)).ok());
  store.break_watches(Error(Code::compacted, "that revision is gone"));
  deploy({spec("orders", 2, "v2")});
  ASSERT_TRUE(run_until([&] { return settled("orders"); }));
  EXPECT_EQ(running("orders", 2), 2u);
}

TEST_F(ControllerTest, instances_of_a_host_whose_lease_ended_are_moved) {
  start();
  add_host("b");
  deploy({spec("orders", 4)});
  ASSERT_TRUE(run_until([&] { return settled("orders"); }));
  simulation.run_for(5min);  // quiet: that it was seen long ago does not count
  lose_host("b");
  simulation.run_for(20s);
  EXPECT_EQ(state().assignments.at("orders").size(), 4u);
  ASSERT_TRUE(run_until([&] { return state().assignments.at("orders").size() == 6; }, 1min));
  ASSERT_TRUE(run_until([&] { return running("orders", 1) == 4; }));
  EXPECT_EQ(state().instances.at("orders").size(), 4u) << "records of the lost ones are buried";
  add_host("b");
  ASSERT_TRUE(run_until([&] { return settled("orders"); }));
}

TEST_F(ControllerTest, a_removed_service_leaves_nothing_behind) {
  start();
  deploy({spec("orders", 2), spec("users")});
  ASSERT_TRUE(run_until([&] { return settled("orders") && settled("users"); }));
  EXPECT_EQ(changed(changes.remove("orders")), "");
  ASSERT_TRUE(run_until([&] { return !state().services.contains("orders"); }));
  EXPECT_FALSE(state().assignments.contains("orders"));
  EXPECT_FALSE(state().policies.contains("orders"));
  EXPECT_EQ(mirror.changed_at(catalog::service_key("orders")), 0u);
  ASSERT_TRUE(until([&] { return state().feed.rbegin()->second.service == "orders"; }));
  EXPECT_EQ(state().feed.rbegin()->second.text, "is removed: nothing of it runs any more");
}

TEST_F(ControllerTest, another_that_takes_over_goes_on_where_the_first_ended) {
  start();
  deploy({spec("orders", 3)});
  ASSERT_TRUE(run_until([&] { return settled("orders"); }));
  deploy({spec("orders", 3, "v2")});
  ASSERT_TRUE(run_until([&] { return running("orders", 2) == 1; }));
  EXPECT_TRUE(simulation.run(controller->close()).ok());
  simulation.run_for(10s);
  controller.emplace(world, Log(), store, mirror, feed);
  controller->start();
  ASSERT_TRUE(run_until([&] { return settled("orders"); }));
  EXPECT_EQ(running("orders", 2), 3u);
}

}  // namespace
}  // namespace berth::placement
