#include "runtime/health_check.h"

#include <gtest/gtest.h>

#include "http/server.h"
#include "runtime/fake_driver_suite.h"
#include "runtime/host_suite.h"

namespace berth::runtime {
namespace {

using State = HealthTally::State;
using Kind = placement::HealthCheck::Kind;

struct HealthTallyTest : ::testing::Test {
  placement::HealthCheck check{.grace = 10s, .rise = 1, .fall = 3};
  MonotonicTime at(Duration time) { return MonotonicTime{} + time; }
};

TEST_F(HealthTallyTest, first_success_is_healthy_and_failures_in_grace_do_not_count) {
  HealthTally tally(check, State::starting, at(0s));
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(tally.add(false, "no", at(i * 1s)));
  EXPECT_EQ(tally.why(), "no");
  EXPECT_EQ(tally.pause(at(9s)), HealthTally::first_pause);
  EXPECT_TRUE(tally.add(true, "", at(9s)));
  EXPECT_EQ(tally.state(), State::healthy);
  EXPECT_EQ(tally.pause(at(9s)), check.interval);
}

TEST_F(HealthTallyTest, after_the_grace_failures_in_a_row_are_unhealthy) {
  HealthTally tally(check, State::starting, at(0s));
  EXPECT_FALSE(tally.add(false, "a", at(10s)));
  EXPECT_FALSE(tally.add(false, "b", at(11s)));
  EXPECT_TRUE(tally.add(false, "c", at(12s)));
  EXPECT_EQ(tally.state(), State::unhealthy);
  EXPECT_EQ(tally.why(), "c");
}

TEST_F(HealthTallyTest, healthy_falls_after_failures_in_a_row_and_rises_after_successes_in_a_row) {
  check.rise = 2;
  HealthTally tally(check, State::healthy, at(0s));
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(tally.add(false, "no", at(1s)));
    EXPECT_FALSE(tally.add(false, "no", at(1s)));
    EXPECT_FALSE(tally.add(true, "", at(1s)));
  }
  tally.add(false, "no", at(1s));
  tally.add(false, "no", at(1s));
  EXPECT_TRUE(tally.add(false, "no", at(1s)));
  EXPECT_FALSE(tally.add(true, "", at(1s)));
  EXPECT_FALSE(tally.add(false, "no", at(1s)));
  EXPECT_FALSE(tally.add(true, "", at(1s)));
  EXPECT_TRUE(tally.add(true, "", at(1s)));
  EXPECT_EQ(tally.state(), State::healthy);
}

TEST_F(HealthTallyTest, rise_counts_at_the_start_too) {
  check.rise = 2;
  HealthTally tally(check, State::starting, at(0s));
  EXPECT_FALSE(tally.add(true, "", at(1s)));
  EXPECT_FALSE(tally.add(false, "no", at(1s)));
  EXPECT_FALSE(tally.add(true, "", at(1s)));
  EXPECT_TRUE(tally.add(true, "", at(1s)));
}

struct HealthCheckTest : HostTest {
  std::shared_ptr<FakeProgram> program = std::make_shared<FakeProgram>();
  FakeInstance instance{program};
  std::unique_ptr<Listener> listener = network.listen(Address::loopback(0)).value();
  Address address = listener->address();
  int status = 200;
  bool stall = false;
  std::vector<std::string> targets;
  std::vector<std::string> closing;
  http::Server server{reactor, [this](http::ServerRequest& request) {
                        targets.emplace_back(request.head.target);
                        closing.emplace_back(request.head.headers.value("connection"));
                        return answer(reactor, stall, status);
                      }};
  static Deferred<http::ServerResponse> answer(Clock& clock, bool stall, int status) {
    if (stall) co_await clock.after(1h);
    co_return http::ServerResponse::text("hello", status);
  }
  std::vector<std::pair<State, std::string>> told;
  std::unique_ptr<HealthChecker> checker;

