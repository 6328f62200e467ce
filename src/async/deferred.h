#pragma once

#include <concepts>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

#include "async/coroutine.h"
#include "async/state.h"

namespace berth {

template <class T>
class Deferred;
template <class T, class F>
class Chain;

namespace detail {
template <class T>
struct DeferredPromise;
template <class T>
class DeferredPromiseBase;
template <class T, bool propagate, class Kept = Deferred<T>>
class DeferredAwaiter;

/// Values that a Deferred carries itself when they are there already: it needs no state then.
template <class T>
inline constexpr bool held_directly = std::is_void_v<T> || std::is_scalar_v<T>;
struct NothingHeld {};
template <class T>
using Held = std::conditional_t<std::is_scalar_v<T>, T, NothingHeld>;
}  // namespace detail

/// A value of type T, or an Error, that will be there later: Twisted's Deferred as a C++ value.
///
/// It starts at once and belongs to the thread that made it. Await it, or hang callbacks on it with
/// `then` (deferred chain, async/chain.h); either takes it. Its result arrives through the ready
/// list, never inside the caller. `cancel()` asks the work to stop: the result is then `cancelled`,
/// or what had happened already. A cancelled coroutine finds every later wait cancelled too, so
/// that loops end; what it must still do and wait for, it hands to a Scope. Dropping cancels
/// without a word. In both cases the outcome of what was on its way is unknown. An error that had
/// arrived and that nobody took is reported.
///
///     Deferred<Bytes> page = get(url);
///     Bytes body = co_await std::move(page);             // an error ends this coroutine with it
///     Result<Bytes> r = co_await get(url).result();      // an error is looked at here
///     auto size = co_await or_return(parse(body));       // the same for a plain Result
template <class T>
class [[nodiscard]] Deferred {
 public:
  using Value = T;
  using promise_type = detail::DeferredPromise<T>;

  Deferred() = default;
  /// Takes over the consumer's side of `state`.
  explicit Deferred(State<T>* state) : state_(state) {}
  Deferred(Deferred&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)), held_(other.held_) {}
  Deferred& operator=(Deferred&& other) noexcept {
    std::swap(state_, other.state_);
    std::swap(held_, other.held_);
    other.reset();
    return *this;
  }
  ~Deferred() { reset(); }
  /// One whose value is there already, without a state.
  template <class... V>
    requires detail::held_directly<T>
  static Deferred holding(V... value) {
    Deferred deferred;
    deferred.hold(value...);
    return deferred;
  }

  bool valid() const { return state_ != nullptr; }
  bool pending() const { return has_state() && state_->pending(); }
  void cancel() {
    if (has_state()) state_->cancel();
  }
  /// Drops it.
  void reset() {
    State<T>* state = std::exchange(state_, nullptr);
    if (state && state != held_mark()) state->release_consumer();
  }
  /// The result of one that is not pending.
  [[gnu::always_inline]] Result<T> take() {
    if constexpr (detail::held_directly<T>) {
      if (state_ == held_mark()) return take_held();
    }
    return take_from_state();
  }
  /// For combinators: `waiter` runs once it is resolved.
  void wait(ReadyNode& waiter) {
    if (has_state()) {
      state_->wait(waiter);
    } else {
      ReadyList::current().push(waiter);
    }
  }

  /// callback(T) makes the next value (a value, Result, or Deferred of it); errors pass by.
  template <class F>
  auto then(F callback) &&;
  /// As above, with errback(Error) for an error; both make the same type.
  template <class F, class E>
  auto then(F callback, E errback) &&;
  /// errback(Error) turns an error into a value or another error; values pass by.
  template <class E>
  auto or_else(E errback) &&;
  /// Runs in either case; the result passes by.
  template <class F>
  auto finally(F callback) &&;

  detail::DeferredAwaiter<T, true> operator co_await() && {
    return detail::DeferredAwaiter<T, true>(std::move(*this));
  }
  /// For co_await: yields the Result instead of ending the coroutine with an error.
  detail::DeferredAwaiter<T, false> result() && {
    return detail::DeferredAwaiter<T, false>(std::move(*this));
  }
  /// For co_await: stays where it is meanwhile, so that others may cancel it, and is empty then.
  detail::DeferredAwaiter<T, true, Deferred&> in_place() & {
    return detail::DeferredAwaiter<T, true, Deferred&>(*this);
  }
  /// The same, yielding the Result instead of ending the coroutine with an error.
  detail::DeferredAwaiter<T, false, Deferred&> result_in_place() & {
    return detail::DeferredAwaiter<T, false, Deferred&>(*this);
  }

 private:
  template <class U, bool propagate, class Kept>
  friend class detail::DeferredAwaiter;
  friend class detail::DeferredPromiseBase<T>;

  /// What a coroutine returns; stays where it is until the coroutine first waits.
  explicit Deferred(detail::DeferredPromiseBase<T>& promise);

  /// Stands in `state_` for a value in `held_`.
  static State<T>* held_mark() { return reinterpret_cast<State<T>*>(std::uintptr_t{1}); }
  bool has_state() const { return state_ && state_ != held_mark(); }
  template <class... V>
  void hold(V... value) {
    held_ = {value...};
    state_ = held_mark();
  }
  Result<T> take_held() {
    state_ = nullptr;
    if constexpr (std::is_scalar_v<T>) {
      return held_;
    } else {
      return Result<T>();
    }
  }
  Result<T> take_from_state() {
    check(valid() && !pending(), "the result of a pending Deferred was taken");
    Result<T> result = state_->take();
    reset();
    return result;
  }
  T take_value() {
    if constexpr (detail::held_directly<T>) {
      if (!has_state()) return static_cast<T>(held_);
    }
    return state_->take_value();
  }

