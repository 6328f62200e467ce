#include "proxy/tries_suite.h"

namespace berth::proxy {
namespace {

using ::testing::HasSubstr;

struct KeysTest : TriesTest {
  KeysTest() { users.policy.idempotency_for = 1h; }
  Answer order(std::string key, std::string body = "one table") {
    return run(ask("POST", {{"Idempotency-Key", std::move(key)}}, std::move(body)));
  }
};

TEST_F(KeysTest, a_repeat_gets_the_first_answer) {
  auto& program = add();
  program.status = 201;
  apply();
  auto first = order("k1");
  EXPECT_EQ(first.status, 201);
  program.status = 409;
  for (int i = 0; i < 3; ++i) {
    auto again = order("k1");
    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.text, "users/1");
    EXPECT_EQ(again.replayed, "true");
  }
  EXPECT_EQ(program.heads.size(), 1u);
  EXPECT_EQ(order("k2").status, 409);
  EXPECT_EQ(sink.records.size(), 5u);
  EXPECT_EQ(sink.records[1].termination, "LR--");
}

TEST_F(KeysTest, another_body_under_the_same_key_is_a_422) {
  add();
  apply();
  EXPECT_EQ(order("k1").status, 200);
  auto other = order("k1", "two tables");
  EXPECT_EQ(other.status, 422);
  EXPECT_THAT(other.reason, HasSubstr("used for another request"));
}

TEST_F(KeysTest, a_repeat_meanwhile_waits_and_gets_the_same) {
  auto& program = add();
  program.takes = 100ms;
  apply();
  Fields fields = {{"Idempotency-Key", "k1"}};
  auto first = ask("POST", fields, "x");
  auto second = ask("POST", fields, "x");
  simulation.run_for(20ms);
  auto hasty = fields;
  hasty.emplace_back("X-Berth-Deadline", "10");
  EXPECT_EQ(run(ask("POST", hasty, "x")).status, 409);
  auto one = run(std::move(first)), other = run(std::move(second));
  EXPECT_EQ(one.status, 200);
  EXPECT_EQ(other.status, 200);
  EXPECT_EQ(one.replayed + other.replayed, "true") << "one of them waited";
  EXPECT_EQ(program.heads.size(), 1u);
}

TEST_F(KeysTest, a_failure_is_no_outcome) {
  auto& program = add();
  program.status = 500;
  apply();
  EXPECT_EQ(order("k1").status, 500);
  program.status = 200;
  EXPECT_EQ(order("k1").status, 200);
  EXPECT_EQ(program.heads.size(), 2u);
}

TEST_F(KeysTest, it_is_kept_through_a_restart_of_the_proxy) {
  options.state_folder = "/state";
  restart();
  auto& program = add();
  apply();
  EXPECT_EQ(order("k1").status, 200);
  restart();
  apply();
  EXPECT_EQ(order("k1").replayed, "true");
  EXPECT_EQ(program.heads.size(), 1u);
}

TEST_F(KeysTest, what_is_too_large_is_refused_before_it_is_sent) {
  auto& program = add();
  apply();
  EXPECT_EQ(order("k1", std::string(200'000, 'x')).status, 413);
  EXPECT_EQ(order(std::string(300, 'k')).status, 400);
  EXPECT_EQ(program.heads.size(), 0u);
}

TEST_F(KeysTest, methods_that_may_be_repeated_and_services_without_it_are_as_before) {
  auto& program = add();
  apply();
  Fields fields = {{"Idempotency-Key", "k1"}};
  for (int i = 0; i < 2; ++i) EXPECT_EQ(run(ask("PUT", fields, "x")).replayed, "");
  users.policy.idempotency_for = 0s;
  apply();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(order("k2").replayed, "");
  EXPECT_EQ(program.heads.size(), 4u);
}

struct MirrorTest : TriesTest {};

TEST_F(MirrorTest, copies_go_to_the_second_service_and_nobody_waits) {
  auto& program = add();
  auto& shadow = add_shadow();
  shadow.takes = 5s;
  shadow.status = 500;
  users.policy.mirror_to = "shadow";
  users.policy.mirror_permille = 500;
  apply();
  MonotonicTime begun = simulation.now();
  for (int i = 0; i < 200; ++i) EXPECT_EQ(run(ask("POST", {}, "order")).status, 200);
  EXPECT_LT(simulation.now() - begun, 5s);
  simulation.run_for(20s);
  EXPECT_EQ(program.bodies.size(), 200u);
  EXPECT_NEAR(static_cast<double>(shadow.bodies.size()), 100, 35);
  for (auto& body : shadow.bodies) EXPECT_EQ(body, "order");
  EXPECT_EQ(shadow.heads[0]["X-Berth-Mirror"], "1");
  EXPECT_EQ(sink.records.size(), 200u) << "copies have no records";
}

struct DeclaredTest : TriesTest {};

TEST_F(DeclaredTest, a_caller_that_declared_no_need_is_refused) {
  add();
  users.policy.only_declared = true;
  users.policy.callers = {"orders"};
  apply();
  auto refused = get();
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.reason, HasSubstr("unknown has not declared that it needs users"));
  callers.name = "orders";
  client =
      std::make_unique<http::Client>(here.clock, here.network);  // callers are found by connection
  EXPECT_EQ(get().status, 200);
}

}  // namespace
}  // namespace berth::proxy
