#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.h"

namespace berth {

/// A point in time at which something is to happen. Intrusive: owned by whoever embeds it, which
/// may destroy it at any time. Belongs to one thread.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  bool armed() const { return queue_ != nullptr; }
  void disarm();

 protected:
  ~Timer() { disarm(); }

 private:
  friend class TimerQueue;
  /// Called once by the reactor, disarmed; may arm itself again.
  virtual void fire() = 0;

  class TimerQueue* queue_ = nullptr;
  std::uint32_t place_ = 0;  // in the heap, or in its slot
  std::uint32_t slot_ = 0;   // of the wheel; TimerQueue::in_heap: none
  MonotonicTime due_;
};

/// The armed timers of one reactor, which fire in order of time. Most are deadlines that are
/// disarmed long before they are due, so far ones wait in no order in the slots of a wheel, where
/// arming and disarming touch the timer and its place alone; a slot goes to the heap when its time
/// comes near. Only the heap fires.
///
///     heap:    what is due soon, in ticks (67 ms) that have been taken from the wheel, or beyond
///     it level 0: a slot a tick, of the block (256 ticks, 17 s) whose ticks are being taken level
///     1: a slot a block, of the 255 blocks (73 minutes) after that
///
/// The heap has four children a node and each timer knows its place, so that it is disarmed in
/// O(log n). What is disarmed in the wheel leaves a hole; a slot that is half holes is closed up.
/// No allocation per timer in the long run. After Varghese and Lauck, "Hashed and hierarchical
/// timing wheels", 1987. Timers at most: 2^32.
class TimerQueue {
 public:
  TimerQueue() = default;
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  ~TimerQueue();

  /// An armed timer is moved to the new time.
  void arm(Timer& timer, MonotonicTime due);
  void disarm(Timer& timer);
  bool empty() const { return size() == 0; }
  std::size_t size() const { return heap_.size() + in_wheel_; }
  /// When the first is due; only if not empty.
  MonotonicTime next() {
    if (in_wheel_ > 0 && (heap_.empty() || tick_of(heap_.front().due) >= next_tick_)) promote();
    return heap_.front().due;
  }
  /// Of memory that it holds now.
  std::size_t bytes() const;
  /// Fires, in order of time, what is due at `now`. Returns how many.
  std::size_t fire_due(MonotonicTime now);

 private:
  struct Entry {
    MonotonicTime due;
    Timer* timer;
  };
  struct Slot {
    std::vector<Timer*> timers;  // null: a hole
    std::size_t armed = 0;
  };
  static constexpr std::size_t slots = 256;  // of a level
  static constexpr std::uint32_t in_heap = 2 * slots;
  static std::int64_t tick_of(MonotonicTime due) { return due.nanoseconds >> 26; }

  void put(std::size_t place, Entry entry);
  void rise(std::size_t place, Entry entry);
  void sink(std::size_t place, Entry entry);
  void push(Timer& timer);
  void remove_from_heap(std::size_t place);
  /// Where a timer of `tick` waits; in_heap: not in the wheel.
  std::uint32_t slot_for(std::int64_t tick) const;
  void make_wheel();
  void append(std::uint32_t slot, Timer& timer);
  void close_up(Slot& slot);
  /// Takes timers from the wheel until none in it is due before the heap's first.
  void promote();
  /// The first used slot of `level` among `count` from `first` on, round its end; -1: none.
  int find_used(std::size_t level, std::size_t first, std::size_t count) const;
  /// The timers of a slot, and holes; until the next call.
  const std::vector<Timer*>& take_slot(std::size_t slot);

  std::vector<Entry> heap_;
  std::vector<Slot> wheel_;  // both levels; empty until the first far timer
  std::vector<Timer*> taken_;
  std::vector<std::vector<Timer*>> spares_;  // memory of slots that became empty, for others
  std::size_t in_wheel_ = 0;
  std::int64_t now_tick_ = 0;   // of the last fire_due()
  std::int64_t next_tick_ = 0;  // the first that is not taken from the wheel yet
  std::int64_t block_ = 0;      // that level 0 stands for
};

}  // namespace berth
