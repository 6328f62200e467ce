#include "console/deploy_progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/strings.h"

namespace berth::console {
namespace {

using Action = placement::PlannedChange::Action;
using placement::InstanceState;
using placement::RolloutResult;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

struct DeployProgressTest : testing::Test {
  placement::ClusterState state;
  WallTime now{1'764'000'000'000'000'000};
  std::string waits;
  std::optional<DeployProgress> progress;

  placement::DesiredService& service(const std::string& name, std::uint64_t version,
                                     std::uint32_t instances = 1) {
    auto& service = state.services[name];
    service.name = name;
    service.target = version;
    service.instances = instances;
    if (!service.version(version)) {
      placement::Version made;
      made.number = version;
      made.spec.name = name;
      made.spec.update.deadline = 30s;
      service.versions.push_back(made);
    }
    return service;
  }
  placement::Rollout& rollout(const std::string& name, std::uint64_t from, std::uint64_t to) {
    auto& rollouts = state.services[name].rollouts;
    rollouts.emplace_back();
    rollouts.back().from = from;
    rollouts.back().to = to;
    rollouts.back().started = now;
    return rollouts.back();
  }
  void instance(const std::string& name, std::uint32_t number, InstanceState is,
                std::uint64_t version, std::string why = "") {
    placement::InstanceRecord record;
    record.service = name;
    record.number = number;
    record.state = is;
    record.version = version;
    record.why = std::move(why);
    state.instances[name][number] = record;
  }
  void begin(std::vector<placement::PlannedChange> changes) {
    progress.emplace(std::move(changes), state, now);
  }
  /// What is told now, each line without its time: "KIND SERVICE [INSTANCE]: TEXT".
  std::vector<std::string> look() {
    std::string text = progress->look(state, now, [&](std::string_view) { return waits; });
    std::vector<std::string> lines;
    for (auto line : split(text, '\n')) {
      if (line.empty()) continue;
      Json json = Json::parse(line).value();
      EXPECT_EQ(json["time"].integer(), now.nanoseconds / 1'000'000);
      std::string told(json["kind"].string_or(""));
      for (auto* key : {"service", "instance", "result"}) {
        if (json.find(key)) told += " " + std::string(json[key].string_or(""));
      }
      lines.push_back(told + ": " + std::string(json["text"].string_or("")));
    }
    return lines;
  }
  Json end() { return Json::parse(progress->end(state, now)).value(); }
};

TEST_F(DeployProgressTest, a_rollout_is_told_step_by_step_and_ends) {
  service("orders", 1, 2);
  instance("orders", 1, InstanceState::healthy, 1);
  instance("orders", 2, InstanceState::healthy, 1);
  begin({{"orders", Action::change, 2, {{"run", "a", "b"}}}});
  EXPECT_THAT(progress->plan_line(),
              HasSubstr(R"("kind":"plan","changes":[{"service":"orders","action":"change",)"
                        R"("version":2,"fields":[{"key":"run","from":"a","to":"b"}]}]})"));
  service("orders", 2, 2);
  rollout("orders", 1, 2).why = "0 of 2 replaced";
  EXPECT_THAT(look(), ElementsAre("progress orders: 0 of 2 replaced"));
  instance("orders", 3, InstanceState::starting, 2);
  EXPECT_THAT(look(), ElementsAre("progress orders orders/3: starting"));
  EXPECT_THAT(look(), IsEmpty());  // nothing is said twice
  instance("orders", 3, InstanceState::healthy, 2);
  instance("orders", 1, InstanceState::draining, 1);
  EXPECT_THAT(look(), ElementsAre("progress orders orders/1: draining",
                                  "progress orders orders/3: healthy"));
  state.instances["orders"].erase(1);
  EXPECT_THAT(look(), ElementsAre("progress orders orders/1: gone"));
  EXPECT_FALSE(progress->ended());
  state.instances["orders"].erase(2);
  instance("orders", 1, InstanceState::healthy, 2);
  now = now + 1400ms;
  state.services["orders"].rollouts.back().result = RolloutResult::done;
  auto lines = look();
  EXPECT_EQ(lines.back(), "service orders done: 2 of 2 healthy in 1.4 s");
  EXPECT_TRUE(progress->ended());
  EXPECT_EQ(end()["ok"].boolean(), true);
  EXPECT_EQ(end()["text"].string_or(""), "orders is deployed after 1.4 s");
}

TEST_F(DeployProgressTest, all_services_are_told_together) {
  begin({{"orders", Action::create, 1, {}}, {"users", Action::create, 1, {}}});
  for (auto* name : {"orders", "users"}) {
    service(name, 1);
    rollout(name, 0, 1).result = RolloutResult::done;
    instance(name, 1, InstanceState::healthy, 1);
  }
  now = now + 1600ms;
  look();
  EXPECT_EQ(end()["text"].string_or(""), "all 2 healthy in 1.6 s");
}

TEST_F(DeployProgressTest, a_return_fails_the_deploy_with_its_reason) {
  service("orders", 1);
  begin({{"orders", Action::change, 2, {}}});
  service("orders", 2);
  auto& bad = rollout("orders", 1, 2);
  EXPECT_THAT(look(), IsEmpty());
  bad.result = RolloutResult::returned;
  bad.why = "orders/2 answered 500 to its check";
  service("orders", 1);
  auto& back = rollout("orders", 2, 1);
  back.automatic = true;
  EXPECT_THAT(look(), ElementsAre("service orders returned: orders/2 answered 500 to its check"));
  EXPECT_EQ(end()["ok"].boolean(), false);
  EXPECT_EQ(end()["text"].string_or(""), "orders went back: orders/2 answered 500 to its check");
}

TEST_F(DeployProgressTest, a_failed_rollout_is_told_beside_those_that_went_well) {
  begin({{"orders", Action::create, 1, {}},
         {"users", Action::create, 1, {}},
         {"web", Action::create, 1, {}}});
  for (auto* name : {"orders", "users", "web"}) {
    service(name, 1);
    rollout(name, 0, 1).result =
        std::string(name) == "users" ? RolloutResult::done : RolloutResult::failed;
  }
  look();
  EXPECT_TRUE(progress->ended());
  EXPECT_EQ(end()["ok"].boolean(), false);
  EXPECT_EQ(end()["text"].string_or(""), "2 of 3 services failed: orders web");
}

TEST_F(DeployProgressTest, a_change_that_replaces_nothing_ends_when_as_many_run_as_wanted) {
  service("orders", 1, 1);
  instance("orders", 1, InstanceState::healthy, 1);
  begin({{"orders", Action::change, 1, {{"instances", "1", "2"}}}});
  service("orders", 1, 2);
  EXPECT_THAT(look(), IsEmpty());
  EXPECT_FALSE(progress->ended());
  instance("orders", 2, InstanceState::starting, 1);
  EXPECT_THAT(look(), ElementsAre("progress orders orders/2: starting"));
  instance("orders", 2, InstanceState::healthy, 1);
  EXPECT_EQ(look().back(), "service orders done: 2 of 2 healthy in 0 ns");
}

TEST_F(DeployProgressTest, a_removal_ends_when_the_service_is_gone) {
  service("mail", 1);
  instance("mail", 1, InstanceState::healthy, 1);
  begin({{"mail", Action::remove, 1, {}}});
  state.services["mail"].removed = true;
  instance("mail", 1, InstanceState::draining, 1);
  EXPECT_THAT(look(), ElementsAre("progress mail mail/1: draining"));
  state.services.erase("mail");
  state.instances.erase("mail");
  EXPECT_THAT(look(), ElementsAre("progress mail mail/1: gone",
                                  StartsWith("service mail done: removed in")));
  EXPECT_THAT(std::string(end()["text"].string_or("")), StartsWith("mail is removed after"));
}

TEST_F(DeployProgressTest, nothing_to_change_ends_at_once) {
  begin({});
  EXPECT_TRUE(progress->ended());
  EXPECT_EQ(end()["ok"].boolean(), true);
  EXPECT_EQ(end()["text"].string_or(""), "nothing to change");
}

TEST_F(DeployProgressTest, what_a_service_waits_for_is_told_and_it_is_not_waited_for_ever) {
  begin({{"orders", Action::create, 1, {}}});
  service("orders", 1);
  rollout("orders", 0, 1);
  waits = "waits for payments";
  EXPECT_THAT(look(), ElementsAre("progress orders: waits for payments"));
  now = now + 30s + DeployProgress::patience;
  EXPECT_THAT(look(), IsEmpty());
  now = now + 1s;
  EXPECT_THAT(look(), ElementsAre("service orders failed: nothing has happened for 1 min 30 s: "
                                  "waits for payments; it goes on"));
  EXPECT_EQ(end()["ok"].boolean(), false);
}

TEST_F(DeployProgressTest, another_change_that_comes_between_ends_it) {
  service("orders", 1);
  begin({{"orders", Action::change, 2, {}}});
  service("orders", 3);
  EXPECT_THAT(look(), ElementsAre("service orders failed: another change came between"));
}

TEST_F(DeployProgressTest, a_service_that_is_removed_meanwhile_ends_it) {
  service("orders", 1);
  begin({{"orders", Action::change, 2, {}}});
  service("orders", 2).removed = true;
  EXPECT_THAT(look(), ElementsAre("service orders failed: it was removed meanwhile"));
}

}  // namespace
}  // namespace berth::console
