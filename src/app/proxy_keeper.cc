#include "app/proxy_keeper.h"

#include <csignal>
#include <tuple>

#include "async/clock.h"
#include "async/gather.h"
#include "os/host.h"

namespace berth::app {
namespace {

constexpr Duration hello_limit = 3s;  // for a proxy of an earlier run to come to us
constexpr Duration stop_limit = 12s;
constexpr Duration restart_first = 20ms;
constexpr Duration restart_most = 100ms;  // without it nobody is reached: never away for long
constexpr Duration lived_well = 5s;

}  // namespace

bool ProxyKeeper::alive_before() const { return !os::lock_file(lock_path_).ok(); }

Deferred<void> ProxyKeeper::wait_for_earlier() {
  MonotonicTime end = world_.clock.now() + hello_limit;
  while (alive_before() && listeners_.proxy_pid() == 0 && world_.clock.now() < end) {
    std::ignore = co_await with_timeout(world_.clock, 50ms, listeners_.changed()).result();
  }
  while (listeners_.proxy_pid() != 0) co_await listeners_.changed();
}

Deferred<void> ProxyKeeper::run() {
  co_await wait_for_earlier();
  for (Duration wait = restart_first; !stopping_;) {
    MonotonicTime begun = world_.clock.now();
    auto child = co_await world_.process.spawn(spec_).result();
    if (child.ok()) {
      child_ = std::move(*child);
      auto ended = co_await child_->wait();
      if (stopping_) co_return;
      log_.warning("the proxy ended; starting the next",
                   {{"pid", child_->pid()}, {"how", ended.text()}});
      child_.reset();
    } else {
      log_.error("the proxy cannot be started", {{"error", child.error()}});
    }
    ++restarts_;
    if (world_.clock.now() - begun > lived_well) wait = restart_first;
    if (restarts_ > 1 || !child.ok()) co_await world_.clock.after(wait);
    wait = std::min(wait * 2, restart_most);
  }
}

Deferred<void> ProxyKeeper::stop() {
  stopping_ = true;
  MonotonicTime end = world_.clock.now() + stop_limit;
  listeners_.stop_proxy();
  while (listeners_.proxy_pid() != 0 && world_.clock.now() < end) {
    std::ignore = co_await with_timeout(world_.clock, 100ms, listeners_.changed()).result();
  }
  if (!child_) co_return;
  if (listeners_.proxy_pid() == 0) child_->send_signal(SIGTERM);
  auto gone = co_await with_timeout(world_.clock, 2s, child_->wait()).result();
  if (!gone.ok()) child_->send_signal(SIGKILL);
}

}  // namespace berth::app
