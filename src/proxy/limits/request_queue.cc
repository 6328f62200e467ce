#include "proxy/limits/request_queue.h"

namespace berth::proxy {

RequestQueue::Place::~Place() {
  if (waiting_) queue_.remove(*this);
  // Woken, and gone before it could use it: the next one may.
  if (woken_) queue_.wake();
}

bool RequestQueue::ranks_before(const Place& a, const Place& b) const {
  if (a.urgency_ != b.urgency_) return a.urgency_ < b.urgency_;
  return order_ == Order::fifo ? a.arrival_ < b.arrival_ : a.arrival_ > b.arrival_;
}

bool RequestQueue::before(const Place& place) const {
  if (!first_) return false;
  if (place.arrival_ != 0) return ranks_before(*first_, place);
  return first_->urgency_ < place.urgency_ ||
         (first_->urgency_ == place.urgency_ && order_ == Order::fifo);
}

void RequestQueue::insert(Place& place) {
  Place* behind = last_;
  while (behind && ranks_before(place, *behind)) behind = behind->previous_;
  place.previous_ = behind;
  place.next_ = behind ? behind->next_ : first_;
  (behind ? behind->next_ : first_) = &place;
  (place.next_ ? place.next_->previous_ : last_) = &place;
  place.waiting_ = true;
  ++size_;
}

void RequestQueue::remove(Place& place) {
  (place.previous_ ? place.previous_->next_ : first_) = place.next_;
  (place.next_ ? place.next_->previous_ : last_) = place.previous_;
  place.previous_ = place.next_ = nullptr;
  place.waiting_ = false;
  --size_;
}

Deferred<void> RequestQueue::wait(Place& place, std::size_t waiting_max, Clock& clock,
                                  Duration limit) {
  place.woken_ = false;
  if (place.arrival_ == 0) place.arrival_ = ++arrivals_;
  if (size_ >= waiting_max) {
    if (!last_ || !ranks_before(place, *last_)) co_await fail_with(Error::overloaded());
    Place& pushed_out = *last_;
    remove(pushed_out);
    pushed_out.promise_->errback(Error::overloaded());
  }
  place.promise_.emplace();
  insert(place);
  auto waited = co_await with_timeout(clock, limit, place.promise_->deferred()).result();
  if (place.waiting_) remove(place);
  co_await or_return(std::move(waited));
}

void RequestQueue::wake() {
  if (!first_) return;
  Place& place = *first_;
  remove(place);
  place.woken_ = true;
  place.promise_->callback();
}

void RequestQueue::wake_all() {
  while (first_) wake();
}

}  // namespace berth::proxy