  State<T>* state_ = nullptr;
  [[no_unique_address]] detail::Held<T> held_{};
};

namespace detail {

/// Keeps the Deferred, or refers to one that somebody else keeps.
template <class T, bool propagate, class Kept>
class DeferredAwaiter final : ReadyNode {
 public:
  explicit DeferredAwaiter(Kept deferred) : deferred_(std::forward<Kept>(deferred)) {
    check(deferred_.valid(), "an empty Deferred was awaited");
  }
  ~DeferredAwaiter() {
    // A coroutine that asked for the Result and goes before it is resumed has heard of it.
    if constexpr (!propagate) {
      if (deferred_.has_state()) deferred_.state_->hush();
    }
    if constexpr (std::is_reference_v<Kept>) deferred_.reset();
  }
  bool await_ready() const {
    if (!deferred_.has_state()) return true;
    auto status = deferred_.state_->status();
    return propagate ? status == StateBase::Status::value : status != StateBase::Status::pending;
  }
  template <class P>
  void await_suspend(std::coroutine_handle<P> handle) {
    link_ = &handle.promise().link();
    link_->suspend_on(*deferred_.state_, *this, propagate);
  }
  auto await_resume() {
    if constexpr (propagate) {
      return deferred_.take_value();
    } else {
      return deferred_.take();
    }
  }

 private:
  void run() override { link_->resume_from(*deferred_.state_, propagate); }

  CoroutineLink* link_ = nullptr;
  Kept deferred_;
};

template <class T>
struct ResultAwaiter {
  Result<T> result;
  bool await_ready() const { return result.ok(); }
  template <class P>
  void await_suspend(std::coroutine_handle<P> handle) {
    handle.promise().link().fail(std::move(result).error());
  }
  T await_resume() { return std::move(result).value(); }
};

/// A coroutine's side of its Deferred. The coroutine begins within its call, where its Deferred
/// already stands at its place (a prvalue): what it returns before its first wait goes there, and
/// only a wait, an error or a value that is not held directly makes a state.
template <class T>
class DeferredPromiseBase {
 public:
  static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
  static void operator delete(void* frame, std::size_t bytes) { free_frame(frame, bytes); }

  DeferredPromiseBase() = default;
  DeferredPromiseBase(const DeferredPromiseBase&) = delete;
  ~DeferredPromiseBase() {
    if (state_) state_->release_producer();
  }

  Deferred<T> get_return_object() { return Deferred<T>(*this); }
  CoroutineLink& link() { return state(); }
  std::suspend_never initial_suspend() noexcept { return {}; }
  std::suspend_never final_suspend() noexcept { return {}; }
  void unhandled_exception() { crash("an exception left a coroutine"); }

 protected:
  template <class... V>
  void succeed(V&&... value) {
    if constexpr (held_directly<T>) {
      if (!state_) return deferred_->hold(std::forward<V>(value)...);
    }
    state().resolve(std::forward<V>(value)...);
  }
  CoroutineState<T>& state() {
    if (!state_) {
      auto& self = static_cast<DeferredPromise<T>&>(*this);
      auto handle = std::coroutine_handle<DeferredPromise<T>>::from_promise(self);
      state_ = CoroutineState<T>::make(handle);
      deferred_->state_ = state_;
    }
    return *state_;
  }

 private:
  friend class Deferred<T>;
  CoroutineState<T>* state_ = nullptr;
  Deferred<T>* deferred_ = nullptr;  // until there is a state
};

template <class T>
struct DeferredPromise : DeferredPromiseBase<T> {
  template <class U>
    requires std::constructible_from<T, U> && (!std::same_as<std::remove_cvref_t<U>, Error>) &&
             (!std::same_as<std::remove_cvref_t<U>, Result<T>>)
  void return_value(U&& value) {
    this->succeed(T(std::forward<U>(value)));
  }
  void return_value(T&& value) { this->succeed(std::move(value)); }
  void return_value(Error error) { this->state().resolve_error(std::move(error)); }
  void return_value(Result<T> result) { this->state().resolve(std::move(result)); }
};

template <>
struct DeferredPromise<void> : DeferredPromiseBase<void> {
  void return_void() { succeed(); }
};

}  // namespace detail

template <class T>
Deferred<T>::Deferred(detail::DeferredPromiseBase<T>& promise) {
  promise.deferred_ = this;
}

/// In a coroutine: `co_await or_return(result)` yields the value, or ends the coroutine with the
/// error.
template <class T>
detail::ResultAwaiter<T> or_return(Result<T> result) {
  return {std::move(result)};
}
/// In a coroutine of Deferred<void>: `co_await fail_with(error)` ends it (elsewhere: co_return
/// error).
inline detail::ResultAwaiter<void> fail_with(Error error) {
  return {Result<void>(std::move(error))};
}

}  // namespace berth

#include "async/chain.h"    // IWYU pragma: export
#include "async/promise.h"  // IWYU pragma: export
