#pragma once

#include <csignal>

#include "async/world_suite.h"

namespace berth {

/// What process.h promises of any program; "ok", "three" and "wait" are there: they end with 0 and
/// 3, and not at all.
class ProcessSuite : public WorldSuite {
 protected:
  std::unique_ptr<Child> spawn(const std::string& name) {
    SpawnSpec spec;
    spec.argv = suite->program(name);
    spec.env = {{"PATH", "/usr/bin:/bin"}};
    return run(world.process.spawn(spec)).value();
  }
};

TEST_P(ProcessSuite, a_child_tells_how_it_ended_to_all_who_wait) {
  auto ok = spawn("ok");
  auto three = spawn("three");
  EXPECT_NE(ok->pid(), three->pid());
  auto first = three->wait();
  auto second = three->wait();
  auto gone = three->wait();
  gone.reset();
  EXPECT_TRUE(run(ok->wait()).value().good());
  EXPECT_EQ(run(std::move(first)).value().code, 3);
  EXPECT_EQ(run(std::move(second)).value().text(), "exit 3");
  EXPECT_EQ(run(three->wait()).value().code, 3);  // also afterwards
  three->send_signal(SIGKILL);                    // nothing happens
}

TEST_P(ProcessSuite, a_signal_ends_it) {
  auto child = spawn("wait");
  auto waiting = child->wait();
  suite->run_for(2ms);
  EXPECT_TRUE(waiting.pending());
  child->send_signal(SIGTERM);
  ExitStatus status = run(std::move(waiting)).value();
  EXPECT_EQ(status.signal, SIGTERM);
  EXPECT_EQ(status.text(), "killed by signal 15 (SIGTERM)");
  EXPECT_FALSE(status.good());
}

TEST_P(ProcessSuite, a_wait_may_be_cancelled) {
  auto child = spawn("wait");
  auto waiting = child->wait();
  waiting.cancel();
  EXPECT_TRUE(run(std::move(waiting)).error().is(Code::cancelled));
  child->send_signal(SIGKILL, true);
  EXPECT_EQ(run(child->wait()).value().signal, SIGKILL);
}

TEST_P(ProcessSuite, a_program_that_is_not_there_is_told) {
  SpawnSpec spec;
  spec.argv = {"no-such-program-here"};
  spec.env = {{"PATH", "/usr/bin:/bin"}};
  auto failed = run(world.process.spawn(spec));
  ASSERT_FALSE(failed.ok());
  EXPECT_TRUE(failed.error().is(Code::not_found));
  EXPECT_NE(failed.error().text().find("no-such-program-here"), std::string::npos);
}

TEST_P(ProcessSuite, who_waits_is_answered_also_when_the_handle_is_gone) {
  auto child = spawn("three");
  auto waiting = child->wait();
  child.reset();
  EXPECT_EQ(run(std::move(waiting)).value().code, 3);
}

}  // namespace berth
