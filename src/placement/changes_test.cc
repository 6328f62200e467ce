#include "placement/changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "placement/edits.h"
#include "placement/store_suite.h"

namespace berth::placement {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct ChangesTest : StoreTest {
  ChangesTest() {
    start_mirror();
    put_system();
  }
  const DesiredService& service(const std::string& name) { return state().services.at(name); }
  /// As if its rollout had ended well.
  void make_good(const std::string& name) {
    DesiredService copy = service(name);
    copy.versions.back().good = true;
    copy.rollouts.back().result = RolloutResult::done;
    caught_up(put(service_key(name), to_json(copy).text()));
  }
};

TEST_F(ChangesTest, a_deploy_creates_services_in_one_commit) {
  std::size_t before = store.commits;
  EXPECT_EQ(changed(changes.deploy(system_of({spec("orders", 2), spec("users")}), {})), "");
  EXPECT_EQ(store.commits, before + 1);
  EXPECT_EQ(service("orders").vip_host, 2u);
  EXPECT_EQ(service("users").vip_host, 3u);
  EXPECT_EQ(service("orders").instances, 2u);
  EXPECT_EQ(service("orders").target, 1u);
  ASSERT_EQ(service("orders").rollouts.size(), 1u);
  EXPECT_EQ(service("orders").rollouts[0].result, RolloutResult::running);
  EXPECT_EQ(changed(changes.deploy(system_of({spec("orders", 2), spec("users")}), {})), "");
  EXPECT_EQ(store.commits, before + 1) << "nothing is different, nothing is written";
}

TEST_F(ChangesTest, a_deploy_changes_creates_and_removes) {
  changed(changes.deploy(system_of({spec("orders"), spec("users"), spec("mail")}), {}));
  ServiceSpec users = spec("users");
  users.calls.timeout = 3s;
  EXPECT_EQ(changed(changes.deploy(system_of({spec("orders", 1, "v2"), spec("stock"), users}), {})),
            "");
  EXPECT_EQ(service("orders").target, 2u);
  EXPECT_EQ(service("users").target, 1u);
  EXPECT_EQ(service("users").spec().calls.timeout, 3s);
  EXPECT_EQ(service("stock").vip_host, 5u);
  EXPECT_TRUE(service("mail").removed);
}

TEST_F(ChangesTest, a_deploy_of_some_leaves_the_others) {
  changed(changes.deploy(system_of({spec("orders"), spec("users"), spec("mail")}), {}));
  EXPECT_EQ(changed(changes.deploy(system_of({spec("orders", 1, "v2"), spec("users", 1, "v2")}),
                                   {"orders"})),
            "");
  EXPECT_EQ(service("orders").target, 2u);
  EXPECT_EQ(service("users").target, 1u);
  EXPECT_FALSE(service("mail").removed);
  EXPECT_THAT(changed(changes.deploy(system_of({spec("orders")}), {"order"})),
              HasSubstr("the file has no service 'order'; did you mean 'orders'?"));
}

TEST_F(ChangesTest, a_deploy_for_another_system_or_environment_is_refused) {
  EXPECT_THAT(changed(changes.deploy({"blog", "dev", {spec("a")}}, {})),
              HasSubstr("the system that runs here is 'shop', the file describes 'blog'"));
  EXPECT_THAT(changed(changes.deploy({"shop", "production", {spec("a")}}, {})),
              HasSubstr("runs as environment 'dev', this deploy is for 'production'"));
  EXPECT_THAT(state().services, IsEmpty());
}

TEST_F(ChangesTest, what_was_scaled_stands_until_the_file_says_another_number) {
  changed(changes.deploy(system_of({spec("orders", 2)}), {}));
  EXPECT_EQ(changed(changes.scale("orders", 5)), "");
  EXPECT_EQ(service("orders").instances, 5u);
  EXPECT_THAT(feed_texts(), ElementsAre("orders scale: from 2 to 5"));
  changed(changes.deploy(system_of({spec("orders", 2, "v2")}), {}));
  EXPECT_EQ(service("orders").instances, 5u);
  auto planned = plan(state(), system_of({spec("orders", 3, "v2")}), {});
  ASSERT_EQ(planned.size(), 1u);
  EXPECT_EQ(planned[0].fields[0].from, "5");
  changed(changes.deploy(system_of({spec("orders", 3, "v2")}), {}));
  EXPECT_EQ(service("orders").instances, 3u);
}

TEST_F(ChangesTest, a_deploy_during_a_rollout_ends_it) {
  changed(changes.deploy(system_of({spec("orders")}), {}));
  changed(changes.deploy(system_of({spec("orders", 1, "v2")}), {}));
  ASSERT_EQ(service("orders").rollouts.size(), 2u);
  EXPECT_EQ(service("orders").rollouts[0].result, RolloutResult::returned);
  EXPECT_EQ(service("orders").rollouts[0].why, "version 2 was deployed meanwhile");
}

TEST_F(ChangesTest, vips_are_kept_for_life_and_the_lowest_free_is_given) {
  changed(changes.deploy(system_of({spec("a"), spec("b"), spec("c")}), {}));
  changed(changes.remove("b"));
  changed(changes.deploy(system_of({spec("a"), spec("c"), spec("d")}), {}));
  EXPECT_EQ(service("d").vip_host, 5u) << "that of b is not free before it is gone";
  caught_up(simulation.run(store.commit(storage::Batch().remove(service_key("b")))).value());
  changed(changes.deploy(system_of({spec("a"), spec("c"), spec("d"), spec("e")}), {}));
  EXPECT_EQ(service("e").vip_host, 3u);
}

TEST_F(ChangesTest, two_deploys_at_once_do_not_give_one_vip_to_two) {
  auto one = changes.deploy(system_of({spec("a")}), {"a"});
  auto two = changes.deploy(system_of({spec("b")}), {"b"});
  EXPECT_TRUE(simulation.run(std::move(one)).ok());
  EXPECT_EQ(changed(std::move(two)), "");
  EXPECT_NE(service("a").vip_host, service("b").vip_host);
}

TEST_F(ChangesTest, a_network_without_free_addresses_is_told) {
  storage::Revision last = 0;
  for (std::uint32_t i = 2; i <= 253; ++i) {
    std::string name = "s" + std::to_string(i);
    last = put(service_key(name), to_json(first_deploy(spec(name), i, {})).text());
  }
  caught_up(last);
  EXPECT_EQ(changed(changes.deploy(system_of({spec("x")}), {"x"})), "");
  EXPECT_THAT(changed(changes.deploy(system_of({spec("y")}), {"y"})),
              HasSubstr("service 'y' finds no address: all 253 of 127.77.7.0/24 are given"));
}

TEST_F(ChangesTest, a_large_deploy_is_several_commits_of_whole_services) {
  std::vector<ServiceSpec> many;
  for (int i = 0; i < 150; ++i) many.push_back(spec("s" + std::to_string(100 + i)));
  std::size_t before = store.commits;
  EXPECT_EQ(changed(changes.deploy(system_of(many), {})), "");
  EXPECT_EQ(store.commits, before + 3);
  EXPECT_EQ(state().services.size(), 150u);
  std::set<std::uint32_t> vips;
  for (auto& [name, service] : state().services) vips.insert(service.vip_host);
  EXPECT_EQ(vips.size(), 150u);
}

TEST_F(ChangesTest, large_specs_are_several_commits_too) {
  std::vector<ServiceSpec> large;
  for (int i = 0; i < 40; ++i) {
    large.push_back(spec("s" + std::to_string(i)));
    large.back().env = {{"A", std::string(60'000, 'x')}};
  }
  EXPECT_EQ(changed(changes.deploy(system_of(large), {})), "");
  EXPECT_EQ(state().services.size(), 40u);
}

TEST_F(ChangesTest, a_deploy_that_breaks_off_says_who_has_the_change) {
  std::vector<ServiceSpec> many;
  for (int i = 0; i < 100; ++i) many.push_back(spec("s" + std::to_string(100 + i)));
  store.before_commit = [&] {
    store.before_commit = [&] { store.fail_commits.push_back(Error(Code::disk_full, "full")); };
  };
  std::string error = changed(changes.deploy(system_of(many), {}));
  EXPECT_THAT(error, AllOf(HasSubstr("full"), HasSubstr("s100, s101"),
                           HasSubstr("deploy again for the rest")));
  EXPECT_EQ(changed(changes.deploy(system_of(many), {})), "");
  EXPECT_EQ(state().services.size(), 100u);
}

TEST_F(ChangesTest, what_comes_between_is_not_lost) {
  changed(changes.deploy(system_of({spec("orders", 2)}), {}));
  DesiredService other = service("orders");
  other.generation = 7;
  store.before_commit = [&] { put(service_key("orders"), to_json(other).text()); };
  EXPECT_EQ(changed(changes.scale("orders", 3)), "");
  EXPECT_EQ(service("orders").generation, 7u);
  EXPECT_EQ(service("orders").instances, 3u);
}

TEST_F(ChangesTest, a_state_that_never_holds_still_is_given_up) {
  changed(changes.deploy(system_of({spec("orders", 2)}), {}));
  for (int i = 0; i < Changes::attempts_max; ++i)
    store.fail_commits.push_back(Error(Code::conflict, "changed"));
  auto result = simulation.run(changes.scale("orders", 3));
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(result.error().is(Code::conflict));
}

TEST_F(ChangesTest, errors_of_the_store_are_answered) {
  changed(changes.deploy(system_of({spec("orders", 2)}), {}));
  store.fail_commits.push_back(Error(Code::disk_full, "no room left"));
  EXPECT_THAT(changed(changes.restart("orders")), HasSubstr("no room left"));
  EXPECT_EQ(service("orders").generation, 0u);
}

TEST_F(ChangesTest, rollback_goes_to_the_last_good_version_or_the_one_that_is_named) {
  changed(changes.deploy(system_of({spec("orders")}), {}));
  EXPECT_THAT(changed(changes.rollback("orders", 0)),
              HasSubstr("there is no earlier good version"));
  make_good("orders");
  changed(changes.deploy(system_of({spec("orders", 1, "v2")}), {}));
  make_good("orders");
  changed(changes.deploy(system_of({spec("orders", 1, "v3")}), {}));
  EXPECT_EQ(changed(changes.rollback("orders", 0)), "");
  EXPECT_EQ(service("orders").target, 2u);
  EXPECT_EQ(service("orders").rollouts.back().from, 3u);
  EXPECT_EQ(changed(changes.rollback("orders", 1)), "");
  EXPECT_EQ(service("orders").target, 1u);
  EXPECT_EQ(changed(changes.rollback("orders", 3)), "");
  EXPECT_THAT(changed(changes.rollback("orders", 3)), HasSubstr("is to run already"));
  EXPECT_THAT(changed(changes.rollback("orders", 9)),
              HasSubstr("there is no version 9 of 'orders'; kept are 1, 2, 3"));
}

TEST_F(ChangesTest, restart_grows_the_generation) {
  changed(changes.deploy(system_of({spec("orders")}), {}));
  make_good("orders");
  EXPECT_EQ(changed(changes.restart("orders")), "");
  EXPECT_EQ(service("orders").generation, 1u);
  EXPECT_EQ(service("orders").rollouts.back().from, 1u);
  EXPECT_EQ(service("orders").rollouts.back().to, 1u);
}

TEST_F(ChangesTest, a_removed_service_cannot_be_changed_but_deployed) {
  changed(changes.deploy(system_of({spec("orders")}), {}));
  EXPECT_EQ(changed(changes.remove("orders")), "");
  EXPECT_TRUE(service("orders").removed);
  EXPECT_EQ(changed(changes.remove("orders")), "");
  EXPECT_THAT(changed(changes.scale("orders", 2)), HasSubstr("is being removed"));
  EXPECT_THAT(changed(changes.restart("orders")), HasSubstr("is being removed"));
  EXPECT_THAT(changed(changes.rollback("orders", 1)), HasSubstr("is being removed"));
  EXPECT_EQ(changed(changes.deploy(system_of({spec("orders")}), {})), "");
  EXPECT_FALSE(service("orders").removed);
  EXPECT_EQ(service("orders").target, 2u);
}

TEST_F(ChangesTest, unknown_services_are_told_with_the_nearest_name) {
  changed(changes.deploy(system_of({spec("orders"), spec("users")}), {}));
  for (auto result : {changed(changes.scale("order", 2)), changed(changes.restart("order")),
                      changed(changes.rollback("order", 0)), changed(changes.remove("order"))})
    EXPECT_THAT(result, HasSubstr("there is no service 'order'; did you mean 'orders'?"));
  EXPECT_THAT(changed(changes.scale("orders", 1001)), HasSubstr("at most 1000 are placed"));
}

TEST_F(ChangesTest, versions_beyond_those_kept_go_the_bad_ones_first_and_none_that_runs) {
  changed(changes.deploy(system_of({spec("orders")}), {}));
  make_good("orders");
  Assignment running{"orders", 1, 3, 0, "laptop", false, {}};
  caught_up(put(assignment_key("orders", 1), to_json(running).text()));
  for (int i = 2; i <= 13; ++i) {
    changed(changes.deploy(system_of({spec("orders", 1, "v" + std::to_string(i))}), {}));
    if (i >= 6) make_good("orders");
  }
  std::vector<std::uint64_t> kept;
  for (auto& version : service("orders").versions) kept.push_back(version.number);
  EXPECT_THAT(kept, ElementsAre(1, 3, 6, 7, 8, 9, 10, 11, 12, 13));
}

TEST_F(ChangesTest, plan_tells_what_a_deploy_would_do) {
  changed(changes.deploy(system_of({spec("orders", 2), spec("mail"), spec("same")}), {}));
  ServiceSpec orders = spec("orders", 3, "v2");
  ServiceSpec stock = spec("stock");
  stock.needs = {"orders"};
  auto planned = plan(state(), system_of({orders, spec("same"), stock}), {});
  std::vector<std::string> lines;
  for (auto& change : planned) {
    lines.push_back(change.service + " " + std::to_string(static_cast<int>(change.action)) + " " +
                    std::to_string(change.version));
    for (auto& field : change.fields)
      lines.push_back("  " + field.key + ": " + field.from + " -> " + field.to);
  }
  EXPECT_THAT(lines, ElementsAre("mail 2 1", "orders 1 2", R"(  command: "v1" -> "v2")",
                                 "  instances: 2 -> 3", "stock 0 1", R"(  command:  -> "v1")",
                                 R"(  folder:  -> "/shop")", R"(  needs:  -> ["orders"])"));
  EXPECT_THAT(plan(state(), system_of({spec("orders", 2)}), {"orders"}), IsEmpty());
}

}  // namespace
}  // namespace berth::placement
