#include "runtime/registrar.h"

#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "placement/store_suite.h"

namespace berth::runtime {
namespace {

using State = placement::InstanceState;

struct RegistrarTest : placement::StoreTest {
  Registrar registrar{world, Log(), store, "laptop"};

  RegistrarTest() { registrar.start(); }
  static placement::InstanceRecord record(const std::string& host, State state = State::healthy) {
    placement::InstanceRecord made;
    made.service = "orders";
    made.number = 1;
    made.incarnation = "of " + host;
    made.host = host;
    made.state = state;
    made.address = Address::loopback(4000);
    return made;
  }
  void put_foreign() { put("instances/orders/1", placement::to_json(record("other")).text()); }
  std::string host_of_record() {
    auto entry = simulation.run(store.get("instances/orders/1")).value();
    if (!entry) return "none";
    return std::string(Json::parse(entry->value).value()["host"].string_or(""));
  }
  bool in_catalog() {
    return simulation.run(store.get(catalog::instance_key("orders/1"))).value().has_value();
  }
  storage::Revision settle() {
    auto revision = simulation.run(registrar.written("orders/1"));
    EXPECT_TRUE(revision.ok());
    return revision.ok() ? *revision : 0;
  }
};

TEST_F(RegistrarTest, catalog_holds_an_instance_while_its_process_runs) {
  for (auto [state, shown] : {std::pair{State::pending, false},
                              {State::starting, true},
                              {State::healthy, true},
                              {State::draining, true},
                              {State::unhealthy, true},
                              {State::failed, false},
                              {State::starting, true},
                              {State::stopped, false}}) {
    registrar.set(record("laptop", state), true);
    storage::Revision revision = settle();
    EXPECT_EQ(in_catalog(), shown) << placement::state_name(state);
    EXPECT_EQ(simulation.run(store.get("instances/orders/1")).value()->changed, revision);
  }
  registrar.remove("orders", 1);
  settle();
  EXPECT_EQ(host_of_record(), "none");
}

TEST_F(RegistrarTest, newest_word_is_written_and_nothing_twice) {
  std::size_t before = store.commits;
  registrar.set(record("laptop", State::pending), true);
  registrar.set(record("laptop", State::starting), true);
  registrar.set(record("laptop", State::healthy), true);
  settle();
  EXPECT_EQ(store.commits, before + 1);
  registrar.set(record("laptop", State::healthy), true);
  settle();
  EXPECT_EQ(store.commits, before + 1);
}

TEST_F(RegistrarTest, what_stands_already_is_not_written_again) {
  storage::Revision stood = put("instances/orders/1", placement::to_json(record("laptop")).text());
  std::size_t before = store.commits;
  registrar.set(record("laptop"), true);
  EXPECT_EQ(settle(), stood);
  EXPECT_EQ(store.commits, before);
}

TEST_F(RegistrarTest, record_of_another_host_is_left_alone_unless_it_is_assigned_here) {
  put_foreign();
  registrar.remove("orders", 1);
  settle();
  EXPECT_EQ(host_of_record(), "other");
  registrar.set(record("laptop", State::draining), false);
  settle();
  EXPECT_EQ(host_of_record(), "other");
  registrar.set(record("laptop"), true);
  settle();
  EXPECT_EQ(host_of_record(), "laptop");
}

TEST_F(RegistrarTest, record_that_another_host_takes_meanwhile_is_not_removed) {
  registrar.set(record("laptop"), true);
  settle();
  put_foreign();  // it was moved there
  registrar.remove("orders", 1);
  settle();
  EXPECT_EQ(host_of_record(), "other");
}

TEST_F(RegistrarTest, many_are_written_in_few_commits) {
  std::size_t before = store.commits;
  for (std::uint32_t number = 1; number <= 100; ++number) {
    auto one = record("laptop");
    one.number = number;
    registrar.set(one, true);
  }
  ASSERT_TRUE(simulation.run(registrar.idle()).ok());
  EXPECT_LE(store.commits, before + 4);
  EXPECT_TRUE(simulation.run(store.get("instances/orders/100")).value());
}

}  // namespace
}  // namespace berth::runtime
