#include "runtime/agent.h"

#include <gtest/gtest.h>

#include "runtime/agent_suite.h"

namespace berth::runtime {
namespace {

using State = placement::InstanceState;

// Starting ----------------------------------------------------------------------------------------

TEST_F(AgentTest, assigned_instance_is_started_checked_and_registered) {
  auto orders = service("orders");
  orders.env = {{"LEVEL", "debug"}};
  desire(orders);
  desire(service("order-mail"));
  assign("orders", 1);
  start_agent();
  ASSERT_TRUE(becomes("orders/1", State::healthy)) << why("orders/1");
  FakeProgram& program = *process.program("orders/1");
  auto& there = *record("orders/1");
  EXPECT_EQ(there.version, 1u);
  EXPECT_EQ(there.host, "laptop");
  EXPECT_EQ(there.pid, program.pid);
  EXPECT_EQ(there.restarts, 0u);
  EXPECT_EQ(there.address, host.address(program.spec.port));
  EXPECT_GE(program.spec.port, options.port_first);
  EXPECT_LE(program.spec.port, options.port_last);
  auto seen = in_catalog("orders/1");
  EXPECT_EQ(seen.version, "v1");
  EXPECT_EQ(seen.health, catalog::Health::healthy);
  EXPECT_EQ(seen.incarnation, program.spec.incarnation);
  EXPECT_EQ(seen.address, there.address);

  EXPECT_EQ(value_of(program, "PORT"), std::to_string(program.spec.port));
  EXPECT_EQ(value_of(program, "HOST"), "10.0.0.1");
  EXPECT_EQ(value_of(program, "PATH"), "/bin");
  EXPECT_EQ(value_of(program, "LEVEL"), "debug") << "the service's own wins";
  EXPECT_EQ(value_of(program, "BERTH_SYSTEM"), "shop");
  EXPECT_EQ(value_of(program, "BERTH_SERVICE"), "orders");
  EXPECT_EQ(value_of(program, "BERTH_INSTANCE"), "orders/1");
  EXPECT_EQ(value_of(program, "BERTH_VERSION"), "1");
  EXPECT_EQ(value_of(program, "BERTH_BUS_URL"), "http://10.0.0.1:7490");
  EXPECT_EQ(value_of(program, "ORDER_MAIL_URL"), "http://127.77.7.5:7480");
  EXPECT_EQ(program.spec.hosts_path, "/state/hosts");
  EXPECT_NE(file("/state/hosts").find("\n127.77.7.5 orders orders.berth\n"), std::string::npos);
}

TEST_F(AgentTest, hosts_file_follows_the_services) {
  start_agent();
  EXPECT_EQ(file("/state/hosts").find("users"), std::string::npos);
  desire(service("users"));
  EXPECT_TRUE(until([&] {
    return file("/state/hosts").find("127.77.7.5 users users.berth\n") != std::string::npos;
  }));
}

TEST_F(AgentTest, instance_of_another_host_is_none_of_its_business) {
  desire(service("orders"));
  assign("orders", 1, 1, 0, false, "elsewhere");
  start_agent();
  simulation.run_for(5s);
  EXPECT_EQ(process.started("orders/1"), 0u);
  EXPECT_EQ(record("orders/1"), nullptr);
}

TEST_F(AgentTest, worker_without_a_port_is_healthy_while_it_runs) {
  auto worker = service("mailer");
  worker.has_port = false;
  desire(worker);
  assign("mailer", 1);
  start_agent();
  ASSERT_TRUE(becomes("mailer/1", State::healthy));
  EXPECT_EQ(value_of(*process.program("mailer/1"), "PORT"), "(unset)");
  EXPECT_EQ(in_catalog("mailer/1").id, "mailer/1") << "callers are found by its pid";
}

TEST_F(AgentTest, preparation_is_shared_and_told) {
  desire(service("orders"));
  process.preparing_held = true;
  assign("orders", 1);
  assign("orders", 2);
  start_agent();
  ASSERT_TRUE(becomes("orders/1", State::pending));
  ASSERT_TRUE(becomes("orders/2", State::pending));
  EXPECT_EQ(why("orders/2"), "is being prepared: preparing orders");
  EXPECT_EQ(process.prepared.size(), 1u);
  EXPECT_EQ(in_catalog("orders/1").id, "") << "nothing runs yet";
  process.release();
  EXPECT_TRUE(becomes("orders/1", State::healthy));
  EXPECT_TRUE(becomes("orders/2", State::healthy));
  EXPECT_NE(process.program("orders/1")->spec.port, process.program("orders/2")->spec.port);
}

TEST_F(AgentTest, assignment_that_goes_while_it_is_prepared_starts_nothing) {
  desire(service("orders"));
  process.preparing_held = true;
  assign("orders", 1);
  start_agent();
  ASSERT_TRUE(becomes("orders/1", State::pending));
  assign("orders", 1, 1, 0, true);
  EXPECT_TRUE(goes("orders/1"));
  process.release();
  simulation.run_for(1s);
  EXPECT_EQ(process.started("orders/1"), 0u);
}

TEST_F(AgentTest, start_that_fails_is_told_and_tried_again_with_growing_pauses) {
  desire(service("orders"));
  process.prepare_error = Error(Code::not_found, "python4 is not installed");
  assign("orders", 1);
  start_agent();
  ASSERT_TRUE(becomes("orders/1", State::failed));
  EXPECT_EQ(why("orders/1"), "python4 is not installed");
  ASSERT_TRUE(until([&] { return record("orders/1")->restarts == 3; }));
  EXPECT_EQ(process.prepared.size(), 4u);
  ASSERT_TRUE(until([&] { return told("exit") == 4; })) << "one entry for each try";
  EXPECT_TRUE(
      feed_texts()[0].ends_with("orders/1 could not be started: python4 is not installed; it is "
                                "tried again in 100 ms"))
      << feed_texts()[0];
  EXPECT_TRUE(feed_texts()[3].ends_with("in 800 ms"));
  process.prepare_error.reset();
  EXPECT_TRUE(becomes("orders/1", State::healthy));
  EXPECT_EQ(process.started("orders/1"), 1u);
}

TEST_F(AgentTest, fixed_port_that_somebody_has_is_told) {
  auto orders = service("orders");
  orders.port = 8000;
  desire(orders);
  auto other = host.network.listen(host.address(8000)).value();
  assign("orders", 1);
  start_agent();
  ASSERT_TRUE(becomes("orders/1", State::failed));
  EXPECT_EQ(why("orders/1"),
            "port 8000 of orders is in use by another program: stop that, or write "
            "another port");
  other.reset();
  ASSERT_TRUE(becomes("orders/1", State::healthy));
  assign("orders", 2);
  ASSERT_TRUE(becomes("orders/2", State::failed));
  EXPECT_TRUE(why("orders/2").starts_with("port 8000 is had by orders/1: ")) << why("orders/2");
}

// Health ------------------------------------------------------------------------------------------

TEST_F(AgentTest, failing_check_is_registered_and_told_once) {
  desire(service("orders"));
  assign("orders", 1);
  start_agent();
  ASSERT_TRUE(becomes("orders/1", State::healthy));
  health_status = 500;
  ASSERT_TRUE(becomes("orders/1", State::unhealthy));
  EXPECT_EQ(why("orders/1"), "GET /health answered 500");
  EXPECT_EQ(in_catalog("orders/1").health, catalog::Health::unhealthy);
  EXPECT_EQ(in_catalog("orders/1").why, "GET /health answered 500");
  std::size_t commits = store.commits;
  simulation.run_for(3s);
  EXPECT_LE(store.commits, commits + 2) << "only changes are written (and the feed)";
  health_status = 200;
  ASSERT_TRUE(becomes("orders/1", State::healthy));
  ASSERT_TRUE(until([&] { return told("health") == 2; }));
  EXPECT_EQ(feed_texts()[0], "orders health: orders/1 is unhealthy: GET /health answered 500");
  EXPECT_EQ(feed_texts()[1], "orders health: orders/1 is healthy again");
}

TEST_F(AgentTest, what_it_waits_for_at_the_start_is_told) {
  desire(service("orders"));
  programs_serve = false;
  assign("orders", 1);
  start_agent();
  ASSERT_TRUE(until([&] { return record("orders/1") && !why("orders/1").empty(); }));
  EXPECT_EQ(record("orders/1")->state, State::starting);
  EXPECT_TRUE(why("orders/1").starts_with("nothing listens on 10.0.0.1:")) << why("orders/1");
}

// Ends --------------------------------------------------------------------------------------------

TEST_F(AgentTest, killed_instance_is_started_again_at_once) {
  desire(service("orders"));
  assign("orders", 1);
  start_agent();
  ASSERT_TRUE(becomes("orders/1", State::healthy));
  FakeProgram& first = *process.program("orders/1");
  MonotonicTime killed = simulation.now();
  EXPECT_TRUE(agent->kill("orders/1").ok());
  ASSERT_TRUE(until([&] { return process.started("orders/1") == 2; }));
  EXPECT_LT(simulation.now() - killed, 50ms);
  EXPECT_TRUE(first.removed);
  ASSERT_TRUE(becomes("orders/1", State::healthy));
  EXPECT_EQ(record("orders/1")->restarts, 1u);
  EXPECT_NE(record("orders/1")->incarnation, first.spec.incarnation);
  ASSERT_TRUE(until([&] { return told("restart") == 1; }));
  EXPECT_EQ(feed_texts()[0],
            "orders exit: orders/1 ended: killed by signal 9 (SIGKILL); it is started "
            "again at once");
  EXPECT_EQ(feed_texts()[1], "orders restart: orders/1 runs again");
}

TEST_F(AgentTest, crash_loop_slows_down_and_tells_each_step_once) {
  desire(service("orders"));
  process.die_at_start = true;
  assign("orders", 1);
  start_agent();
  std::vector<MonotonicTime> starts;
  ASSERT_TRUE(until(
      [&] {
        if (process.started("orders/1") > starts.size()) starts.push_back(simulation.now());
        return starts.size() == 12;
      },
      10min));
  for (std::size_t i = 1; i < 9; ++i) {
    EXPECT_GE(starts[i] - starts[i - 1], 100ms * (1 << (i - 1)));
  }
  EXPECT_GE(starts[11] - starts[10], options.restart_most);
  EXPECT_LT(starts[11] - starts[10], options.restart_most + 1s);
  simulation.run_for(1s);
  EXPECT_EQ(told("exit"), 12u);
  EXPECT_EQ(told("restart"), 0u);
  EXPECT_EQ(why("orders/1"), "exit 1");
  EXPECT_EQ(record("orders/1")->restarts, 11u);
}

TEST_F(AgentTest, healthy_minute_forgives_what_was_before) {
  desire(service("orders"));
  assign("orders", 1);
  start_agent();
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(becomes("orders/1", State::healthy));
    std::size_t before = process.started("orders/1");
    process.program("orders/1")->end({1, 0, ""});
    ASSERT_TRUE(until([&] { return process.started("orders/1") > before; }));
  }
  ASSERT_TRUE(becomes("orders/1", State::healthy));
  simulation.run_for(61s);
  MonotonicTime ended = simulation.now();
  std::size_t before = process.started("orders/1");
  process.program("orders/1")->end({1, 0, ""});
  ASSERT_TRUE(until([&] { return process.started("orders/1") > before; }));
  EXPECT_LT(simulation.now() - ended, 50ms);
}

TEST_F(AgentTest, last_words_of_one_that_dies_at_its_start_are_told) {
  desire(service("orders"));
  process.die_at_start = true;
  std::string now = std::to_string(world.clock.wall().nanoseconds / 1'000'000 + 5000);
  std::string text = "1000 an error of an earlier one\n" + now + " Traceback\n" + now +
                     " ModuleNotFoundError: No module named 'flask'\n" + now + " Node.js v18\n";
  ASSERT_TRUE(simulation.run(world.disk.make_folder("/state/logs")).ok());
  ASSERT_TRUE(simulation.run(world.disk.replace_file("/state/logs/orders.1.log", text)).ok());
  assign("orders", 1);
  start_agent();
  ASSERT_TRUE(until([&] { return record("orders/1") && why("orders/1") != "exit 1"; }));
  EXPECT_EQ(why("orders/1"), "exit 1: ModuleNotFoundError: No module named 'flask'");
}

TEST_F(AgentTest, instance_whose_shim_died_is_started_again) {
  desire(service("orders"));
  assign("orders", 1);
  start_agent();
  ASSERT_TRUE(becomes("orders/1", State::healthy));
  FakeProgram& first = *process.program("orders/1");
  first.lose();
  ASSERT_TRUE(until([&] { return process.started("orders/1") == 2; }));
  EXPECT_TRUE(first.removed);
  ASSERT_TRUE(becomes("orders/1", State::healthy));
  EXPECT_TRUE(feed_texts()[0].find("its shim died, and it with it") != std::string::npos);
}

TEST_F(AgentTest, killing_what_is_not_there_names_the_nearest) {
  desire(service("orders"));
  assign("orders", 1);
  start_agent();
  ASSERT_TRUE(becomes("orders/1", State::healthy));
  auto wrong = agent->kill("order/1");
  ASSERT_FALSE(wrong.ok());
  EXPECT_TRUE(wrong.error().is(Code::not_found));
  EXPECT_EQ(wrong.error().text(),
            "there is no instance 'order/1' on this host; did you mean 'orders/1'?");
  process.start_error = Error(Code::io, "no");
  process.program("orders/1")->end({1, 0, ""});
  ASSERT_TRUE(becomes("orders/1", State::failed));
  EXPECT_TRUE(agent->kill("orders/1").error().is(Code::conflict));
}

// Stopping ----------------------------------------------------------------------------------------

TEST_F(AgentTest, stopped_instance_is_drained_then_terminated_then_forgotten) {
  desire(service("orders"));
  assign("orders", 1);
  start_agent();
  ASSERT_TRUE(becomes("orders/1", State::healthy));
  drains.open = false;
  assign("orders", 1, 1, 0, true);
  ASSERT_TRUE(becomes("orders/1", State::draining));
  EXPECT_EQ(in_catalog("orders/1").health, catalog::Health::draining);
  simulation.run_for(5s);
  FakeProgram& program = *process.program("orders/1");
  EXPECT_TRUE(program.signals.empty()) << "it was stopped while balancers still sent to it";
  auto entry = simulation.run(store.get(catalog::instance_key("orders/1"))).value();
  EXPECT_EQ(drains.asked["orders/1"], entry->changed);
  drains.open = true;
  ASSERT_TRUE(goes("orders/1"));
  EXPECT_EQ(program.signals, std::vector<int>{SIGTERM});
  EXPECT_TRUE(program.removed);
  EXPECT_EQ(in_catalog("orders/1").id, "");
  EXPECT_EQ(told("exit"), 0u);
  assign("orders", 1);
  EXPECT_TRUE(becomes("orders/1", State::healthy)) << "the number may be used again";
}

TEST_F(AgentTest, drain_ends_by_its_time) {
  desire(service("orders"));
  assign("orders", 1);
  start_agent();
  ASSERT_TRUE(becomes("orders/1", State::healthy));
  drains.open = false;
  MonotonicTime begin = simulation.now();
  unassign("orders", 1);
  ASSERT_TRUE(goes("orders/1", 2min));
  EXPECT_GE(simulation.now() - begin, options.drain_timeout);
  EXPECT_LT(simulation.now() - begin, options.drain_timeout + 1s);
}

TEST_F(AgentTest, one_that_never_was_healthy_is_not_drained) {
  desire(service("orders"));
  programs_serve = false;
  drains.open = false;
  assign("orders", 1);
  start_agent();
  ASSERT_TRUE(becomes("orders/1", State::starting));
  assign("orders", 1, 1, 0, true);
  ASSERT_TRUE(goes("orders/1", 2s));
}

TEST_F(AgentTest, one_that_does_not_hear_term_is_killed) {
  desire(service("orders"));
  assign("orders", 1);
  start_agent();
  ASSERT_TRUE(becomes("orders/1", State::healthy));
  FakeProgram& program = *process.program("orders/1");
  program.hangs_at_term = true;
  MonotonicTime begin = simulation.now();
  assign("orders", 1, 1, 0, true);
  ASSERT_TRUE(goes("orders/1"));
  EXPECT_EQ(program.signals, (std::vector<int>{SIGTERM, SIGKILL}));
  EXPECT_GE(simulation.now() - begin, options.stop_grace);
}

TEST_F(AgentTest, other_version_replaces_what_runs_under_its_number) {
  desire(service("orders"), 2);
  assign("orders", 1);
  start_agent();
  ASSERT_TRUE(becomes("orders/1", State::healthy));
  drains.open = false;
  assign("orders", 1, 2);
  ASSERT_TRUE(becomes("orders/1", State::draining));
  EXPECT_EQ(why("orders/1"), "makes room for version 2");
  EXPECT_EQ(process.started("orders/1"), 1u);
  drains.open = true;
  ASSERT_TRUE(until([&] { return process.started("orders/1") == 2; }));
  ASSERT_TRUE(becomes("orders/1", State::healthy));
  EXPECT_EQ(record("orders/1")->version, 2u);
  EXPECT_EQ(record("orders/1")->restarts, 0u);
  assign("orders", 1, 2, 1);
  ASSERT_TRUE(until([&] { return process.started("orders/1") == 3; })) << "another generation";
}

TEST_F(AgentTest, all_are_stopped_at_once_without_drain) {
  desire(service("orders"));
  desire(service("users"));
  drains.open = false;
  assign("orders", 1);
  assign("orders", 2);
  assign("users", 1);
  start_agent();
  for (auto id : {"orders/1", "orders/2", "users/1"}) ASSERT_TRUE(becomes(id, State::healthy));
  process.program("users/1")->hangs_at_term = true;
  MonotonicTime begin = simulation.now();
  ASSERT_TRUE(simulation.run(agent->stop_all()).ok());
  EXPECT_LT(simulation.now() - begin, options.stop_grace + 1s);
  for (auto& program : process.programs) {
    EXPECT_TRUE(program->ended);
    EXPECT_TRUE(program->removed);
    EXPECT_EQ(program->signals.front(), SIGTERM);
  }
  simulation.run_for(1s);
  for (auto id : {"orders/1", "orders/2", "users/1"}) {
    EXPECT_EQ(record(id)->state, State::stopped);
    EXPECT_EQ(in_catalog(id).id, "");
  }
  restart_agent();
  ASSERT_TRUE(becomes("orders/1", State::healthy)) << "what is assigned runs again";
  EXPECT_EQ(record("orders/1")->restarts, 0u);
}

TEST_F(AgentTest, all_are_stopped_also_what_rests_or_is_prepared) {
  desire(service("orders"));
  desire(service("users"));
  process.die_at_start = true;
  assign("orders", 1);
  start_agent();
  ASSERT_TRUE(until([&] { return told("exit") >= 3; }));
  process.preparing_held = true;
  assign("users", 1);
  simulation.run_for(10ms);
  std::size_t started = process.programs.size();
  ASSERT_TRUE(simulation.run(agent->stop_all()).ok());
  process.release();
  simulation.run_for(1min);
  EXPECT_EQ(process.programs.size(), started);
}

}  // namespace
}  // namespace berth::runtime
