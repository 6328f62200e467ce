#include <boost/asio.hpp>
#include <cstdlib>
#include <memory>
#include <vector>

#include "async_core.h"
#include "measure.h"

namespace asio_core {
namespace {

namespace asio = boost::asio;

bool threads_may_share = false;
/// `own` counts on one thread; `shared` is what the default constructor makes, and most programs
/// use.
asio::io_context& context() {
  static asio::io_context own(1), shared;
  return threads_may_share ? shared : own;
}
void run() {
  context().restart();
  context().run();
}

[[gnu::noinline]] asio::awaitable<int> answer() { co_return 1; }
asio::awaitable<void> await_often(std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) keep(co_await answer());
}
asio::awaitable<void> hop_often(std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) co_await asio::post(context(), asio::use_awaitable);
}
asio::awaitable<void> spawn_often(std::size_t times) {
  auto executor = co_await asio::this_coro::executor;
  for (std::size_t i = 0; i < times; ++i) {
    keep(co_await asio::co_spawn(executor, answer(), asio::use_awaitable));
  }
}

struct Hop {
  asio::io_context* context;
  std::size_t left;
  void operator()() const {
    if (left > 1) asio::post(*context, Hop{context, left - 1});
  }
};

std::vector<std::unique_ptr<asio::steady_timer>>& armed() {
  static std::vector<std::unique_ptr<asio::steady_timer>> own, shared;
  return threads_may_share ? shared : own;
}

void set_and_cancel(std::size_t times, bool first) {
  static std::uint32_t state = 2;
  std::size_t heard = 0;
  for (std::size_t i = 0; i < times; ++i) {
    asio::steady_timer timer(context());
    timer.expires_after(std::chrono::milliseconds(next_wait(state, first)));
    timer.async_wait([&](boost::system::error_code) { ++heard; });
    timer.cancel();
    if (i % 64 == 63) context().poll();
  }
  context().poll();
  if (heard != times) std::abort();
}
}  // namespace

void let_threads_share(bool share) { threads_may_share = share; }

void awaits(std::size_t times) {
  asio::co_spawn(context(), await_often(times), asio::detached);
  run();
}
void hops(std::size_t times) {
  asio::post(context(), Hop{&context(), times});
  run();
}
void awaited_hops(std::size_t times) {
  asio::co_spawn(context(), hop_often(times), asio::detached);
  run();
}
void spawns(std::size_t times) {
  asio::co_spawn(context(), spawn_often(times), asio::detached);
  run();
}

void arm_timers() {
  context().restart();  // else it has stopped, and poll() does nothing
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < timers_armed; ++i) {
    armed().push_back(std::make_unique<asio::steady_timer>(context()));
    armed().back()->expires_after(std::chrono::milliseconds(next_wait(state)));
    armed().back()->async_wait([](boost::system::error_code) {});
  }
}
void timers(std::size_t times) { set_and_cancel(times, false); }
void first_timers(std::size_t times) { set_and_cancel(times, true); }
void resets(std::size_t times) {
  static std::uint32_t state = 3;
  static std::size_t heard = 0;
  for (std::size_t i = 0; i < times; ++i) {
    auto& timer = *armed()[next_timer(state)];
    timer.expires_after(std::chrono::milliseconds(next_wait(state)));
    timer.async_wait([](boost::system::error_code) { ++heard; });
    if (i % 64 == 63) context().poll();
  }
  context().poll();
  keep(heard);
}
void disarm_timers() {
  armed().clear();
  run();
}

}  // namespace asio_core
