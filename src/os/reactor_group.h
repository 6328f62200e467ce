#pragma once

#include <atomic>
#include <cstdint>
#include <latch>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

#include "async/promise.h"
#include "async/scope.h"
#include "async/world.h"
#include "os/mailbox.h"
#include "os/reactor.h"

namespace berth::os {

/// Reactors on a thread each, number 0 on the thread that makes the group. They share nothing: each
/// has a World of its own (with the workers of number 0), and work goes from one to another by
/// on(). No lock is taken on the way, and the kernel is asked only to wake one that sleeps.
///
/// Each listens for itself with ListenOptions::reuse_port: the kernel spreads connections. Destroy
/// the group on the thread that made it: the others stop, what they do is dropped.
class ReactorGroup {
 public:
  static constexpr std::size_t reactors_max = 63;
  /// Between two reactors in one direction that have not been answered; more are `overloaded`.
  static constexpr std::size_t calls_max = Mailbox::parcels_max / 2;

  /// `here` and `world` are number 0; `count` in all, at least 1.
  ReactorGroup(Reactor& here, World& world, std::size_t count, ReactorWish wish = wished_reactor());
  ~ReactorGroup();

  std::size_t size() const { return members_.size(); }
  /// Of the group's reactor on this thread; crashes on others.
  std::size_t here() const;
  Reactor& reactor() const;

  /// Runs `work(World&)` on reactor `index` in one of its next turns; it answers T, Result<T> or
  /// Deferred<T>, and the Deferred here resolves on this thread's reactor, one of the group. What
  /// `work` holds and answers with is destroyed on either thread, never on both at once. Cancelling
  /// or dropping does not stop work that was sent; its answer is thrown away.
  template <class F>
  auto on(std::size_t index, F work);

 private:
  class Member;
  template <class F>
  class Call;

  void run_thread(Member& member, World& shared, ReactorWish wish, std::latch& started);
  /// False if the mailbox is full.
  bool send(std::size_t from, std::size_t to, Parcel& parcel);
  bool take_call(std::size_t from, std::size_t to);
  void give_call_back(std::size_t from, std::size_t to);
  World& world_of(std::size_t index);
  Scope& scope_of(std::size_t index);

  std::vector<std::unique_ptr<Member>> members_;
  /// Nobody's reactor goes before the last has stopped: others may be about to wake it.
  std::latch stopped_;
};

/// Travels to the other reactor, runs there, and comes back with the answer.
template <class F>
class ReactorGroup::Call final : public Parcel {
 public:
  using Answer = std::invoke_result_t<F&, World&>;
  using V = typename berth::detail::Answer<Answer>::Value;

  Call(ReactorGroup& group, std::size_t from, std::size_t to, F work)
      : group_(group), from_(from), to_(to), work_(std::move(work)) {}
  Deferred<V> deferred() { return promise_.deferred(); }

  void arrive() override {
    if (answered_) {
      group_.give_call_back(from_, to_);
      promise_.fire(std::move(result_));
      delete this;
      return;
    }
    Scope& scope = group_.scope_of(to_);
    World& world = group_.world_of(to_);
    if constexpr (berth::detail::Answer<Answer>::later) {
      scope.add(carry(*this, Deferred<V>(work_(world))));
    } else if constexpr (std::is_void_v<Answer>) {
      work_(world);
      answer({});
    } else {
      answer(work_(world));
    }
  }

 private:
  /// Answers for a call whose work may be dropped: `cancelled` then.
  struct Reply {
    explicit Reply(Call& call) : call(call) {}
    Reply(const Reply&) = delete;
    ~Reply() { call.answer(std::move(result)); }
    Call& call;
    Result<V> result = Error::cancelled();
  };
  static Deferred<void> carry(Call& call, Deferred<V> work) {
    Reply reply(call);
    reply.result = co_await std::move(work).result();
  }
  void answer(Result<V> result) {
    result_ = std::move(result);
    answered_ = true;
    bool sent = group_.send(to_, from_, *this);
    check(sent, "a mailbox has room for the answers of all calls");
  }

  ReactorGroup& group_;
  const std::size_t from_;
  const std::size_t to_;
  F work_;
  Promise<V> promise_;  // touched where it was made only
  Result<V> result_ = Error::cancelled();
  bool answered_ = false;
};

template <class F>
auto ReactorGroup::on(std::size_t index, F work) {
  using V = typename Call<F>::V;
  std::size_t from = here();
  check(index < size(), "the group has no such reactor");
  if (!take_call(from, index)) return failed<V>(Error::overloaded());
  auto* call = new Call<F>(*this, from, index, std::move(work));
  Deferred<V> deferred = call->deferred();
  check(send(from, index, *call), "a mailbox has room for all calls");
  return deferred;
}

}  // namespace berth::os
