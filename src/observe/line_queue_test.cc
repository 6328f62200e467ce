#include "observe/line_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/simulation.h"

namespace berth::observe {
namespace {

using testing::ElementsAre;

/// Lines as many as one likes, handled when the test lets time go on.
struct LineQueueTest : testing::Test {
  sim::Simulation simulation{8};
  sim::Host& host = simulation.add_host("here");
  SampleStore store{host.world(), Log(), {.folder = "/samples"}};
  Observer observer{host.world(), store, Log()};
  LineIntake intake{observer, host.clock};
  std::unique_ptr<LineQueue> queue;
  std::vector<std::string> got;
  LineQueueLimits limits{.memory_bytes_max = 1000, .spill_bytes_max = 4000, .turn_max = 0ns};

  void SetUp() override {
    ASSERT_TRUE(simulation.run(store.open()).ok());
    intake.add_sink([this](const ParsedLine& parsed) { got.push_back(parsed.record.line); });
    open();
  }
  void open() {
    queue = std::make_unique<LineQueue>(host.world(), Log(), intake, "/lines", limits);
    ASSERT_TRUE(simulation.run(queue->open(0)).ok());
  }
  static LogLine line(std::string_view text, LogLevel level = LogLevel::error) {
    LogLine out;
    out.input = "udp";
    out.text = text;
    out.level = level;
    return out;
  }
};

TEST_F(LineQueueTest, a_line_that_nobody_waits_before_is_handled_at_once) {
  limits.turn_max = 1s;
  open();
  queue->take(line("a"));
  queue->take_slow(line("b"));
  queue->take_kept(line("c"));
  EXPECT_THAT(got, ElementsAre("a", "b", "c"));
  EXPECT_EQ(queue->counted(), 1U);
}

TEST_F(LineQueueTest, senders_that_can_wait_do_and_none_of_their_lines_is_dropped) {
  for (int i = 0; i < 100; ++i) queue->take_slow(line(std::string(100, 'x')));
  auto room = queue->room();
  EXPECT_TRUE(room.pending());
  EXPECT_GT(queue->waiting_bytes(), 10'000U);
  limits.turn_max = 1s;
  EXPECT_TRUE(simulation.run(queue->close()).ok());
  EXPECT_EQ(got.size(), 100U);
  EXPECT_TRUE(queue->dropped().empty());
}

TEST_F(LineQueueTest, those_that_cannot_wait_spill_and_then_the_least_important_are_dropped) {
  for (int i = 0; i < 10; ++i) queue->take(line(std::string(100, 'm')));
  std::uint64_t held = 10 - queue->spilled();
  EXPECT_GE(queue->spilled(), 1U);
  for (auto level : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error}) {
    for (int i = 0; i < 40; ++i) queue->take(line(std::string(100, 's'), level));
  }
  auto& dropped = queue->dropped();
  EXPECT_GT(dropped.at({"udp", LogLevel::debug}), 20U);
  EXPECT_GT(dropped.at({"udp", LogLevel::info}), 28U);
  EXPECT_GT(dropped.at({"udp", LogLevel::error}), 30U);
  EXPECT_LE(queue->spilled_bytes(), limits.spill_bytes_max + 200);
  std::uint64_t lost = 0;
  for (auto& [what, count] : dropped) lost += count;
  EXPECT_EQ(queue->spilled() + lost + held, 170U);
}

TEST_F(LineQueueTest, what_is_spilled_is_handled_later_in_order_also_by_the_next_process) {
  for (int i = 0; i < 30; ++i) queue->take(line(std::to_string(i) + std::string(50, ' ')));
  std::size_t held = 30 - queue->spilled();
  EXPECT_GT(queue->spilled(), 5U);
  EXPECT_TRUE(simulation.run(queue->close()).ok());
  EXPECT_EQ(got.size(), held);
  limits.turn_max = 1s;
  open();
  queue->take(line("last"));
  simulation.run_for(1s);
  ASSERT_EQ(got.size(), 31U);
  for (int i = 0; i < 30; ++i) EXPECT_TRUE(got[i].starts_with(std::to_string(i)));
  EXPECT_EQ(got.back(), "last");
  EXPECT_EQ(queue->spilled_bytes(), 0U);
}

TEST_F(LineQueueTest, a_kept_line_counts_only_once_it_was_handled) {
  queue->take_kept(line("a"));
  queue->take_kept(line("b"));
  EXPECT_EQ(queue->counted(), 0U);
  EXPECT_TRUE(simulation.run(queue->commit()).ok());
  got.clear();
  open();  // kill -9
  EXPECT_THAT(got, ElementsAre("a", "b"));
  EXPECT_EQ(queue->counted(), 2U);
}

}  // namespace
}  // namespace berth::observe
