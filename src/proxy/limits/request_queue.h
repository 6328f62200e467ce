#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "async/clock.h"
#include "async/promise.h"
#include "catalog/policy.h"

namespace berth::proxy {

/// The requests that wait for room at a service: by urgency (RFC 9218: 0 is the most urgent, 7 the
/// least), and within one by the order in which they came or the other way round. A full queue lets
/// a more urgent one (or with lifo a later one) in by pushing the last out. Belongs to one Pool,
/// outlives its places. What ends a wait: woken, pushed out (overloaded), the limit (timed_out).
class RequestQueue {
 public:
  using Order = catalog::LimitPolicy::Order;

  /// One request's place; it keeps its rank from its first wait to its end, so that one that was
  /// woken in vain stands where it stood. Lives in the frame of who waits.
  class Place {
   public:
    Place(RequestQueue& queue, std::uint8_t urgency) : queue_(queue), urgency_(urgency) {}
    Place(const Place&) = delete;
    ~Place();

   private:
    friend class RequestQueue;
    RequestQueue& queue_;
    const std::uint8_t urgency_;
    std::uint64_t arrival_ = 0;  // 0: has not waited yet
    Place* previous_ = nullptr;
    Place* next_ = nullptr;
    bool waiting_ = false;
    bool woken_ = false;  // and has not told what came of it
    std::optional<Promise<void>> promise_;
  };

  /// Waits for its turn. overloaded: the queue is full of what is before it.
  Deferred<void> wait(Place& place, std::size_t waiting_max, Clock& clock, Duration limit);
  /// Its turn was used, or in vain: whoever is woken next is not its business any more.
  static void done(Place& place) { place.woken_ = false; }
  /// Lets the first try.
  void wake();
  void wake_all();
  bool empty() const { return first_ == nullptr; }
  std::size_t size() const { return size_; }
  /// Whether somebody waits whom `place` may not overtake.
  bool before(const Place& place) const;
  void set_order(Order order) { order_ = order; }

 private:
  bool ranks_before(const Place& a, const Place& b) const;
  void insert(Place& place);
  void remove(Place& place);

  Place* first_ = nullptr;
  Place* last_ = nullptr;
  std::size_t size_ = 0;
  std::uint64_t arrivals_ = 0;
  Order order_ = Order::fifo;
};

}  // namespace berth::proxy
