#include "sim/simulation.h"

#include <gtest/gtest.h>

#include "async/gather.h"
#include "async/scope.h"
#include "sim/connection.h"

namespace berth::sim {
namespace {

Deferred<void> echo(std::unique_ptr<ByteStream> stream) {
  for (;;) {
    auto part = co_await stream->read().result();
    if (!part.ok() || part->empty()) co_return;
    auto written = co_await stream->write(std::move(*part)).result();
    if (!written.ok()) co_return;
  }
}
Deferred<void> serve(Listener& listener, Scope& scope) {
  for (;;) {
    auto stream = co_await listener.accept().result();
    if (!stream.ok()) co_return;
    scope.add(echo(std::move(*stream)));
  }
}
Deferred<std::string> ask(Network& network, Address address, std::string text) {
  auto stream = co_await network.connect(address);
  co_await stream->write(Bytes::copy(text));
  std::string got;
  while (got.size() < text.size()) {
    Bytes part = co_await stream->read();
    if (part.empty()) co_return Error(Code::reset, "an early end");
    got += part.view();
  }
  co_return got;
}

struct SimulationTest : ::testing::Test {
  Simulation simulation{7};
  Host& a = simulation.add_host("a");
  Host& b = simulation.add_host("b");
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Scope> scope;

  Address start_echo() {
    scope = std::make_unique<Scope>();
    listener = b.network.listen(b.address(0)).value();
    scope->add(serve(*listener, *scope));
    return listener->address();
  }
};

std::uint64_t run_of_seed(std::uint64_t seed) {
  Simulation simulation(seed);
  Host& a = simulation.add_host("a");
  Host& b = simulation.add_host("b");
  simulation.fabric.faults.reset_chance = 0.01;
  auto listener = b.network.listen(b.address(80)).value();
  Scope scope;
  scope.add(serve(*listener, scope));
  for (int i = 0; i < 20; ++i) {
    std::ignore = simulation.run(ask(a.network, b.address(80), std::string(10'000, 'x')));
  }
  simulation.run(a.disk.replace_file("/file", "text")).value();
  return simulation.trace_hash();
}

TEST(Simulation, the_same_seed_makes_the_same_run_and_another_one_another) {
  EXPECT_EQ(run_of_seed(1), run_of_seed(1));
  EXPECT_EQ(run_of_seed(99), run_of_seed(99));
  EXPECT_NE(run_of_seed(1), run_of_seed(2));
}

TEST_F(SimulationTest, time_stands_still_while_something_is_ready_and_jumps_when_nothing_is) {
  MonotonicTime begin = simulation.now();
  Deferred<void> sleep = a.clock.after(100h);
  EXPECT_TRUE(simulation.run(std::move(sleep), 200h).ok());
  EXPECT_EQ(simulation.now() - begin, Duration(100h));
  EXPECT_FALSE(simulation.step());
}

TEST_F(SimulationTest, a_result_that_does_not_come_is_timed_out) {
  Promise<int> never;
  EXPECT_TRUE(simulation.run(never.deferred(), 1s).error().is(Code::timed_out));
}

TEST_F(SimulationTest, a_cut_wire_holds_what_is_sent_until_it_is_healed) {
  Address address = start_echo();
  EXPECT_EQ(simulation.run(ask(a.network, address, "one")).value(), "one");
  for (bool one_way : {false, true}) {
    if (one_way) {
      simulation.fabric.cut(b.node(), a.node());  // the answer does not come back
    } else {
      simulation.fabric.cut(a.node(), b.node());
    }
    auto asked = ask(a.network, address, "two");
    simulation.run_for(20s);
    EXPECT_TRUE(asked.pending());
    simulation.fabric.heal_all();
    EXPECT_EQ(simulation.run(std::move(asked)).value(), "two");
  }
}

TEST_F(SimulationTest, what_stays_cut_times_out) {
  Address address = start_echo();
  auto stream = simulation.run(a.network.connect(address)).value();
  simulation.fabric.cut(a.node(), b.node());
  simulation.run(stream->write(Bytes::literal("x"))).value();
  MonotonicTime begin = simulation.now();
  EXPECT_TRUE(simulation.run(stream->read()).error().is(Code::timed_out));
  EXPECT_GE(simulation.now() - begin, Connection::give_up);
  EXPECT_TRUE(simulation.run(a.network.connect(address)).error().is(Code::timed_out));
}

TEST_F(SimulationTest, a_host_without_power_is_silent_and_resets_what_it_no_longer_knows) {
  Address address = start_echo();
  auto stream = simulation.run(a.network.connect(address)).value();
  b.crash();
  scope.reset();
  listener.reset();
  simulation.run(stream->write(Bytes::literal("x"))).value();
  auto reading = stream->read();
  simulation.run_for(10s);
  EXPECT_TRUE(reading.pending());
  b.start();
  EXPECT_TRUE(simulation.run(std::move(reading)).error().is(Code::reset));
  EXPECT_TRUE(simulation.run(a.network.connect(address)).error().is(Code::refused));
  EXPECT_EQ(simulation.run(ask(a.network, start_echo(), "again")).value(), "again");
}

TEST_F(SimulationTest, connections_break_by_chance) {
  simulation.fabric.faults.reset_chance = 0.05;
  Address address = start_echo();
  int broken = 0;
  for (int i = 0; i < 100; ++i) {
    auto answer = simulation.run(ask(a.network, address, std::string(3000, 'x')));
    if (answer.ok()) continue;
    EXPECT_TRUE(answer.error().is(Code::reset)) << answer.error().text();
    ++broken;
  }
  EXPECT_GT(broken, 2);
  EXPECT_LT(broken, 98);
}

TEST_F(SimulationTest, datagrams_are_lost_doubled_and_overtake_each_other) {
  simulation.fabric.faults.datagram_loss = 0.2;
  simulation.fabric.faults.datagram_repeat = 0.2;
  simulation.fabric.faults.datagram_delay_most = 50ms;
  auto to = b.network.bind_datagram(b.address(53)).value();
  auto from = a.network.bind_datagram(a.address(0)).value();
  for (char c = 0; c < 100; ++c) from->send(to->address(), Bytes::copy({&c, 1}));
  simulation.run_for(1s);
  std::map<int, int> seen;
  bool overtaken = false;
  int last = -1;
  for (;;) {
    auto datagram = to->receive();
    if (datagram.pending()) break;
    int number = datagram.take().value().bytes.view()[0];
    overtaken |= number < last;
    last = number;
    ++seen[number];
  }
  EXPECT_TRUE(overtaken);
  EXPECT_LT(seen.size(), 95u);
  EXPECT_GT(seen.size(), 50u);
  EXPECT_TRUE(std::ranges::any_of(seen, [](auto& each) { return each.second == 2; }));
}

TEST_F(SimulationTest, loopback_and_unix_paths_stay_within_a_host) {
  auto here = a.network.listen(Address::loopback(80)).value();
  auto path = a.network.listen(Address::unix_path("/run/x")).value();
  EXPECT_TRUE(simulation.run(a.network.connect(Address::loopback(80))).ok());
  EXPECT_TRUE(simulation.run(a.network.connect(Address::unix_path("/run/x"))).ok());
  EXPECT_TRUE(simulation.run(b.network.connect(Address::loopback(80))).error().is(Code::refused));
  EXPECT_TRUE(simulation.run(b.network.connect(Address::unix_path("/run/x")))
                  .error()
                  .is(Code::unavailable));
  EXPECT_TRUE(simulation.run(b.network.connect(a.address(80))).error().is(Code::refused));
  auto everywhere = b.network.listen(Address::ipv4(0, 81)).value();
  EXPECT_TRUE(simulation.run(a.network.connect(b.address(81))).ok());
  EXPECT_TRUE(simulation.run(b.network.connect(Address::loopback(81))).ok());
  EXPECT_TRUE(b.network.listen(Address::loopback(81)).error().is(Code::in_use));
}

TEST_F(SimulationTest, a_stalled_host_does_everything_late) {
  Address address = start_echo();
  MonotonicTime begin = simulation.now();
  b.stall(5s);
  Deferred<void> timer = b.clock.after(1s);
  auto written = b.disk.replace_file("/x", "y");
  EXPECT_EQ(simulation.run(ask(a.network, address, "slow")).value(), "slow");
  EXPECT_GE(simulation.now() - begin, Duration(5s));
  EXPECT_TRUE(simulation.run(std::move(timer)).ok());
  EXPECT_TRUE(simulation.run(std::move(written)).ok());
}

TEST_F(SimulationTest, wall_clocks_are_a_hosts_own_and_may_jump) {
  b.clock.wall_offset = -3h;
  EXPECT_EQ(a.clock.wall() - b.clock.wall(), Duration(3h));
  EXPECT_EQ(a.clock.now(), b.clock.now());
}

TEST_F(SimulationTest, work_that_waits_on_a_crashed_host_never_runs) {
  bool ran = false;
  auto work = run_on(b.workers, [&] { ran = true; });
  b.crash();
  work.reset();
  b.start();
  simulation.run_for(1s);
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace berth::sim
