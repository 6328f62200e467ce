#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "async/deferred.h"
#include "async/wait_list.h"

namespace berth {

/// At most `permits` at a time; others wait in order. Belongs to one thread, outlives its permits.
class Semaphore {
 public:
  explicit Semaphore(std::size_t permits) : free_(permits) {}

  /// Gives the permit back when destroyed.
  class Permit {
   public:
    explicit Permit(Semaphore& of) : of_(&of) {}
    Permit(Permit&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    Permit& operator=(Permit&& other) noexcept {
      std::swap(of_, other.of_);
      return *this;
    }
    ~Permit() {
      if (of_) of_->give_back();
    }

   private:
    Semaphore* of_;
  };

  Deferred<Permit> acquire() {
    if (free_ == 0) return waiting_.wait();
    --free_;
    return ready(Permit(*this));
  }
  /// At once or not at all.
  std::optional<Permit> try_acquire() {
    if (free_ == 0) return std::nullopt;
    --free_;
    return Permit(*this);
  }
  std::size_t free() const { return free_; }
  std::size_t waiting() const { return waiting_.size(); }

 private:
  void give_back() {
    if (waiting_.empty()) {
      ++free_;
    } else {
      waiting_.wake(Permit(*this));
    }
  }

  std::size_t free_;
  WaitList<Permit> waiting_;
};

/// A Semaphore of one.
class Lock : public Semaphore {
 public:
  Lock() : Semaphore(1) {}
};

/// Waits until somebody says so; stays set until reset.
class Event {
 public:
  void set() {
    set_ = true;
    while (!waiting_.empty()) waiting_.wake();
  }
  void reset() { set_ = false; }
  bool is_set() const { return set_; }
  Deferred<void> wait() { return set_ ? ready() : waiting_.wait(); }

 private:
  bool set_ = false;
  WaitList<void> waiting_;
};

/// First in, first out, at most `size_max` items: try_push refuses beyond, push waits. An item that
/// was handed to a pop which is dropped before it looks goes with it.
template <class T>
class Queue {
 public:
  explicit Queue(std::size_t size_max) : size_max_(size_max) {}

  bool try_push(T item) {
    if (!takers_.empty()) {
      takers_.wake(std::move(item));
      return true;
    }
    if (items_.size() >= size_max_) return false;
    items_.push_back(std::move(item));
    return true;
  }
  Deferred<void> push(T item) {
    while (takers_.empty() && items_.size() >= size_max_) co_await room_.wait();
    try_push(std::move(item));
  }
  Deferred<T> pop() {
    if (items_.empty()) {
      // Whoever was woken to push may be gone: the next one is not forgotten.
      if (!room_.empty()) room_.wake();
      return takers_.wait();
    }
    T item = std::move(items_.front());
    items_.pop_front();
    if (!room_.empty()) room_.wake();
    return ready(std::move(item));
  }
  std::size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }

 private:
  std::size_t size_max_;
  std::deque<T> items_;
  WaitList<T> takers_;
  WaitList<void> room_;
};

}  // namespace berth
