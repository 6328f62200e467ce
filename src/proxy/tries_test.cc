#include "proxy/tries_suite.h"

namespace berth::proxy {
namespace {

using ::testing::HasSubstr;

TEST_F(TriesTest, an_answer_of_503_is_asked_for_again_at_another_instance) {
  auto& bad = add();
  add();
  bad.status = 503;
  users.policy.eject.failures = 0;
  users.policy.eject.share_permille = 0;
  apply();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get().text, "users/2");
  ASSERT_GT(bad.heads.size(), 3u);
  std::size_t again = 0;
  for (auto& record : sink.records) again += record.retries;
  EXPECT_EQ(again, bad.heads.size());
  EXPECT_EQ(sink.records.size(), 20u);
  std::size_t marked = 0;
  for (auto& head : programs[1]->heads) marked += head.contains("X-Berth-Attempt") ? 1 : 0;
  EXPECT_EQ(marked, bad.heads.size());
}

TEST_F(TriesTest, what_may_not_be_repeated_is_not_but_for_a_refused_connection) {
  auto& bad = add();
  add();
  bad.status = 503;
  apply();
  int refused = 0;
  for (int i = 0; i < 10; ++i) refused += run(ask("POST", {}, "order")).status == 503 ? 1 : 0;
  EXPECT_GT(refused, 0);
  EXPECT_EQ(sent(), 10u);
  end(bad);
  simulation.run_for(10ms);  // kept connections to it end
  for (int i = 0; i < 10; ++i) EXPECT_EQ(run(ask("POST", {}, "order")).text, "users/2");
}

TEST_F(TriesTest, a_method_that_is_named_is_repeated_with_its_body) {
  auto& bad = add();
  auto& good = add();
  bad.status = 502;
  users.policy.retry.methods = {"POST"};
  users.policy.eject.failures = 0;
  users.policy.eject.share_permille = 0;
  apply();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(run(ask("POST", {}, "order")).text, "users/2");
  EXPECT_EQ(good.bodies, std::vector<std::string>(10, "order"));
  EXPECT_GT(bad.bodies.size(), 0u);
}

TEST_F(TriesTest, a_hop_before_or_behind_that_repeats_is_not_multiplied) {
  auto& bad = add();
  bad.status = 503;
  users.policy.eject.failures = 0;
  users.policy.eject.share_permille = 0;
  apply();
  EXPECT_EQ(get().status, 503);
  EXPECT_EQ(sent(), 3u) << "two retries";
  EXPECT_EQ(get({{"X-Berth-Attempt", "1"}}).status, 503);
  EXPECT_EQ(sent(), 4u) << "whoever sent it sends it again";
  EXPECT_EQ(bad.heads.back()["X-Berth-Attempt"], "1");
  bad.says_reason = true;
  EXPECT_EQ(get().status, 503);
  EXPECT_EQ(sent(), 5u) << "a proxy behind has tried";
}

TEST_F(TriesTest, reasons_can_be_chosen) {
  add().status = 503;
  users.policy.retry.on = catalog::RetryPolicy::refused | catalog::RetryPolicy::status_502;
  apply();
  EXPECT_EQ(get().status, 503);
  EXPECT_EQ(sent(), 1u);
}

TEST_F(TriesTest, one_slow_try_does_not_cost_the_whole_time) {
  auto& slow = add();
  add();
  slow.takes = 10s;
  users.policy.retry.try_timeout = 100ms;
  apply();
  MonotonicTime begun = simulation.now();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get().text, "users/2");
  EXPECT_GT(slow.heads.size(), 0u);
  EXPECT_LT(simulation.now() - begun, 1500ms);
}

TEST_F(TriesTest, deadlines_are_kept_and_handed_on) {
  auto& program = add();
  program.takes = 10s;
  apply();
  MonotonicTime begun = simulation.now();
  auto answer = get({{"X-Berth-Deadline", "80"}, {"grpc-timeout", "2S"}});
  EXPECT_EQ(answer.status, 504);
  EXPECT_NEAR(static_cast<double>((simulation.now() - begun).count()), 80e6, 5e6);
  EXPECT_THAT(program.heads.back()["X-Berth-Deadline"], ::testing::MatchesRegex("80|7[5-9]"));
  EXPECT_THAT(program.heads.back()["grpc-timeout"], ::testing::EndsWith("n"));
  EXPECT_EQ(sink.records.back().termination, "sH--");
  program.takes = 0s;
  EXPECT_EQ(get({{"X-Berth-Deadline", "0"}}).status, 504);
  EXPECT_EQ(get().status, 200);
  EXPECT_THAT(program.heads.back()["X-Berth-Deadline"], ::testing::MatchesRegex("15000|1499."));
  EXPECT_FALSE(program.heads.back().contains("grpc-timeout"));
}

