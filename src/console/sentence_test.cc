#include "console/sentence.h"

#include <gtest/gtest.h>

#include <list>
#include <memory>

#include "base/json.h"

namespace berth::console {
namespace {

constexpr WallTime noon{1'764'000'000'000'000'000};

/// A system of services as the sentence looks at it.
struct System {
  std::shared_ptr<std::list<placement::DesiredService>> all_desired =
      std::make_shared<std::list<placement::DesiredService>>();  // copies of a System share it
  std::vector<ServiceNow> services;
  std::vector<Call> calls;

  System& add(std::string name, Health health = Health::healthy, std::string why = "",
              WallTime since = noon, double errors_per_second = 0) {
    all_desired->emplace_back().name = name;
    ServiceNow now;
    now.desired = &all_desired->back();
    now.condition = {health, std::move(why), 2, 2, health == Health::healthy ? 2u : 1u, false};
    now.since = since;
    now.errors_per_second = errors_per_second;
    services.push_back(now);
    return *this;
  }
  /// The last service that was added went from a version to another.
  System& rolled(std::uint64_t from, std::uint64_t to, WallTime started, WallTime ended,
                 bool automatic = false) {
    placement::Rollout rollout;
    rollout.from = from;
    rollout.to = to;
    rollout.started = started;
    rollout.ended = ended;
    rollout.automatic = automatic;
    if (ended != WallTime{}) rollout.result = placement::RolloutResult::done;
    auto& service = all_desired->back();
    service.rollouts.push_back(rollout);
    service.target = to;
    for (std::uint64_t number : {from, to}) {
      if (number == 0 || service.version(number)) continue;
      placement::Version version;
      version.number = number;
      version.good = number < to;
      service.versions.push_back(version);
    }
    return *this;
  }
  System& call(std::string from, std::string to) {
    calls.push_back({std::move(from), std::move(to), 1, 0, std::nullopt});
    return *this;
  }
  Sentence sentence() const { return make_sentence(services, calls, noon - 1h); }
};

TEST(Sentence, all_is_well) {
  auto sentence = System().add("orders").add("users").sentence();
  EXPECT_EQ(sentence.level, Sentence::Level::ok);
  EXPECT_EQ(sentence.text, "all 2 services are healthy");
  EXPECT_EQ(sentence.since, noon - 1h);
  EXPECT_EQ(sentence.others, 0u);
  EXPECT_EQ(System().add("users").sentence().text, "the service is healthy");
}

TEST(Sentence, what_is_stopped_on_purpose_is_not_wrong) {
  auto stopped = [] { return System().add("mail", Health::stopped, "no instance is wanted"); };
  EXPECT_EQ(stopped().sentence().text, "no service is wanted to run");
  EXPECT_EQ(stopped().add("users").sentence().text, "1 service is healthy, 1 stopped");
  EXPECT_EQ(stopped().add("users").add("web").sentence().text,
            "all 2 services are healthy, 1 stopped");
  EXPECT_EQ(stopped().sentence().level, Sentence::Level::ok);
}

TEST(Sentence, nothing_is_there_yet) {
  EXPECT_EQ(System().sentence().text, "there is no service yet");
}

TEST(Sentence, what_fails_and_how_and_since_when) {
  auto sentence =
      System()
          .add("orders")
          .add("recommendations", Health::failing, "34 % of its requests answer 500", noon - 4min)
          .sentence();
  EXPECT_EQ(sentence.level, Sentence::Level::bad);
  EXPECT_EQ(sentence.text, "recommendations fails: 34 % of its requests answer 500");
  EXPECT_EQ(sentence.since, noon - 4min);
  EXPECT_EQ(sentence.service, "recommendations");
  EXPECT_EQ(sentence.others, 0u);
}

TEST(Sentence, fewer_instances_than_wanted_is_a_warning) {
  auto sentence =
      System().add("orders", Health::degraded, "orders/2: ended with status 1").sentence();
  EXPECT_EQ(sentence.level, Sentence::Level::warn);
  EXPECT_EQ(sentence.text, "orders runs 1 of 2 instances: orders/2: ended with status 1");
}

TEST(Sentence, a_start_is_a_warning_that_blames_nothing) {
  auto system = System().add("orders", Health::starting, "waits for payments");
  auto sentence = system.rolled(0, 1, noon - 1s, {}).sentence();
  EXPECT_EQ(sentence.level, Sentence::Level::warn);
  EXPECT_EQ(sentence.text, "orders starts: waits for payments");
  EXPECT_EQ(sentence.version, 0u);
}

TEST(Sentence, failing_goes_before_degraded_before_starting) {
  auto system = System().add("a", Health::starting).add("b", Health::degraded);
  EXPECT_EQ(system.sentence().service, "b");
  system.add("c", Health::failing);
  EXPECT_EQ(system.sentence().service, "c");
  EXPECT_EQ(system.sentence().others, 2u);
}

TEST(Sentence, the_cause_goes_before_its_callers) {
  auto system = System()
                    .add("recommendations", Health::failing, "", noon, 3)
                    .add("web", Health::failing, "", noon - 1s, 9)
                    .call("gateway", "web")
                    .call("web", "recommendations");
  EXPECT_EQ(system.sentence().service, "recommendations");
  EXPECT_EQ(system.sentence().others, 1u);
}

TEST(Sentence, two_that_call_each_other_are_told_apart_by_their_errors) {
  auto system = System()
                    .add("a", Health::failing, "", noon, 3)
                    .add("b", Health::failing, "", noon, 9)
                    .call("a", "b")
                    .call("b", "a")
                    .call("b", "b");
  EXPECT_EQ(system.sentence().service, "b");
}

TEST(Sentence, of_equals_the_one_that_fails_longest_is_told) {
  auto system =
      System().add("a", Health::failing, "", noon).add("b", Health::failing, "", noon - 1min);
  EXPECT_EQ(system.sentence().service, "b");
  EXPECT_EQ(system.sentence().since, noon - 1min);
}

TEST(Sentence, it_began_with_the_deploy_in_whose_rollout_it_began) {
  auto sentence = System()
                      .add("orders", Health::failing, "", noon)
                      .rolled(1, 2, noon - 20s, noon + 10s)
                      .sentence();
  EXPECT_EQ(sentence.version, 2u);
  EXPECT_EQ(sentence.deployed, noon - 20s);
  EXPECT_EQ(sentence.return_to, 1u);
}

TEST(Sentence, it_began_with_a_deploy_that_still_goes_on) {
  auto sentence =
      System().add("orders", Health::failing, "", noon).rolled(4, 5, noon - 10min, {}).sentence();
  EXPECT_EQ(sentence.version, 5u);
  EXPECT_EQ(sentence.return_to, 4u);
}

TEST(Sentence, five_minutes_after_a_rollout_it_is_still_blamed_and_later_not) {
  auto ended_before = [](Duration ago) {
    return System()
        .add("orders", Health::failing, "", noon)
        .rolled(1, 2, noon - ago - 10s, noon - ago)
        .sentence();
  };
  EXPECT_EQ(ended_before(4min + 59s).version, 2u);
  EXPECT_EQ(ended_before(5min + 1s).version, 0u);
  EXPECT_EQ(ended_before(5min + 1s).return_to, 0u);
}

TEST(Sentence, a_deploy_after_it_began_is_not_blamed) {
  auto sentence =
      System().add("orders", Health::failing, "", noon).rolled(1, 2, noon + 30s, {}).sentence();
  EXPECT_EQ(sentence.version, 0u);
}

TEST(Sentence, a_fault_counted_in_the_second_of_the_deploy_belongs_to_it) {
  auto sentence =
      System().add("orders", Health::failing, "", noon).rolled(1, 2, noon + 900ms, {}).sentence();
  EXPECT_EQ(sentence.version, 2u);
}

TEST(Sentence, a_restart_is_not_a_deploy) {
  auto sentence = System()
                      .add("orders", Health::failing, "", noon)
                      .rolled(2, 2, noon - 5s, noon - 1s)
                      .sentence();
  EXPECT_EQ(sentence.version, 0u);
}

TEST(Sentence, after_a_return_there_is_nothing_to_return_to) {
  auto system = System().add("orders", Health::failing, "", noon);
  system.rolled(1, 2, noon - 20s, noon - 5s).rolled(2, 1, noon - 5s, noon, true);
  EXPECT_EQ(system.sentence().version, 2u);
  EXPECT_EQ(system.sentence().return_to, 0u);
}

TEST(Sentence, without_a_good_version_before_there_is_nothing_to_return_to) {
  auto sentence =
      System().add("orders", Health::failing, "", noon).rolled(0, 1, noon - 5s, {}).sentence();
  EXPECT_EQ(sentence.version, 1u);
  EXPECT_EQ(sentence.return_to, 0u);
}

std::string json_of(const Sentence& sentence) {
  std::string text;
  JsonWriter out(text);
  write(out, sentence);
  return text;
}

TEST(Sentence, its_json_leaves_out_what_there_is_not) {
  EXPECT_EQ(
      json_of(System().add("a").add("b").sentence()),
      R"({"level":"ok","text":"all 2 services are healthy","since":1763996400000,"others":0})");
  auto system = System()
                    .add("orders", Health::failing, "x", noon)
                    .rolled(1, 2, noon - 20s, noon + 10s)
                    .sentence();
  EXPECT_EQ(json_of(system),
            R"({"level":"bad","text":"orders fails: x","since":1764000000000,"service":"orders",)"
            R"("version":2,"deployed":1763999980000,"return_to":1,"others":0})");
}

}  // namespace
}  // namespace berth::console
