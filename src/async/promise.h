#pragma once

#include <functional>
#include <utility>

#include "async/deferred.h"

namespace berth {

namespace detail {
template <class T>
class LeafState final : public State<T> {
 public:
  static LeafState* make() { return ::new (allocate_frame(sizeof(LeafState))) LeafState(); }
  void set_cancel(std::move_only_function<void()> hook) { hook_ = std::move(hook); }
  bool let_go() const { return let_go_; }

 private:
  void on_cancel() override {
    if (std::exchange(let_go_, true)) return;
    if (hook_) std::exchange(hook_, nullptr)();
    if (this->pending()) this->resolve_error(Error::cancelled());
  }
  void on_drop() override {
    let_go_ = true;
    if (hook_) std::exchange(hook_, nullptr)();
  }
  void dispose() override {
    this->~LeafState();
    free_frame(this, sizeof(LeafState));
  }

  std::move_only_function<void()> hook_;
  bool let_go_ = false;
};
}  // namespace detail

/// The producer's end of a Deferred: fires once, by callback or errback. After the consumer let go
/// (cancelled or dropped) firing does nothing. A Promise that goes unfired answers `cancelled`.
template <class T>
class Promise {
 public:
  Promise() : state_(detail::LeafState<T>::make()) {}
  Promise(Promise&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)), handed_out_(other.handed_out_) {}
  Promise& operator=(Promise&& other) noexcept {
    std::swap(state_, other.state_);
    std::swap(handed_out_, other.handed_out_);
    return *this;
  }
  ~Promise() {
    if (!state_) return;
    if (state_->pending()) state_->resolve_error(Error::cancelled());
    let_go();
  }

  /// The consumer's end; once.
  Deferred<T> deferred() {
    check(state_ && !std::exchange(handed_out_, true), "a Promise has one Deferred");
    return Deferred<T>(state_);
  }
  /// True while it may fire and somebody waits.
  bool wanted() const { return state_ && !state_->let_go() && state_->pending(); }
  /// Called once if the consumer cancels or drops it; must not fire with a value of unknown
  /// outcome.
  void on_cancel(std::move_only_function<void()> hook) { state_->set_cancel(std::move(hook)); }

  template <class... U>
  void callback(U&&... value) {
    if (state_->let_go()) return;
    if constexpr (std::is_void_v<T>) {
      state_->resolve();
    } else {
      state_->resolve(T(std::forward<U>(value)...));
    }
  }
  void errback(Error error) {
    if (!state_->let_go()) state_->resolve_error(std::move(error));
  }
  void fire(Result<T> result) {
    if (!state_->let_go()) state_->resolve(std::move(result));
  }

 private:
  void let_go() {
    if (!handed_out_) Deferred<T>(state_).reset();
    state_->release_producer();
  }

  detail::LeafState<T>* state_;
  bool handed_out_ = false;
};

namespace detail {
/// One without a producer.
template <class T>
class ResolvedState final : public State<T> {
 public:
  template <class... V>
  static Deferred<T> make(V&&... value) {
    auto* state = ::new (allocate_frame(sizeof(ResolvedState))) ResolvedState();
    Deferred<T> deferred(state);
    state->resolve(std::forward<V>(value)...);
    state->release_producer();
    return deferred;
  }

 private:
  void on_cancel() override {}
  void on_drop() override {}
  void dispose() override {
    this->~ResolvedState();
    free_frame(this, sizeof(ResolvedState));
  }
};
}  // namespace detail

/// Deferreds that are resolved already.
template <class T>
Deferred<std::decay_t<T>> ready(T&& value) {
  using V = std::decay_t<T>;
  if constexpr (detail::held_directly<V>) {
    return Deferred<V>::holding(value);
  } else {
    return detail::ResolvedState<V>::make(std::forward<T>(value));
  }
}
inline Deferred<void> ready() { return Deferred<void>::holding(); }
template <class T>
Deferred<T> resolved(Result<T> result) {
  if constexpr (std::is_void_v<T>) {
    if (result.ok()) return ready();
  } else if constexpr (detail::held_directly<T>) {
    if (result.ok()) return ready(T(*result));
  }
  return detail::ResolvedState<T>::make(std::move(result));
}
template <class T>
Deferred<T> failed(Error error) {
  return resolved<T>(Result<T>(std::move(error)));
}

}  // namespace berth
