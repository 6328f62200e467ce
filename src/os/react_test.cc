#include "os/react.h"

#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

#include "async/clock.h"
#include "async/executor.h"
#include "async/network.h"
#include "async/shield.h"

namespace berth::os {
namespace {

std::vector<std::string> reports;
struct ReactTest : ::testing::Test {
  ReactTest() {
    reports.clear();
    set_unhandled_error_sink([](const Error& error) { reports.push_back(error.text()); });
  }
  ~ReactTest() override { set_unhandled_error_sink(nullptr); }
};

Deferred<int> answer_later(World& world, int code) {
  co_await world.clock.after(1ms);
  co_return code;
}

/// Raises the signals one after the other, then waits for ever.
Deferred<void> be_told(World& world, std::vector<int> signals) {
  for (int signal : signals) {
    co_await world.clock.after(1ms);
    ::raise(signal);
  }
  Promise<void> never;
  co_await never.deferred();
}

TEST_F(ReactTest, the_answer_of_main_is_the_exit_code) {
  EXPECT_EQ(react([](World& world) { return answer_later(world, 7); }), 7);
  EXPECT_EQ(react([](World&) { return ready(3); }), 3);
  EXPECT_EQ(react([](World& world) { return world.clock.after(1ms); }), 0);
  EXPECT_EQ(react([](World&) { return ready(); }), 0);
  EXPECT_TRUE(reports.empty());
}

TEST_F(ReactTest, an_error_of_main_is_reported_and_answers_one) {
  EXPECT_EQ(react([](World&) { return failed<int>(Error(Code::io, "no disk")); }), 1);
  EXPECT_EQ(react([](World&) { return failed<void>(Error(Code::refused, "no peer")); }), 1);
  // Nobody had asked it to stop.
  EXPECT_EQ(react([](World&) { return failed<void>(Error::cancelled()); }), 1);
  ASSERT_EQ(reports.size(), 3u);
  EXPECT_EQ(reports[0], "no disk");
  EXPECT_EQ(reports[1], "no peer");
}

TEST_F(ReactTest, the_world_is_the_real_one) {
  struct Run {
    static Deferred<int> go(World& world) {
      auto listener = co_await or_return(world.network.listen(Address::loopback(0)));
      auto connecting = world.network.connect(listener->address());
      auto server = co_await listener->accept();
      auto client = co_await std::move(connecting);
      co_await client->write(Bytes::literal("x"));
      Bytes got = co_await server->read();
      int size = co_await run_on(world.workers, [&got] { return static_cast<int>(got.size()); });
      co_return size + 40;
    }
  };
  EXPECT_EQ(react(Run::go), 41);
}

TEST_F(ReactTest, a_signal_cancels_main_and_stopping_orderly_is_good) {
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
    EXPECT_EQ(react([&](World& world) { return be_told(world, {signal}); }), 0) << signal;
  }
  EXPECT_TRUE(reports.empty());
}

TEST_F(ReactTest, main_may_take_its_time_to_stop_and_answer_otherwise) {
  bool cleaned = false;
  auto main = [&](World& world) -> Deferred<int> {
    return be_told(world, {SIGTERM})
        .then([] { return 0; },
              [&](Error error) {
                EXPECT_TRUE(error.is(Code::cancelled));
                return shielded<int>(world.clock.after(5ms).then([&] {
                  cleaned = true;
                  return 9;
                }));
              });
  };
  EXPECT_EQ(react(main), 9);
  EXPECT_TRUE(cleaned);
}

TEST_F(ReactTest, an_error_while_stopping_is_reported) {
  auto main = [](World& world) -> Deferred<void> {
    return be_told(world, {SIGTERM}).or_else([](Error) -> Result<void> {
      return Error(Code::io, "the goodbye was not written");
    });
  };
  EXPECT_EQ(react(main), 1);
  EXPECT_EQ(reports, std::vector<std::string>{"the goodbye was not written"});
}

TEST_F(ReactTest, what_does_not_stop_in_time_is_dropped) {
  ReactOptions options{.stop_timeout = 5ms};
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(react([](World& world) { return shielded(be_told(world, {SIGTERM})); }, options),
            128 + SIGTERM);
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("longer than 5"), std::string::npos);
}

TEST_F(ReactTest, a_second_signal_ends_it_at_once) {
  auto main = [](World& world) -> Deferred<void> {
    return be_told(world, {SIGINT}).or_else([&world](Error) {
      ::raise(SIGTERM);
      return shielded(world.clock.after(1h));
    });
  };
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(react(main), 128 + SIGINT);
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("a second signal"), std::string::npos);
}

}  // namespace
}  // namespace berth::os
