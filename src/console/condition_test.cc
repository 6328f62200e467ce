#include "console/condition.h"

#include <gtest/gtest.h>

namespace berth::console {
namespace {

using placement::InstanceRecord;
using placement::InstanceState;

placement::DesiredService wanted(std::uint32_t instances) {
  placement::DesiredService desired;
  desired.name = "orders";
  desired.instances = instances;
  return desired;
}

InstanceRecord instance(std::uint32_t number, InstanceState state, std::string why = "",
                        std::uint32_t restarts = 0) {
  InstanceRecord record;
  record.service = "orders";
  record.number = number;
  record.state = state;
  record.why = std::move(why);
  record.restarts = restarts;
  bool runs = state != InstanceState::pending && state != InstanceState::stopped &&
              state != InstanceState::failed;
  record.pid = runs ? 4000 + number : 0;
  return record;
}

Instances instances(std::vector<InstanceRecord> records) {
  Instances all;
  for (auto& record : records) all[record.number] = record;
  return all;
}

/// `rate` requests in each of the last 60 s, of which `errors` in each of the last `seconds`.
ServiceTraffic traffic(double rate, double errors, std::size_t seconds, int status = 500) {
  ServiceTraffic traffic;
  traffic.requests.fill(rate);
  for (std::size_t i = 60 - seconds; i < 60; ++i) {
    traffic.errors[i] = errors;
    if (i >= 50) traffic.errors_by_status[status] += errors;
  }
  return traffic;
}

Condition judge(std::uint32_t want, const Instances& all, std::string_view waits = "",
                const ServiceTraffic* counted = nullptr) {
  return condition_of(wanted(want), all, waits, counted);
}

TEST(Condition, a_service_with_all_its_instances_is_healthy_and_says_nothing) {
  auto condition = judge(
      2, instances({instance(1, InstanceState::healthy), instance(2, InstanceState::healthy)}));
  EXPECT_EQ(condition.health, Health::healthy);
  EXPECT_EQ(condition.why, "");
  EXPECT_EQ(condition.running, 2u);
  EXPECT_EQ(condition.healthy, 2u);
}

TEST(Condition, an_instance_that_ended_degrades_and_is_named) {
  auto condition =
      judge(2, instances({instance(1, InstanceState::healthy),
                          instance(2, InstanceState::failed, "ended with status 1", 3)}));
  EXPECT_EQ(condition.health, Health::degraded);
  EXPECT_EQ(condition.why, "orders/2: ended with status 1");
  EXPECT_EQ(condition.running, 1u);
}

TEST(Condition, one_that_is_started_again_is_not_new) {
  auto condition = judge(2, instances({instance(1, InstanceState::healthy),
                                       instance(2, InstanceState::starting, "", 1)}));
  EXPECT_EQ(condition.health, Health::degraded);
  EXPECT_EQ(condition.why, "orders/2: it is starting");
}

TEST(Condition, without_a_healthy_instance_it_fails) {
  auto condition =
      judge(2, instances({instance(1, InstanceState::unhealthy, "answered 500 to its check"),
                          instance(2, InstanceState::failed, "killed by signal 9")}));
  EXPECT_EQ(condition.health, Health::failing);
  EXPECT_EQ(condition.why, "none of its 2 instances is healthy; orders/2: killed by signal 9");
  auto only = judge(1, instances({instance(1, InstanceState::failed, "no such command")}));
  EXPECT_EQ(only.why, "its only instance is not healthy; orders/1: no such command");
}

TEST(Condition, what_is_on_its_way_for_the_first_time_starts) {
  EXPECT_EQ(judge(2, {}, "waits for payments").health, Health::starting);
  EXPECT_EQ(judge(2, {}, "waits for payments").why, "waits for payments");
  auto begun = judge(2, instances({instance(1, InstanceState::starting, "waits for its check"),
                                   instance(2, InstanceState::pending, "builds")}));
  EXPECT_EQ(begun.health, Health::starting);
  EXPECT_EQ(begun.why, "orders/1: waits for its check");
  auto scaled = judge(
      2, instances({instance(1, InstanceState::healthy), instance(2, InstanceState::starting)}));
  EXPECT_EQ(scaled.health, Health::starting);
}

TEST(Condition, none_wanted_is_stopped) {
  EXPECT_EQ(judge(0, {}).health, Health::stopped);
  EXPECT_EQ(judge(0, {}).why, "no instance is wanted");
  auto ending = judge(0, instances({instance(1, InstanceState::draining)}));
  EXPECT_EQ(ending.health, Health::stopped);
  EXPECT_EQ(ending.why, "no instance is wanted; 1 still run");
  auto removed = wanted(2);
  removed.removed = true;
  auto condition = condition_of(removed, {}, "", nullptr);
  EXPECT_EQ(condition.health, Health::stopped);
  EXPECT_EQ(condition.wanted, 0u);
  EXPECT_EQ(condition.why, "it is being removed");
}

TEST(Condition, more_than_wanted_while_rolling_is_healthy) {
  auto rolling = judge(
      1, instances({instance(1, InstanceState::healthy), instance(2, InstanceState::starting)}));
  EXPECT_EQ(rolling.health, Health::healthy);
  EXPECT_EQ(rolling.running, 2u);
}

TEST(Condition, a_service_that_answers_errors_fails_though_its_instances_are_healthy) {
  auto counted = traffic(10, 3.4, 20);
  auto condition = judge(1, instances({instance(1, InstanceState::healthy)}), "", &counted);
  EXPECT_EQ(condition.health, Health::failing);
  EXPECT_TRUE(condition.by_errors);
  EXPECT_EQ(condition.why, "34 % of its requests answer 500");
}

TEST(Condition, a_sudden_fault_is_seen_within_seconds) {
  EXPECT_FALSE(fails_by_errors(traffic(10, 4, 1)));  // 4 of 100
  EXPECT_TRUE(fails_by_errors(traffic(10, 10, 2)));  // 20 of 100
}

TEST(Condition, a_lasting_fault_is_not_missed) {
  EXPECT_TRUE(fails_by_errors(traffic(10, 1.2, 60)));
  EXPECT_FALSE(fails_by_errors(traffic(10, 0.8, 60)));
}

TEST(Condition, a_lasting_fault_is_over_when_it_stops) {
  auto counted = traffic(10, 5, 60);
  for (std::size_t i = 50; i < 60; ++i) counted.errors[i] = 0;
  EXPECT_FALSE(fails_by_errors(counted));
}

TEST(Condition, single_errors_are_no_fault) {
  EXPECT_FALSE(fails_by_errors(traffic(4, 0.08, 60)));  // the flaky bank: 2 %
  ServiceTraffic rare;                                  // one request a minute, and it failed
  rare.requests[59] = rare.errors[59] = 1;
  EXPECT_FALSE(fails_by_errors(rare));
  EXPECT_FALSE(fails_by_errors(ServiceTraffic()));
}

TEST(Condition, errors_are_told_by_their_most_frequent_status) {
  EXPECT_EQ(errors_text(traffic(10, 10, 10, 503)), "all of its requests answer 503");
  EXPECT_EQ(errors_text(traffic(10, 0.25, 10, 0)), "2.5 % of its requests get no answer");
  auto mixed = traffic(10, 4, 10, 500);
  mixed.errors_by_status = {{500, 25}, {503, 15}};
  EXPECT_EQ(errors_text(mixed), "40 % of its requests fail, most with 500");
  mixed.errors_by_status = {{0, 25}, {503, 15}};
  EXPECT_EQ(errors_text(mixed), "40 % of its requests fail, most without an answer");
}

TEST(Condition, shares_are_read_with_two_figures) {
  EXPECT_EQ(percent_text(0), "0 %");
  EXPECT_EQ(percent_text(0.0004), "less than 0.1 %");
  EXPECT_EQ(percent_text(0.02), "2 %");
  EXPECT_EQ(percent_text(0.0251), "2.5 %");
  EXPECT_EQ(percent_text(0.3389), "34 %");
  EXPECT_EQ(percent_text(1), "100 %");
}

TEST(Onset, is_where_the_errors_begin) {
  std::vector<double> requests(100, 10);
  std::vector<double> errors(100, 0);
  for (std::size_t i = 70; i < 100; ++i) errors[i] = i % 3 ? 4 : 2;
  EXPECT_EQ(errors_onset(requests, errors, 0.05), 70u);
  errors[20] = 1;  // a single one long before does not count
  EXPECT_EQ(errors_onset(requests, errors, 0.05), 70u);
}

TEST(Onset, of_all_errors_is_the_beginning_and_of_none_the_end) {
  EXPECT_EQ(errors_onset({5, 5, 5}, {5, 5, 5}, 0.05), 0u);
  EXPECT_EQ(errors_onset({5, 5, 5}, {0, 0, 0}, 0.05), 3u);
  EXPECT_EQ(errors_onset({}, {}, 0.05), 0u);
}

}  // namespace
}  // namespace berth::console