TEST_F(TriesTest, repeats_stay_within_their_budget_when_everything_fails) {
  for (int i = 0; i < 5; ++i) add().status = 503;
  users.policy.eject.failures = 0;
  users.policy.eject.share_permille = 0;
  apply();
  MonotonicTime begun = simulation.now();
  constexpr int requests = 2000;
  for (int i = 0; i < requests; ++i) EXPECT_EQ(get().status, 503);
  double seconds = static_cast<double>((simulation.now() - begun).count()) / 1e9;
  double free = 13 + seconds * http::RetryBudget::per_second_free;
  EXPECT_LE(static_cast<double>(sent()), requests * 1.2 + free);
  EXPECT_EQ(sink.records.size(), std::size_t{requests});
}

TEST_F(TriesTest, one_in_ten_that_fails_is_not_felt_and_rests) {
  for (int i = 0; i < 10; ++i) add();
  programs[3]->status = 503;
  users.policy.eject.time = 1min;
  apply();
  for (int i = 0; i < 500; ++i) ASSERT_EQ(get().status, 200);
  EXPECT_LE(programs[3]->heads.size(), 10u);
  auto report = proxy->report();
  ASSERT_EQ(report.out.size(), 1u);
  EXPECT_EQ(report.out[0].instance, "users/4@1");
  EXPECT_THAT(report.out[0].why, HasSubstr("in a row, the last: answered 5xx; back in "));
  programs[3]->status = 200;
  std::size_t before = programs[3]->heads.size();
  simulation.run_for(61s);
  for (int i = 0; i < 200; ++i) ASSERT_EQ(get().status, 200);
  EXPECT_GT(programs[3]->heads.size(), before);
  EXPECT_TRUE(proxy->report().out.empty());
}

TEST_F(TriesTest, when_too_few_are_left_all_are_asked) {
  for (int i = 0; i < 3; ++i) add().status = 500;
  apply();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(get().status, 500);
  EXPECT_EQ(proxy->report().out.size(), 3u);
  EXPECT_THAT(proxy->report().out[0].why, HasSubstr("asked nevertheless"));
  programs[1]->status = 200;
  int good = 0;
  for (int i = 0; i < 100; ++i) good += get().status == 200 ? 1 : 0;
  EXPECT_GT(good, 10);
}

TEST_F(TriesTest, the_breaker_stops_what_only_fails) {
  auto& program = add();
  program.status = 500;
  users.policy.breaker = {.share_permille = 500, .requests_min = 10, .open = 5s};
  apply();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get().reason, "");
  auto refused = get();
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.reason, HasSubstr("too many requests to users fail"));
  EXPECT_EQ(refused.retry_after, "5");
  EXPECT_EQ(program.heads.size(), 10u);
  program.status = 200;
  simulation.run_for(5s);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get().status, 200);
}

TEST_F(TriesTest, rates_by_service_and_by_key) {
  add();
  users.policy.limit.key = "header:X-User";
  users.policy.limit.key_per_second = 1;
  users.policy.limit.key_burst = 2;
  users.policy.limit.per_second = 1;
  users.policy.limit.burst = 4;
  apply();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(get({{"X-User", "anna"}}).status, 200);
  auto refused = get({{"X-User", "anna"}});
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.retry_after, "1");
  EXPECT_THAT(refused.reason, HasSubstr("more requests than users takes"));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(get({{"X-User", "ben"}}).status, 200);
  EXPECT_EQ(get({{"X-User", "carl"}}).status, 429) << "the service's own";
  simulation.run_for(1s);
  EXPECT_EQ(get({{"X-User", "anna"}}).status, 200);
}

TEST_F(TriesTest, urgent_requests_wait_before_others_and_push_them_out) {
  auto& program = add();
  program.takes = 100ms;
  users.policy.limit.in_flight = 1;
  users.policy.queue_max = 2;
  apply();
  std::vector<Deferred<Answer>> all;
  for (const char* urgency : {"3", "6", "5", "1"}) {
    all.push_back(ask("GET", {{"Priority", std::string("u=") + urgency}, {"x-number", urgency}}));
    simulation.run_for(5ms);
  }
  std::vector<Answer> answers;
  for (auto& each : all) answers.push_back(run(std::move(each)));
  EXPECT_EQ(answers[0].status, 200);
  EXPECT_EQ(answers[1].status, 503);
  EXPECT_EQ(answers[1].reason, "the queue of users is full");
  EXPECT_EQ(answers[2].status, 200);
  EXPECT_EQ(answers[3].status, 200);
  ASSERT_EQ(program.heads.size(), 3u);
  EXPECT_EQ(program.heads[1]["x-number"], "1");
  EXPECT_EQ(program.heads[2]["x-number"], "5");
  EXPECT_EQ(sink.records.size(), 4u);
}

