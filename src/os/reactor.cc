#include "os/reactor.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

#include "os/ring.h"

namespace berth::os {

struct EventBatch {
  std::array<epoll_event, 256> events;
  int count = 0;
  int next = 0;
};

namespace {
std::int64_t read_clock(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}
}  // namespace

Reactor::Reactor(ReactorWish wish)
    : epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      now_(exact_now()),
      batch_(std::make_unique<EventBatch>()) {
  check(epoll_.valid() && wake_.valid(), "no descriptors are left for a reactor");
  // Edge-triggered: each write is an event, and nobody need read what was written.
  epoll_event event{EPOLLIN | EPOLLET, {.ptr = nullptr}};
  check(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) == 0,
        "epoll refuses an eventfd");
  choose(wish);
  set_current(this);
}

void Reactor::choose(ReactorWish wish) {
  choice_ = {ReactorKind::epoll, wish == ReactorWish::automatic ? "the default" : "as asked for"};
  if (wish != ReactorWish::io_uring) return;
  auto ring = Ring::make(epoll_.get());
  if (ring.ok()) {
    ring_ = std::move(*ring);
    choice_.kind = ReactorKind::io_uring;
  } else {
    choice_.why = "as io_uring is refused here: " + ring.error().text();
    choice_.refused = true;
  }
}

Reactor::~Reactor() { set_current(nullptr); }

MonotonicTime Reactor::exact_now() const { return {read_clock(CLOCK_MONOTONIC)}; }
WallTime Reactor::wall() const { return {read_clock(CLOCK_REALTIME)}; }

int Reactor::run() {
  while (!stopped_.load(std::memory_order_relaxed)) turn(Duration(1h));
  return code_;
}

void Reactor::stop(int code) {
  code_ = code;
  stopped_ = true;
  post([] {});
}

void Reactor::turn(Duration wait) {
  ReadyList& ready = ReadyList::current();
  if (!ready.empty()) wait = Duration(0);
  if (!timers_.empty()) wait = std::min(wait, timers_.next() - exact_now());
  wait = std::max(wait, Duration(0));
  if (inbox_ && wait > Duration(0) && !inbox_->fall_asleep()) wait = Duration(0);
  int count = wait_for_kernel(wait);
  if (inbox_) inbox_->wake_up();
  dispatch(std::max(count, 0));
  timers_.fire_due(now_);
  ready.run();
}

int Reactor::wait_for_kernel(Duration wait) {
  if (ring_) {
    ring_->wait(wait);
    now_ = exact_now();
    ring_->hand_out();
    if (!ring_->take_epoll_ready()) return 0;
    return epoll_wait(epoll_.get(), batch_->events.data(), batch_->events.size(), 0);
  }
  // Rounded up: waking before the timer's time would spin.
  int milliseconds =
      static_cast<int>(std::min<std::int64_t>((wait.count() + 999'999) / 1'000'000, 3'600'000));
  int count = epoll_wait(epoll_.get(), batch_->events.data(), batch_->events.size(), milliseconds);
  now_ = exact_now();
  return count;
}

void Reactor::dispatch(int count) {
  batch_->count = count;
  for (batch_->next = 0; batch_->next < batch_->count;) {
    epoll_event& event = batch_->events[batch_->next++];
    if (event.data.ptr) {
      static_cast<Watched*>(event.data.ptr)->on_events(event.events);
    } else if (event.events != 0) {
      take_posted();
    }
  }
  batch_->count = 0;
}

void Reactor::post(std::move_only_function<void()> task) {
  bool first;
  {
    std::lock_guard lock(mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(task));
  }
  if (first) wake();
}

void Reactor::wake() {
  std::uint64_t one = 1;
  [[maybe_unused]] auto written = write(wake_.get(), &one, sizeof one);
}

void Reactor::take_posted() {
  std::vector<std::move_only_function<void()>> tasks;
  {
    std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (auto& task : tasks) task();
}

Result<void> Reactor::watch(int fd, Watched& watched) {
  epoll_event event{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.ptr = &watched}};
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return system_error(errno, "watching a descriptor");
  }
  return {};
}

void Reactor::unwatch(int fd, Watched& watched) {
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  for (int i = batch_->next; i < batch_->count; ++i) {
    epoll_event& event = batch_->events[i];
    if (event.data.ptr == &watched) event = {0, {.ptr = nullptr}};
  }
}

}  // namespace berth::os
