#pragma once

#include <type_traits>
#include <utility>

#include "async/deferred.h"
#include "async/promise.h"

// Callbacks on a Deferred. Hops that answer at once are fused into one function and cost neither a
// frame nor a turn; the chain becomes a Deferred (one allocation) where it is awaited, returned or
// stored as one, and there it enters the ready list once. A hop that answers with a Deferred
// begins a new chain.

namespace berth {
namespace detail {

template <class R>
struct Answer {  // what a callback's return type R means
  using Value = R;
  static constexpr bool later = false;
};
template <class V>
struct Answer<Result<V>> {
  using Value = V;
  static constexpr bool later = false;
};
template <class V>
struct Answer<Deferred<V>> {
  using Value = V;
  static constexpr bool later = true;
};
template <class A, class F>
struct Answer<Chain<A, F>> {
  using Value = typename Chain<A, F>::Value;
  static constexpr bool later = true;
};

template <class F, class T>
decltype(auto) invoke_callback(F& callback, Result<T>& result) {
  if constexpr (std::is_void_v<T>) {
    return callback();
  } else {
    return callback(std::move(result).value());
  }
}
/// Calls `call` and brings what it answers into the form Result<V>, or Deferred<V> if later.
template <class V, bool later, class Call>
auto answer(Call&& call) -> std::conditional_t<later, Deferred<V>, Result<V>> {
  using R = decltype(call());
  if constexpr (std::is_void_v<R>) {
    call();
    if constexpr (later) {
      return resolved<V>(Result<V>());
    } else {
      return Result<V>();
    }
  } else if constexpr (later && !Answer<R>::later) {
    return resolved<V>(Result<V>(call()));
  } else if constexpr (later) {
    return Deferred<V>(call());
  } else {
    return Result<V>(call());
  }
}

struct PassError {
  Error operator()(Error error) const { return error; }
};
struct PassValue {
  template <class T>
  T operator()(T value) const {
    return value;
  }
  void operator()() const {}
};

/// A callback and its errback as one function of what comes to them. Members without data take no
/// room here and in Fused: most chains fit into a register.
template <class A, class C, class E>
struct Both {
  using R = decltype(invoke_callback(std::declval<C&>(), std::declval<Result<A>&>()));
  using Next = typename Answer<R>::Value;
  static constexpr bool later = Answer<R>::later || Answer<std::invoke_result_t<E&, Error>>::later;

  auto operator()(Result<A> result) {
    if (!result.ok())
      return answer<Next, later>(
          [&]() -> decltype(auto) { return errback(std::move(result).error()); });
    return answer<Next, later>(
        [&]() -> decltype(auto) { return invoke_callback(callback, result); });
  }

  [[no_unique_address]] C callback;
  [[no_unique_address]] E errback;
};

/// A callback that the result passes by.
template <class A, class C>
struct Either {
  using Next = A;
  static constexpr bool later = false;

  Result<A> operator()(Result<A> result) {
    callback();
    return result;
  }

  C callback;
};

/// One function after the other.
template <class F, class G>
struct Fused {
  template <class A>
  auto operator()(Result<A> start) {
    return next(first(std::move(start)));
  }

  [[no_unique_address]] F first;
  [[no_unique_address]] G next;
};

/// Ends a fused chain: one state, one turn.
template <class A, class F, class V>
class ChainState final : public State<V>, ReadyNode {
 public:
  static Deferred<V> make(Deferred<A> source, F function) {
    auto* state = ::new (allocate_frame(sizeof(ChainState)))
        ChainState(std::move(source), std::move(function));
    Deferred<V> deferred(state);
    state->source_.wait(*state);
    return deferred;
  }

 private:
  ChainState(Deferred<A> source, F function)
      : source_(std::move(source)), function_(std::move(function)) {}
  void run() override {
    this->busy_ = true;
    State<V>::resolve(function_(source_.take()));
    if (this->producer_goes()) dispose();
  }
  void on_cancel() override { source_.cancel(); }
  void on_drop() override {
    unlink();
    source_.reset();
    this->release_producer();
  }
  void dispose() override {
    this->~ChainState();
    free_frame(this, sizeof(ChainState));
  }

