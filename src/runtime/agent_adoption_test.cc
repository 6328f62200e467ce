#include <gtest/gtest.h>

#include "runtime/agent_suite.h"

namespace berth::runtime {
namespace {

using State = placement::InstanceState;

struct AgentAdoptionTest : AgentTest {
  /// One healthy instance, and then Berth is killed.
  void run_orders() {
    desire(service("orders"));
    assign("orders", 1);
    start_agent();
    ASSERT_TRUE(becomes("orders/1", State::healthy)) << why("orders/1");
  }
  std::size_t writes_of(const std::string& id) const {
    std::size_t count = 0;
    for (auto& batch : store.batches) {
      for (auto& write : batch.writes) count += write.key == "instances/" + id;
    }
    return count;
  }
};

TEST_F(AgentAdoptionTest, healthy_instance_stays_healthy_over_a_restart_of_berth) {
  run_orders();
  auto before = *record("orders/1");
  std::size_t writes = writes_of("orders/1");
  restart_agent();
  simulation.run_for(5s);
  EXPECT_EQ(process.started("orders/1"), 1u);
  EXPECT_EQ(*record("orders/1"), before);
  EXPECT_EQ(writes_of("orders/1"), writes) << "nothing has changed, so nothing is written";
  EXPECT_TRUE(agent->kill("orders/1").ok()) << "it is kept as any other";
  ASSERT_TRUE(until([&] { return process.started("orders/1") == 2; }));
}

TEST_F(AgentAdoptionTest, check_of_an_adopted_one_must_fail_as_often_as_of_any) {
  run_orders();
  agent.reset();
  health_status = 500;
  start_agent();
  MonotonicTime begin = simulation.now();
  ASSERT_TRUE(becomes("orders/1", State::unhealthy));
  EXPECT_GE(simulation.now() - begin, 1500ms) << "three checks, a second apart";
  restart_agent();
  simulation.run_for(100ms);
  EXPECT_EQ(record("orders/1")->state, State::unhealthy) << "nor is a failing one forgiven";
  health_status = 200;
  EXPECT_TRUE(becomes("orders/1", State::healthy));
}

TEST_F(AgentAdoptionTest, start_that_nobody_could_register_is_registered) {
  run_orders();
  agent.reset();
  for (auto key : {"instances/orders/1", "catalog/instance/orders/1"}) {
    ASSERT_TRUE(simulation.run(store.commit(storage::Batch().remove(key))).ok());
  }
  start_agent();
  ASSERT_TRUE(becomes("orders/1", State::healthy));
  EXPECT_EQ(process.started("orders/1"), 1u);
  EXPECT_EQ(record("orders/1")->pid, process.program("orders/1")->pid);
  EXPECT_EQ(in_catalog("orders/1").id, "orders/1");
}

TEST_F(AgentAdoptionTest, what_ended_while_berth_was_away_is_started_again) {
  run_orders();
  agent.reset();
  FakeProgram& first = *process.program("orders/1");
  first.end({3, 0, ""});
  start_agent();
  ASSERT_TRUE(until([&] { return process.started("orders/1") == 2; }));
  EXPECT_TRUE(first.removed);
  ASSERT_TRUE(becomes("orders/1", State::healthy));
  EXPECT_EQ(record("orders/1")->restarts, 1u);
  EXPECT_TRUE(feed_texts()[0].find("orders/1 ended: exit 3") != std::string::npos);
}

TEST_F(AgentAdoptionTest, what_is_assigned_and_not_found_is_started) {
  run_orders();
  agent.reset();
  process.programs.clear();  // the host was switched off and on
  start_agent();
  EXPECT_TRUE(until([&] { return process.started("orders/1") == 1; }));
  ASSERT_TRUE(becomes("orders/1", State::healthy));
  EXPECT_EQ(record("orders/1")->incarnation, process.program("orders/1")->spec.incarnation);
  EXPECT_EQ(record("orders/1")->restarts, 1u);
}

TEST_F(AgentAdoptionTest, what_is_found_and_not_assigned_is_stopped) {
  run_orders();
  agent.reset();
  unassign("orders", 1);
  start_agent();
  ASSERT_TRUE(goes("orders/1"));
  EXPECT_EQ(process.program("orders/1")->signals, std::vector<int>{SIGTERM});
  EXPECT_TRUE(process.program("orders/1")->removed);
  EXPECT_EQ(in_catalog("orders/1").id, "");
}

TEST_F(AgentAdoptionTest, interrupted_drain_goes_on) {
  run_orders();
  drains.open = false;
  assign("orders", 1, 1, 0, true);
  ASSERT_TRUE(becomes("orders/1", State::draining));
  restart_agent();
  simulation.run_for(3s);
  EXPECT_EQ(record("orders/1")->state, State::draining);
  EXPECT_TRUE(process.program("orders/1")->signals.empty());
  drains.open = true;
  EXPECT_TRUE(goes("orders/1"));
}

TEST_F(AgentAdoptionTest, records_that_nothing_stands_behind_are_removed) {
  placement::InstanceRecord stale;
  stale.service = "users";
  stale.number = 3;
  stale.host = "laptop";
  stale.state = State::healthy;
  put("instances/users/3", placement::to_json(stale).text());
  stale.number = 4;
  stale.host = "elsewhere";
  put("instances/users/4", placement::to_json(stale).text());
  run_orders();
  EXPECT_TRUE(goes("users/3"));
  simulation.run_for(1s);
  EXPECT_NE(record("users/4"), nullptr) << "another host's";
}

TEST_F(AgentAdoptionTest, of_two_with_one_id_the_registered_one_is_kept) {
  run_orders();
  agent.reset();
  auto second = std::make_shared<FakeProgram>();
  second->spec = process.program("orders/1")->spec;
  second->spec.incarnation = "7ZZZZZZZZZZZZZZZZZZZZZZZZZ";
  second->pid = 77;
  process.programs.push_back(second);
  start_agent();
  EXPECT_TRUE(until([&] { return second->removed; }));
  simulation.run_for(1s);
  EXPECT_FALSE(process.programs[0]->ended);
  EXPECT_EQ(record("orders/1")->state, State::healthy);
}

// The Store is away -------------------------------------------------------------------------------

TEST_F(AgentAdoptionTest, instances_run_and_are_registered_once_the_store_is_back) {
  desire(service("orders"));
  assign("orders", 1);
  start_agent();
  for (int i = 0; i < 30; ++i) store.fail_commits.push_back(Error(Code::unavailable, "away"));
  ASSERT_TRUE(until([&] { return process.started("orders/1") == 1; }));
  simulation.run_for(2s);
  EXPECT_FALSE(process.program("orders/1")->ended);
  EXPECT_FALSE(store.fail_commits.empty()) << "it tries with back-off";
  ASSERT_TRUE(becomes("orders/1", State::healthy, 5min));
}

TEST_F(AgentAdoptionTest, nothing_is_stopped_before_its_drain_is_written) {
  run_orders();
  placement::Assignment stop{"orders", 1, 1, 0, "laptop", true, {}};
  auto asked = store.commit(storage::Batch().put(placement::assignment_key("orders", 1),
                                                 placement::to_json(stop).text()));
  for (int i = 0; i < 20; ++i) store.fail_commits.push_back(Error(Code::disk_full, "full"));
  ASSERT_TRUE(simulation.run(std::move(asked)).ok());
  simulation.run_for(10s);
  EXPECT_TRUE(process.program("orders/1")->signals.empty());
  EXPECT_TRUE(goes("orders/1", 5min));
}

TEST_F(AgentAdoptionTest, write_of_unknown_outcome_is_found_out) {
  run_orders();
  health_status = 500;
  store.fail_commits.push_back(Error(Code::unknown_outcome, "it may have happened"));
  ASSERT_TRUE(becomes("orders/1", State::unhealthy));
  health_status = 200;
  EXPECT_TRUE(becomes("orders/1", State::healthy));
}

TEST_F(AgentAdoptionTest, host_record_is_kept_while_the_agent_lives) {
  run_orders();
  ASSERT_TRUE(until([&] { return state().hosts.contains("laptop"); }));
  auto& there = state().hosts.at("laptop");
  EXPECT_EQ(there.address, "10.0.0.1");
  EXPECT_EQ(there.cpu_millicores, 4000);
  EXPECT_TRUE(there.docker);
  simulation.run_for(1min);
  EXPECT_TRUE(state().hosts.contains("laptop"));
  ASSERT_TRUE(simulation.run(agent->close()).ok());
  EXPECT_FALSE(process.program("orders/1")->ended) << "closing lets go of what runs";
  EXPECT_TRUE(until([&] { return !state().hosts.contains("laptop"); }, 15s));
  restart_agent();
  EXPECT_TRUE(until([&] { return state().hosts.contains("laptop"); }));
}

// Docker ------------------------------------------------------------------------------------------

struct AgentDockerTest : AgentAdoptionTest {
  void run_stock() {
    auto stock = service("stock");
    stock.source = placement::ServiceSpec::Source::image;
    desire(stock);
    assign("stock", 1);
    start_agent();
  }
};

TEST_F(AgentDockerTest, containers_have_only_the_variables_that_are_theirs) {
  run_stock();
  ASSERT_TRUE(becomes("stock/1", State::healthy));
  FakeProgram& program = *docker.program("stock/1");
  EXPECT_EQ(value_of(program, "PATH"), "(unset)");
  EXPECT_EQ(value_of(program, "BERTH_SERVICE"), "stock");
}

TEST_F(AgentDockerTest, without_docker_a_sentence_says_so) {
  with_docker = false;
  run_stock();
  ASSERT_TRUE(becomes("stock/1", State::failed));
  EXPECT_EQ(why("stock/1"), "there is no Docker here");
  EXPECT_EQ(agent->notes().at(0),
            "there is no Docker on this host: services with image or build do not run here");
  EXPECT_FALSE(state().hosts.at("laptop").docker);
}

TEST_F(AgentDockerTest, docker_that_does_not_answer_is_told_and_used_once_it_does) {
  docker.find_error = Error(Code::unavailable, "Docker does not answer at /docker.sock");
  run_stock();
  ASSERT_TRUE(becomes("stock/1", State::failed));
  EXPECT_EQ(why("stock/1"), "Docker does not answer at /docker.sock");
  EXPECT_EQ(agent->notes().at(0), "no Docker: Docker does not answer at /docker.sock");
  docker.find_error.reset();
  EXPECT_TRUE(becomes("stock/1", State::healthy));
  EXPECT_TRUE(until([&] { return state().hosts.at("laptop").docker; }));
}

TEST_F(AgentDockerTest, containers_stay_registered_while_docker_has_not_answered) {
  run_stock();
  ASSERT_TRUE(becomes("stock/1", State::healthy));
  auto before = *record("stock/1");
  agent.reset();
  docker.find_error = Error(Code::unavailable, "away");
  start_agent();
  simulation.run_for(5s);
  EXPECT_EQ(*record("stock/1"), before);
  EXPECT_EQ(in_catalog("stock/1").health, catalog::Health::healthy);
  docker.find_error.reset();
  simulation.run_for(1min);
  EXPECT_EQ(docker.started("stock/1"), 1u) << "it is adopted, not started anew";
  EXPECT_TRUE(agent->kill("stock/1").ok());
  EXPECT_TRUE(until([&] { return docker.started("stock/1") == 2; }));
}

TEST_F(AgentDockerTest, notes_tell_each_reason_once) {
  run_stock();
  assign("stock", 2);
  ASSERT_TRUE(becomes("stock/2", State::healthy));
  EXPECT_EQ(agent->notes(),
            std::vector<std::string>{"limits of memory and CPU are not enforced: of no machine"});
}

}  // namespace
}  // namespace berth::runtime
