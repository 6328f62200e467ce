#pragma once

#include <concepts>
#include <coroutine>
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
template <class T, bool propagate>
class DeferredAwaiter;
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
  Deferred(Deferred&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Deferred& operator=(Deferred&& other) noexcept {
    std::swap(state_, other.state_);
    other.reset();
    return *this;
  }
  ~Deferred() { reset(); }

  bool valid() const { return state_ != nullptr; }
  bool pending() const { return state_ && state_->pending(); }
  void cancel() {
    if (state_) state_->cancel();
  }
  /// Drops it.
  void reset() {
    if (state_) std::exchange(state_, nullptr)->release_consumer();
  }
  /// The result of one that is not pending.
  Result<T> take() {
    check(state_ && !state_->pending(), "the result of a pending Deferred was taken");
    Result<T> result = state_->take();
    reset();
    return result;
  }
  /// For combinators: `waiter` runs once it is resolved.
  void wait(ReadyNode& waiter) { state_->wait(waiter); }

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

 private:
  template <class U, bool propagate>
  friend class detail::DeferredAwaiter;
  State<T>* state_ = nullptr;
};

namespace detail {

template <class T, bool propagate>
class DeferredAwaiter final : ReadyNode {
 public:
  explicit DeferredAwaiter(Deferred<T> deferred) : deferred_(std::move(deferred)) {
    check(deferred_.valid(), "an empty Deferred was awaited");
  }
  bool await_ready() const {
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
      return deferred_.state_->take_value();
    } else {
      return deferred_.state_->take();
    }
  }

 private:
  void run() override { link_->resume_from(*deferred_.state_, propagate); }

  CoroutineLink* link_ = nullptr;
  Deferred<T> deferred_;
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

template <class T>
class DeferredPromiseBase {
 public:
  static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
  static void operator delete(void* frame, std::size_t bytes) { free_frame(frame, bytes); }

  DeferredPromiseBase()
      : state_(CoroutineState<T>::make(
            std::coroutine_handle<DeferredPromise<T>>::from_promise(self()))) {}
  DeferredPromiseBase(const DeferredPromiseBase&) = delete;
  ~DeferredPromiseBase() { state_->release_producer(); }

  Deferred<T> get_return_object() { return Deferred<T>(state_); }
  CoroutineLink& link() { return *state_; }
  std::suspend_never initial_suspend() noexcept { return {}; }
  std::suspend_never final_suspend() noexcept { return {}; }
  void unhandled_exception() { crash("an exception left a coroutine"); }

 protected:
  CoroutineState<T>* state_;

 private:
  DeferredPromise<T>& self() { return static_cast<DeferredPromise<T>&>(*this); }
};

template <class T>
struct DeferredPromise : DeferredPromiseBase<T> {
  template <class U>
    requires std::constructible_from<T, U> && (!std::same_as<std::remove_cvref_t<U>, Error>) &&
             (!std::same_as<std::remove_cvref_t<U>, Result<T>>)
  void return_value(U&& value) {
    this->state_->resolve(T(std::forward<U>(value)));
  }
  void return_value(T&& value) { this->state_->resolve(std::move(value)); }
  void return_value(Error error) { this->state_->resolve_error(std::move(error)); }
  void return_value(Result<T> result) { this->state_->resolve(std::move(result)); }
};

template <>
struct DeferredPromise<void> : DeferredPromiseBase<void> {
  void return_void() { state_->resolve(); }
};

}  // namespace detail

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
