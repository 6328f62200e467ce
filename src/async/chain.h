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
    running_ = true;
    State<V>::resolve(function_(source_.take()));
    this->release_producer();
  }
  void on_cancel() override { source_.cancel(); }
  void on_drop() override {
    if (running_) return;
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
  bool running_ = false;
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
    running_ = true;
    if (!inner_.valid()) {
      inner_ = function_(source_.take());
      if (this->consumed()) return this->release_producer();
      if (inner_.pending()) {
        running_ = false;
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
    if (running_) return;
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
  bool running_ = false;
  bool cancelled_ = false;
};

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
    return std::move(*this).then(std::move(callback), [](Error error) { return error; });
  }
  template <class C, class E>
  auto then(C callback, E errback) && {
    using R = decltype(detail::invoke_callback(callback, std::declval<Result<Value>&>()));
    using S = std::invoke_result_t<E&, Error>;
    using Next = typename detail::Answer<R>::Value;
    constexpr bool later = detail::Answer<R>::later || detail::Answer<S>::later;
    auto both = [callback = std::move(callback),
                 errback = std::move(errback)](Result<Value> result) mutable {
      if (!result.ok()) {
        return detail::answer<Next, later>(
            [&]() -> decltype(auto) { return errback(std::move(result).error()); });
      }
      return detail::answer<Next, later>(
          [&]() -> decltype(auto) { return detail::invoke_callback(callback, result); });
    };
    return std::move(*this).template extend<Next, later>(std::move(both));
  }
  template <class E>
  auto or_else(E errback) && {
    if constexpr (std::is_void_v<Value>) {
      return std::move(*this).then([] {}, std::move(errback));
    } else {
      return std::move(*this).then([](Value value) { return value; }, std::move(errback));
    }
  }
  template <class C>
  auto finally(C callback) && {
    return std::move(*this).template extend<Value, false>(
        [callback = std::move(callback)](Result<Value> result) mutable {
          callback();
          return result;
        });
  }

 private:
  /// Fuses `next`, a function of Result<Value>, onto this chain.
  template <class Next, bool later, class G>
  auto extend(G next) && {
    auto fused = [f = std::move(function_), next = std::move(next)](Result<A> start) mutable {
      return next(f(std::move(start)));
    };
    if constexpr (later) {
      return detail::FlatState<A, decltype(fused), Next>::make(std::move(source_),
                                                               std::move(fused));
    } else {
      return Chain<A, decltype(fused)>(std::move(source_), std::move(fused));
    }
  }

  Deferred<A> source_;
  F function_;
};

namespace detail {
template <class T>
auto chain_of(Deferred<T> deferred) {
  auto same = [](Result<T> result) { return result; };
  return Chain<T, decltype(same)>(std::move(deferred), same);
}
}  // namespace detail

template <class T>
template <class F>
auto Deferred<T>::then(F callback) && {
  return detail::chain_of(std::move(*this)).then(std::move(callback));
}
template <class T>
template <class F, class E>
auto Deferred<T>::then(F callback, E errback) && {
  return detail::chain_of(std::move(*this)).then(std::move(callback), std::move(errback));
}
template <class T>
template <class E>
auto Deferred<T>::or_else(E errback) && {
  return detail::chain_of(std::move(*this)).or_else(std::move(errback));
}
template <class T>
template <class F>
auto Deferred<T>::finally(F callback) && {
  return detail::chain_of(std::move(*this)).finally(std::move(callback));
}

}  // namespace berth