TEST_F(TriesTest, who_waits_too_long_is_told_why) {
  add().takes = 1s;
  users.policy.in_flight_max = 1;
  apply();
  auto first = ask();
  simulation.run_for(5ms);
  auto second = get();
  EXPECT_EQ(second.status, 503);
  EXPECT_EQ(second.reason, "every instance of users is busy");
  EXPECT_EQ(sink.records.back().termination, "sQ--");
  EXPECT_EQ(run(std::move(first)).status, 200);
}

TEST_F(TriesTest, a_client_that_goes_while_it_waits_gives_its_place_to_the_next) {
  auto& program = add();
  program.takes = 100ms;
  users.policy.in_flight_max = 1;
  apply();
  auto first = ask();
  simulation.run_for(5ms);
  {
    auto gone = ask();
    simulation.run_for(5ms);
  }
  auto third = ask();
  EXPECT_EQ(run(std::move(third)).status, 200);
  EXPECT_EQ(run(std::move(first)).status, 200);
  simulation.run_for(1s);
  EXPECT_EQ(proxy->requests_in_flight(), 0u);
}

TEST_F(TriesTest, a_cookie_keeps_a_client_at_its_instance) {
  for (int i = 0; i < 5; ++i) add();
  users.policy.balance.sticky_cookie = "stay";
  apply();
  auto first = get();
  ASSERT_THAT(first.cookie, ::testing::MatchesRegex("stay=[0-9a-f]+; Path=/; HttpOnly.*"));
  std::string cookie = first.cookie.substr(0, first.cookie.find(';'));
  for (int i = 0; i < 20; ++i) {
    auto next = get({{"Cookie", "a=b; " + cookie}});
    EXPECT_EQ(next.text, first.text);
    EXPECT_EQ(next.cookie, "");
  }
  for (auto& each : programs) {
    if (each->id == first.text) end(*each);
  }
  auto moved = get({{"Cookie", cookie}});
  EXPECT_EQ(moved.status, 200);
  EXPECT_NE(moved.cookie, "");
}

TEST_F(TriesTest, a_hash_of_a_header_finds_the_same_instance) {
  for (int i = 0; i < 5; ++i) add();
  users.policy.balance.way = catalog::BalancePolicy::Way::maglev;
  users.policy.balance.key = "header:X-User";
  apply();
  std::set<std::string> seen;
  for (int user = 0; user < 20; ++user) {
    Fields fields = {{"X-User", std::to_string(user)}};
    std::string text = get(fields).text;
    seen.insert(text);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(get(fields).text, text);
  }
  EXPECT_GT(seen.size(), 2u);
}

TEST_F(TriesTest, tags_that_no_instance_has_are_a_503_with_the_reason) {
  add();
  users.policy.balance.subset_header = "X-Subset";
  users.policy.balance.subset_required = true;
  apply();
  EXPECT_EQ(get({{"X-Subset", "version=v1"}}).status, 200);
  auto refused = get({{"X-Subset", "version=v2"}});
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.reason, "no instance of users has the tags version=v2");
}

TEST(Facts, grpc_timeouts) {
  EXPECT_EQ(parse_grpc_timeout("5S"), 5s);
  EXPECT_EQ(parse_grpc_timeout("20m"), 20ms);
  EXPECT_EQ(parse_grpc_timeout("7u"), 7us);
  EXPECT_EQ(parse_grpc_timeout("99999999H"), Duration(9'000'000'000'000'000'000));
  for (auto* wrong : {"", "S", "5", "5s", "-1S", "123456789S", "1 S"})
    EXPECT_EQ(parse_grpc_timeout(wrong), std::nullopt) << wrong;
  for (Duration each : {Duration(1), Duration(99'999'999), Duration(1s), Duration(48h)}) {
    std::string text;
    append_grpc_timeout(text, each);
    EXPECT_LE(each - *parse_grpc_timeout(text), each / 1000) << text;
  }
}

}  // namespace
}  // namespace berth::proxy