  Deferred<A> source_;
  F function_;
};

/// A hop whose callback answers with a Deferred: waits for the source, then for the answer.
template <class A, class F, class V>
class FlatState final : public State<V>, ReadyNode {
 public:
  static Deferred<V> make(Deferred<A> source, F function) {
    auto* state =
        ::new (allocate_frame(sizeof(FlatState))) FlatState(std::move(source), std::move(function));
    Deferred<V> deferred(state);
    state->source_.wait(*state);
    return deferred;
  }

 private:
  FlatState(Deferred<A> source, F function)
      : source_(std::move(source)), function_(std::move(function)) {}
  void run() override {
    this->busy_ = true;
    if (!inner_.valid()) {
      inner_ = function_(source_.take());
      if (this->consumed()) return this->release_producer();
      if (inner_.pending()) {
        this->busy_ = false;
        inner_.wait(*this);
        if (cancelled_) inner_.cancel();
        return;
      }
    }
    State<V>::resolve(inner_.take());
    this->release_producer();
  }
  void on_cancel() override {
    cancelled_ = true;
    (inner_.valid() ? inner_.cancel() : source_.cancel());
  }
  void on_drop() override {
    unlink();
    source_.reset();
    inner_.reset();
    this->release_producer();
  }
  void dispose() override {
    this->~FlatState();
    free_frame(this, sizeof(FlatState));
  }

  Deferred<A> source_;
  Deferred<V> inner_;
  F function_;
  bool cancelled_ = false;
};

/// `function` on `source`: a Chain, or the Deferred of an answer that comes later.
template <class A, class V, bool later, class F>
auto hang(Deferred<A> source, F function) {
  if constexpr (later) {
    return FlatState<A, F, V>::make(std::move(source), std::move(function));
  } else {
    return Chain<A, F>(std::move(source), std::move(function));
  }
}

}  // namespace detail

/// Callbacks on a Deferred, not yet hung on it: `F` takes the source's Result<A> and makes a Result
/// of Value. Made by `then` and its siblings only. Becomes a Deferred when awaited or converted;
/// dropped before, it drops its source.
template <class A, class F>
class [[nodiscard]] Chain {
 public:
  using Value = typename std::invoke_result_t<F&, Result<A>>::Value;

  Chain(Deferred<A> source, F function)
      : source_(std::move(source)), function_(std::move(function)) {}

  operator Deferred<Value>() && {
    return detail::ChainState<A, F, Value>::make(std::move(source_), std::move(function_));
  }
  auto operator co_await() && { return Deferred<Value>(std::move(*this)).operator co_await(); }
  auto result() && { return Deferred<Value>(std::move(*this)).result(); }

  template <class C>
  auto then(C callback) && {
    return std::move(*this).then(std::move(callback), detail::PassError());
  }
  template <class C, class E>
  auto then(C callback, E errback) && {
    using Both = detail::Both<Value, C, E>;
    return std::move(*this).extend(Both{std::move(callback), std::move(errback)});
  }
  template <class E>
  auto or_else(E errback) && {
    return std::move(*this).then(detail::PassValue(), std::move(errback));
  }
  template <class C>
  auto finally(C callback) && {
    return std::move(*this).extend(detail::Either<Value, C>{std::move(callback)});
  }

 private:
  /// Fuses `next`, a function of Result<Value>, onto this chain.
  template <class G>
  auto extend(G next) && {
    using Fused = detail::Fused<F, G>;
    return detail::hang<A, typename G::Next, G::later>(
        std::move(source_), Fused{std::move(function_), std::move(next)});
  }

  Deferred<A> source_;
  F function_;
};

template <class T>
template <class F>
auto Deferred<T>::then(F callback) && {
  return std::move(*this).then(std::move(callback), detail::PassError());
}
template <class T>
template <class F, class E>
auto Deferred<T>::then(F callback, E errback) && {
  using Both = detail::Both<T, F, E>;
  return detail::hang<T, typename Both::Next, Both::later>(
      std::move(*this), Both{std::move(callback), std::move(errback)});
}
template <class T>
template <class E>
auto Deferred<T>::or_else(E errback) && {
  return std::move(*this).then(detail::PassValue(), std::move(errback));
}
template <class T>
template <class F>
auto Deferred<T>::finally(F callback) && {
  using Either = detail::Either<T, F>;
  return detail::hang<T, T, false>(std::move(*this), Either{std::move(callback)});
}

}  // namespace berth