  HealthCheckTest() {
    auto& spec = program->spec;
    spec.id = "orders/1";
    spec.port = address.port();
    spec.service.health = {.kind = Kind::http,
                           .target = "/health",
                           .interval = 20ms,
                           .timeout = 200ms,
                           .grace = 30s,
                           .rise = 1,
                           .fall = 2};
  }
  placement::HealthCheck& check() { return program->spec.service.health; }
  void serve() { server.serve(std::move(listener)); }
  void start(State state = State::starting) {
    checker = std::make_unique<HealthChecker>(
        world, instance, address, state,
        [this](State now, const std::string& why) { told.emplace_back(now, why); });
    checker->start();
  }
  bool becomes(State state) {
    return until([&] { return !told.empty() && told.back().first == state; });
  }
};

TEST_F(HealthCheckTest, http_is_healthy_while_it_answers_well) {
  serve();
  start();
  EXPECT_TRUE(becomes(State::healthy));
  status = 302;
  std::size_t asked = targets.size();
  ASSERT_TRUE(until([&] { return targets.size() > asked + 5; }));
  EXPECT_EQ(told.size(), 1u);
  EXPECT_EQ(targets[0], "/health");
  EXPECT_EQ(closing[0], "close")
      << "a kept connection occupies a program that serves one at a time";
  status = 500;
  EXPECT_TRUE(becomes(State::unhealthy));
  EXPECT_EQ(told.back().second, "GET /health answered 500");
  status = 204;
  EXPECT_TRUE(becomes(State::healthy));
  EXPECT_EQ(told.size(), 3u);
}

TEST_F(HealthCheckTest, http_that_stalls_fails_by_its_timeout) {
  serve();
  stall = true;
  check().timeout = 50ms;
  start(State::healthy);
  EXPECT_TRUE(becomes(State::unhealthy));
  EXPECT_EQ(told.back().second, "GET /health did not answer within 50 ms");
}

TEST_F(HealthCheckTest, nobody_listens_yet_is_told_and_the_first_success_is_seen_at_once) {
  check().interval = 1h;
  listener.reset();
  start();
  ASSERT_TRUE(until([&] { return !told.empty(); }));
  EXPECT_EQ(told.back().first, State::starting);
  EXPECT_EQ(told.back().second, "nothing listens on " + address.text() + " yet");
  listener = network.listen(address).value();
  serve();
  EXPECT_TRUE(until([&] { return told.back().first == State::healthy; }, 2s));
}

TEST_F(HealthCheckTest, service_that_listens_elsewhere_is_told_so) {
  program->listens.on = {Address::loopback(8000)};
  listener.reset();
  start();
  ASSERT_TRUE(until([&] { return !told.empty(); }));
  EXPECT_EQ(told.back().second, "orders/1 listens on 8000, but $PORT was " +
                                    std::to_string(address.port()) +
                                    ": let it read $PORT, or write port = 8000");
}

TEST_F(HealthCheckTest, sentences_for_each_way_of_listening_elsewhere) {
  LaunchSpec spec = program->spec;
  spec.port = 23411;
  Address wanted = Address::loopback(23411);
  auto v6 = Address::parse("[::1]:23411").value();
  EXPECT_EQ(listens_elsewhere(spec, wanted, {}), "");
  EXPECT_EQ(listens_elsewhere(spec, wanted, {{wanted}, {}}), "");
  EXPECT_EQ(listens_elsewhere(spec, wanted, {{Address::parse("0.0.0.0:23411").value()}, {}}), "");
  EXPECT_EQ(listens_elsewhere(spec, wanted, {{Address::parse("[::]:23411").value()}, {}}), "");
  EXPECT_EQ(listens_elsewhere(spec, wanted, {{v6}, {}}),
            "orders/1 listens on [::1]:23411 only: let it listen on 127.0.0.1 or 0.0.0.0 ($HOST "
            "says where)");
  EXPECT_EQ(listens_elsewhere(spec, wanted, {{Address::loopback(9229), Address::loopback(80)}, {}}),
            "orders/1 listens on 80, 9229, but $PORT was 23411: let it read $PORT, or write port = "
            "80");
  EXPECT_EQ(listens_elsewhere(spec, wanted, {{}, {80}}),
            "nothing listens on 127.0.0.1:23411 yet; the image of orders/1 exposes 80: let it read "
            "$PORT, or write port = 80");
  spec.service.port = 9000;
  EXPECT_EQ(listens_elsewhere(spec, Address::loopback(9000), {{Address::loopback(8000)}, {}}),
            "orders/1 listens on 8000, but port = 9000 is written: write port = 8000");
}

TEST_F(HealthCheckTest, tcp_needs_a_connection_only) {
  check().kind = Kind::tcp;
  start();
  EXPECT_TRUE(becomes(State::healthy));
  listener.reset();
  EXPECT_TRUE(becomes(State::unhealthy));
  EXPECT_EQ(told.back().second, "nothing listens on " + address.text());
}

TEST_F(HealthCheckTest, command_says_by_its_exit) {
  check().kind = Kind::command;
  check().target = "./check";
  start();
  EXPECT_TRUE(becomes(State::healthy));
  program->command_result = {2, 0, ""};
  EXPECT_TRUE(becomes(State::unhealthy));
  EXPECT_EQ(told.back().second, "`./check` ended with exit 2");
}

TEST_F(HealthCheckTest, without_a_port_it_is_well_while_it_runs) {
  address = {};
  check().kind = Kind::tcp;
  start();
  EXPECT_TRUE(becomes(State::healthy));
}

TEST_F(HealthCheckTest, known_state_is_kept_until_a_check_says_otherwise) {
  serve();
  start(State::healthy);
  ASSERT_TRUE(until([&] { return targets.size() > 5; }));
  EXPECT_TRUE(told.empty());
}

}  // namespace
}  // namespace berth::runtime
