#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "async/deferred.h"

namespace berth {

namespace detail {
/// Waits for many of one type; `Derived::arrived` resolves once the whole is answered. Cancelling a
/// member may make whoever waits for the whole go: `busy_` keeps it until that is over.
template <class T, class V, class Derived>
class ManyState : public State<V> {
 protected:
  explicit ManyState(std::vector<Deferred<T>> works) : left_(works.size()) {
    members_.reserve(works.size());
    for (auto& work : works) members_.push_back(std::make_unique<Member>(*this, std::move(work)));
  }
  void start() {
    for (auto& member : members_) member->work.wait(*member);
  }
  void cancel_all() {
    for (auto& member : members_) {
      if (member->work.valid()) member->work.cancel();
    }
  }
  std::size_t left_;

 private:
  struct Member final : ReadyNode {
    Member(ManyState& owner, Deferred<T> work) : owner(owner), work(std::move(work)) {}
    void run() override { owner.take_from(*this); }
    ManyState& owner;
    Deferred<T> work;
  };
  void take_from(Member& member) {
    Result<T> result = member.work.take();
    --left_;
    std::size_t index = 0;
    while (members_[index].get() != &member) ++index;
    this->busy_ = true;
    static_cast<Derived*>(this)->arrived(index, std::move(result));
    this->busy_ = false;
    if (this->consumed() || !this->pending()) this->release_producer();
  }
  void on_cancel() override {
    bool before = std::exchange(this->busy_, true);
    cancel_all();
    this->busy_ = before;
    if (!this->busy_ && this->consumed()) this->release_producer();
  }
  void on_drop() override { this->release_producer(); }
  void dispose() override { delete static_cast<Derived*>(this); }

  std::vector<std::unique_ptr<Member>> members_;
};

template <class T>
class AllState final : public ManyState<T, std::vector<Result<T>>, AllState<T>> {
  using Many = ManyState<T, std::vector<Result<T>>, AllState<T>>;

 public:
  static Deferred<std::vector<Result<T>>> make(std::vector<Deferred<T>> works, bool first_error) {
    if (works.empty()) return ready(std::vector<Result<T>>());
    auto* state = new AllState(std::move(works), first_error);
    Deferred<std::vector<Result<T>>> deferred(state);
    state->start();
    return deferred;
  }
  void arrived(std::size_t index, Result<T> result) {
    if (first_error_ && !result.ok() && !failed_) {
      failed_ = std::make_unique<Error>(result.error());
      this->cancel_all();
    }
    results_[index] = std::move(result);
    if (this->left_ > 0) return;
    if (failed_) {
      this->resolve_error(std::move(*failed_));
    } else {
      this->resolve(std::move(results_));
    }
  }

 private:
  AllState(std::vector<Deferred<T>> works, bool first_error)
      : Many(std::move(works)), first_error_(first_error) {
    results_.reserve(this->left_);
    while (results_.size() < this->left_) results_.emplace_back(Error::cancelled());
  }

  std::vector<Result<T>> results_;
  std::unique_ptr<Error> failed_;
  bool first_error_;
};
}  // namespace detail

/// Every result, in order, good or bad (Twisted's DeferredList).
template <class T>
Deferred<std::vector<Result<T>>> gather_all(std::vector<Deferred<T>> works) {
  return detail::AllState<T>::make(std::move(works), false);
}

/// All values in order, or the first error; the others are then cancelled and waited for.
template <class T>
Deferred<std::vector<T>> gather_results(std::vector<Deferred<T>> works) {
  return detail::AllState<T>::make(std::move(works), true).then([](std::vector<Result<T>> results) {
    std::vector<T> values;
    values.reserve(results.size());
    for (auto& result : results) values.push_back(std::move(result).value());
    return values;
  });
}
inline Deferred<void> gather_results(std::vector<Deferred<void>> works) {
  return detail::AllState<void>::make(std::move(works), true).then([](auto) {});
}

/// The first of several that ends, good or bad, with its index; the others are cancelled and then
/// waited for, so that nothing of them runs on.
template <class T>
struct First {
  std::size_t index;
  Result<T> result;
};

namespace detail {
template <class T>
class FirstState final : public ManyState<T, First<T>, FirstState<T>> {
  using Many = ManyState<T, First<T>, FirstState<T>>;

 public:
  static Deferred<First<T>> make(std::vector<Deferred<T>> works) {
    check(!works.empty(), "a race needs a runner");
    auto* state = new FirstState(std::move(works));
    Deferred<First<T>> deferred(state);
    state->start();
    return deferred;
  }
  void arrived(std::size_t index, Result<T> result) {
    if (!first_) {
      first_ = std::make_unique<First<T>>(First<T>{index, std::move(result)});
      this->cancel_all();
    }
    if (this->left_ > 0) return;
    this->resolve(std::move(*first_));
  }

 private:
  explicit FirstState(std::vector<Deferred<T>> works) : Many(std::move(works)) {}
  std::unique_ptr<First<T>> first_;
};
}  // namespace detail

template <class T>
Deferred<First<T>> race(std::vector<Deferred<T>> works) {
  return detail::FirstState<T>::make(std::move(works));
}

/// A vector of Deferreds from arguments, since they cannot be copied into a braced list.
template <class T, class... More>
std::vector<Deferred<T>> together(Deferred<T> first, More... more) {
  std::vector<Deferred<T>> all;
  all.reserve(1 + sizeof...(More));
  all.push_back(std::move(first));
  (all.push_back(std::move(more)), ...);
  return all;
}

}  // namespace berth
