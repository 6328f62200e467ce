#pragma once

#include <utility>

#include "async/deferred.h"

namespace berth {

namespace detail {
template <class T>
class ShieldState final : public State<T>, ReadyNode {
 public:
  static Deferred<T> make(Deferred<T> work) {
    auto* state = ::new (allocate_frame(sizeof(ShieldState))) ShieldState(std::move(work));
    Deferred<T> deferred(state);
    state->work_.wait(*state);
    return deferred;
  }

 private:
  explicit ShieldState(Deferred<T> work) : work_(std::move(work)) {}
  void run() override {
    State<T>::resolve(work_.take());
    this->release_producer();
  }
  void on_cancel() override {}
  void on_drop() override {
    unlink();
    work_.reset();
    this->release_producer();
  }
  void dispose() override {
    this->~ShieldState();
    free_frame(this, sizeof(ShieldState));
  }

  Deferred<T> work_;
};
}  // namespace detail

/// `work`, which no cancel reaches: for what must still be done, and waited for, after a cancel,
/// such as a goodbye to a peer. Bound it by a limit of its own, inside: with_timeout around it can
/// cancel nothing either. Dropping it drops the work.
template <class T>
Deferred<T> shielded(Deferred<T> work) {
  return detail::ShieldState<T>::make(std::move(work));
}

}  // namespace berth
