// The async core beside Boost.Asio and libuv, in turns within one process, one thread. Prints for
// each work one line: WORK FRAMEWORK NANOSECONDS ALLOCATIONS, of CPU and calls of malloc an
// operation.
//   async_core [WORK]      with a work: that one on Berth alone, for perf
#include "async_core.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "async/deferred.h"
#include "measure.h"
#include "os/reactor.h"

namespace {

using namespace berth;

os::Reactor* reactor;

template <class T>
void finish(Deferred<T>& work) {
  while (work.pending()) reactor->turn(Duration(0));
  std::ignore = work.take();
}

/// A call that the compiler may not look into, as between two files.
[[gnu::noinline]] Deferred<int> answer() { co_return 1; }
Deferred<void> await_often(std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) keep(co_await answer());
}
void awaits(std::size_t times) {
  auto work = await_often(times);
  finish(work);
}

/// A Deferred that is there already calls back in a later turn, which hangs the next callback.
struct Hops {
  std::size_t left;
  Deferred<void> next = {};
  void hang() {
    next = ready().then([this] {
      if (--left > 0) hang();
    });
  }
};
void hops(std::size_t times) {
  Hops all{times};
  all.hang();
  while (all.left > 0) reactor->turn(Duration(0));
}

/// A coroutine waits for a callback that runs in a later turn.
Deferred<void> hop_often(std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) co_await ready().then([] {});
}
void awaited_hops(std::size_t times) {
  auto work = hop_often(times);
  finish(work);
}

/// What is spawned waits for one turn, as Asio's does.
Deferred<int> answer_after(Deferred<void> turn) {
  co_await std::move(turn);
  co_return 1;
}
Deferred<void> spawn_often(std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) {
    Promise<void> turn;
    Deferred<int> spawned = answer_after(turn.deferred());
    turn.callback();
    keep(co_await std::move(spawned));
  }
}
void spawns(std::size_t times) {
  auto work = spawn_often(times);
  finish(work);
}

std::vector<Deferred<void>> arm_timers() {
  std::vector<Deferred<void>> armed;
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < timers_armed; ++i) {
    armed.push_back(reactor->after(std::chrono::milliseconds(next_wait(state))));
  }
  return armed;
}
void set_and_cancel(std::size_t times, bool first) {
  static std::uint32_t state = 2;
  std::size_t heard = 0;
  std::array<Deferred<void>, 64> cancelled;  // a turn brings their callbacks, as one of Asio's does
  for (std::size_t i = 0; i < times; ++i) {
    auto& timer = cancelled[i % 64];
    timer = reactor->after(std::chrono::milliseconds(next_wait(state, first)))
                .then([] {}, [&](Error) { ++heard; });
    timer.cancel();
    if (i % 64 == 63) ReadyList::current().run();
  }
  ReadyList::current().run();
  if (heard != times) std::abort();
}

void timers(std::size_t times) { set_and_cancel(times, false); }
void first_timers(std::size_t times) { set_and_cancel(times, true); }

std::vector<Deferred<void>>* armed_here;
void resets(std::size_t times) {
  static std::uint32_t state = 3;
  std::size_t heard = 0;
  for (std::size_t i = 0; i < times; ++i) {
    auto& timer = (*armed_here)[next_timer(state)];
    timer = std::move(timer).then([] {}, [&](Error) { ++heard; });
    timer.cancel();
    ReadyList::current().run();
    timer = reactor->after(std::chrono::milliseconds(next_wait(state)));
  }
  if (heard != times) std::abort();
}

void print(const char* work, const char* framework, const Rounds& rounds) {
  std::printf("%s %s %.1f %.2f\n", work, framework, rounds.nanoseconds(), rounds.allocations());
}

void compare(const char* work, void (*ours)(std::size_t), void (*theirs)(std::size_t),
             std::size_t times) {
  Rounds berth, asio, shared;
  for (int round = 0; round < 9; ++round) {
    berth.add_batch(times, [&] { ours(times); });
    asio.add_batch(times, [&] { theirs(times); });
    asio_core::let_threads_share(true);
    shared.add_batch(times, [&] { theirs(times); });
    asio_core::let_threads_share(false);
  }
  print(work, "berth", berth);
  print(work, "asio", asio);
  print(work, "asio-shared", shared);
}
/// What one peer does by itself.
void alone(const char* work, const char* framework, void (*theirs)(std::size_t),
           std::size_t times) {
  Rounds rounds;
  for (int round = 0; round < 9; ++round) rounds.add_batch(times, [&] { theirs(times); });
  print(work, framework, rounds);
}

}  // namespace

int main(int count, char** words) {
  os::Reactor own;
  reactor = &own;
  if (count > 1) {
    const std::pair<std::string_view, void (*)(std::size_t)> works[] = {
        {"ready_await", awaits}, {"callback_hop", hops}, {"awaited_hop", awaited_hops},
        {"spawn_join", spawns},  {"timer", timers},      {"timer_first", first_timers},
        {"timer_reset", resets}};
    std::vector<Deferred<void>> armed;
    if (std::string_view(words[1]).starts_with("timer")) armed = arm_timers();
    armed_here = &armed;
    for (auto& [name, work] : works) {
      if (name == words[1]) work(50'000'000);
    }
    return 0;
  }
  compare("ready_await", awaits, asio_core::awaits, 1'000'000);
  compare("callback_hop", hops, asio_core::hops, 500'000);
  compare("awaited_hop", awaited_hops, asio_core::awaited_hops, 500'000);
  compare("spawn_join", spawns, asio_core::spawns, 300'000);
  auto armed = arm_timers();
  armed_here = &armed;
  for (bool share : {true, false}) {
    asio_core::let_threads_share(share);
    asio_core::arm_timers();
  }
  libuv_core::arm_timers();
  compare("timer", timers, asio_core::timers, 200'000);
  alone("timer", "libuv", libuv_core::timers, 200'000);
  compare("timer_first", first_timers, asio_core::first_timers, 200'000);
  alone("timer_first", "libuv", libuv_core::first_timers, 200'000);
  compare("timer_reset", resets, asio_core::resets, 200'000);
  alone("timer_reset", "libuv", libuv_core::resets, 200'000);
  for (bool share : {true, false}) {
    asio_core::let_threads_share(share);
    asio_core::disarm_timers();
  }
}
