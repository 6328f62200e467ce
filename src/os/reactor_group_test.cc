#include "os/reactor_group.h"

#include <algorithm>
#include <optional>
#include <set>

#include "async/gather.h"
#include "async/serve.h"
#include "os/real_suite.h"

namespace berth::os {
namespace {

struct GroupTest : ::testing::TestWithParam<ReactorWish> {
  template <class T>
  Result<T> run(Deferred<T> work) {
    for (int i = 0; i < 20'000 && work.pending(); ++i) reactor.turn(5ms);
    if (work.pending()) return Error(Code::internal, "the test has waited for too long");
    return work.take();
  }

  Reactor reactor{GetParam()};
  Network network{reactor};
  Workers workers{1};
  Disk disk{workers};
  Process process{reactor};
  Random random;
  World world{reactor, network, disk, process, random, workers};
  std::optional<ReactorGroup> owned;
  ReactorGroup& group = owned.emplace(reactor, world, 3, GetParam());
};

INSTANTIATE_TEST_SUITE_P(Os, GroupTest,
                         ::testing::Values(ReactorWish::epoll, ReactorWish::io_uring),
                         [](auto& each) {
                           return each.param == ReactorWish::epoll ? "epoll" : "io_uring";
                         });

TEST_P(GroupTest, work_runs_on_its_reactor_and_the_answer_comes_back) {
  auto here = [](World&) { return std::this_thread::get_id(); };
  std::set<std::thread::id> threads;
  for (std::size_t i = 0; i < group.size(); ++i) threads.insert(run(group.on(i, here)).value());
  EXPECT_EQ(threads.size(), 3u);
  EXPECT_EQ(run(group.on(0, here)).value(), std::this_thread::get_id());
  EXPECT_EQ(run(group.on(2, [this](World&) { return group.here(); })).value(), 2u);
}

TEST_P(GroupTest, work_answers_with_nothing_a_result_or_a_deferred) {
  bool did = false;
  run(group.on(1, [&](World&) { did = true; })).value();
  EXPECT_TRUE(did);
  auto error = group.on(1, [](World&) -> Result<int> { return Error(Code::io, "no disk"); });
  EXPECT_EQ(run(std::move(error)).error().message(), "no disk");
  auto later = [](World& there) -> Deferred<std::string> {
    co_await there.clock.after(2ms);
    co_return "later";
  };
  EXPECT_EQ(run(group.on(1, later)).value(), "later");
  auto chain = [](World& there) { return there.clock.after(1ms).then([] { return 3; }); };
  EXPECT_EQ(run(group.on(1, chain)).value(), 3);
  auto failing = [](World& there) -> Deferred<void> {
    co_await there.clock.after(1ms);
    co_await fail_with(Error(Code::refused, "not today"));
  };
  EXPECT_EQ(run(group.on(2, failing)).error().message(), "not today");
}

TEST_P(GroupTest, work_between_two_reactors_keeps_its_order) {
  std::vector<int> order;  // touched by reactor 1 alone
  std::vector<Deferred<void>> sent;
  for (int i = 0; i < 300; ++i) {
    sent.push_back(group.on(1, [&order, i](World&) { order.push_back(i); }));
  }
  run(Deferred<void>(gather_results(std::move(sent)))).value();
  EXPECT_EQ(order.size(), 300u);
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST_P(GroupTest, one_that_sleeps_is_woken_each_time) {
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(run(group.on(1, [i](World&) { return i; })).value(), i);
  }
}

/// From reactor to reactor, `hops` times.
Deferred<int> go_round(ReactorGroup& group, int hops) {
  if (hops == 0) co_return 0;
  std::size_t next = (group.here() + 1) % group.size();
  int rest = co_await group.on(
      next, [&group, hops](World&) -> Deferred<int> { return go_round(group, hops - 1); });
  co_return rest + 1;
}

TEST_P(GroupTest, reactors_call_each_other) {
  std::vector<Deferred<int>> rounds;
  for (int i = 0; i < 20; ++i) rounds.push_back(go_round(group, 30));
  for (int hops : run(Deferred<std::vector<int>>(gather_results(std::move(rounds)))).value()) {
    EXPECT_EQ(hops, 30);
  }
}

TEST_P(GroupTest, calls_beyond_the_limit_are_refused_until_others_are_answered) {
  std::vector<Deferred<void>> taken;
  Result<void> refused;
  for (std::size_t i = 0; i <= ReactorGroup::calls_max; ++i) {
    auto call = group.on(1, [](World&) {});
    if (call.pending()) {
      taken.push_back(std::move(call));
    } else {
      refused = call.take();
    }
  }
  EXPECT_EQ(taken.size(), ReactorGroup::calls_max);
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(refused.error().is(Code::overloaded));
  for (auto& call : taken) run(std::move(call)).value();
  run(group.on(1, [](World&) {})).value();
}

TEST_P(GroupTest, answers_to_cancelled_and_dropped_calls_are_thrown_away) {
  std::atomic<int> ran = 0;
  for (int i = 0; i < 50; ++i) {
    auto work = [&ran](World&) { return std::string(100, static_cast<char>('a' + ran++ % 26)); };
    auto cancelled = group.on(1, work);
    auto dropped = group.on(2, work);
    if (i % 2 == 0) reactor.turn(0ms);
    cancelled.cancel();
    dropped.reset();
    auto result = run(std::move(cancelled));
    EXPECT_TRUE(result.ok() || result.error().is(Code::cancelled));
  }
  for (int i = 0; i < 2000 && ran < 100; ++i) reactor.turn(1ms);
  EXPECT_EQ(ran, 100);
}

TEST_P(GroupTest, what_runs_when_the_group_ends_is_dropped_and_answers_cancelled) {
  auto for_ever = [](World& there) { return there.clock.after(1h); };
  auto across = [this, for_ever](World&) { return group.on(2, for_ever); };
  auto waiting = group.on(1, for_ever);
  auto waiting_across = group.on(1, across);
  auto dropped = group.on(2, across);
  run(group.on(1, [](World&) {})).value();
  dropped.reset();
  owned.reset();
  EXPECT_TRUE(run(std::move(waiting)).error().is(Code::cancelled));
  EXPECT_TRUE(run(std::move(waiting_across)).error().is(Code::cancelled));
}

Deferred<void> greet(std::unique_ptr<ByteStream> stream, std::string greeting) {
  co_await stream->write(Bytes::copy(greeting));
  co_await stream->shutdown_write();
  for (;;) {
    Bytes part = co_await stream->read();
    if (part.empty()) co_return;
  }
}

constexpr ListenOptions shared{.reuse_port = true};

Deferred<void> greet_all(World& there, Address address, std::atomic<int>& listening,
                         std::size_t index) {
  auto listener = co_await or_return(there.network.listen(address, shared));
  ++listening;
  co_await serve(*listener, [index](std::unique_ptr<ByteStream> stream) {
    return greet(std::move(stream), std::to_string(index));
  });
}

TEST_P(GroupTest, each_reactor_accepts_its_share_of_one_port) {
  auto first = network.listen(Address::loopback(0), shared).value();
  Address address = first->address();
  std::vector<Deferred<void>> servers;
  std::atomic<int> listening = 0;
  auto listen_and_serve = [&](std::size_t index) {
    return [&, index](World& there) { return greet_all(there, address, listening, index); };
  };
  for (std::size_t i = 1; i < group.size(); ++i)
    servers.push_back(group.on(i, listen_and_serve(i)));
  for (int i = 0; i < 5000 && listening < 2; ++i) reactor.turn(1ms);
  ASSERT_EQ(listening, 2);
  first.reset();
  std::set<std::string> greetings;
  for (int i = 0; i < 200 && greetings.size() < 2; ++i) {
    auto stream = run(network.connect(address)).value();
    greetings.emplace(run(stream->read()).value().view());
  }
  EXPECT_EQ(greetings, (std::set<std::string>{"1", "2"}));
}

TEST_P(GroupTest, a_listener_deals_connections_to_other_reactors) {
  std::size_t dealt = 0;
  Deal deal = [&](Descriptor& socket, const Address& peer) {
    std::size_t to = dealt++ % group.size();
    if (to == 0) return false;  // it stays here
    auto serve_there = [this, peer, to, fd = std::move(socket)](World&) mutable {
      auto stream = adopt_stream(group.reactor(), std::move(fd), peer);
      return greet(std::move(stream.value()), std::to_string(to));
    };
    std::ignore = group.on(to, std::move(serve_there));
    return true;
  };
  auto socket = bind_listener(Address::loopback(0)).value();
  auto listener = network.adopt_listener(std::move(socket), deal).value();
  Scope scope;
  scope.add(serve(
      *listener, [](std::unique_ptr<ByteStream> stream) { return greet(std::move(stream), "0"); }));
  std::string greetings;
  for (int i = 0; i < 6; ++i) {
    auto stream = run(network.connect(listener->address())).value();
    greetings += run(stream->read()).value().view();
  }
  EXPECT_EQ(greetings, "012012");
  run(scope.close()).value();
}

}  // namespace
}  // namespace berth::os
