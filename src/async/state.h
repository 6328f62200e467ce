#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "async/ready_list.h"
#include "base/result.h"

namespace berth {

/// What stands between one producer and one consumer of a Deferred, without its value.
///
///     pending --resolve--> resolved --take--> taken
///        |  cancel(): the producer is asked to stop, and resolves with `cancelled`
///        +--drop: the consumer went; the producer is told once and resolves into the void
///
/// The object lives until both sides have let go. Not for use by domains: they hold a Deferred, and
/// a Promise for the other end. Reactors derive their operations from State<T>.
class StateBase {
 public:
  enum class Status : std::uint8_t { pending, value, error };

  StateBase(const StateBase&) = delete;
  StateBase& operator=(const StateBase&) = delete;

  Status status() const { return status_; }
  bool pending() const { return status_ == Status::pending; }
  bool consumed() const { return !consumer_; }

  // The producer's side.
  void resolve_error(Error error);
  /// The last call of the producer; the object may be gone after it.
  void release_producer() {
    if (producer_goes()) dispose();
  }

  // The consumer's side.
  /// `waiter` is pushed to the ready list once resolved (at once, if it is).
  void wait(ReadyNode& waiter) {
    if (pending()) {
      waiter_ = &waiter;
    } else {
      ReadyList::current().push(waiter);
    }
  }
  void forget_waiter() { waiter_ = nullptr; }
  /// Asks the producer to stop. It answers with `cancelled`, or with what had happened already.
  void cancel() {
    if (pending()) on_cancel();
  }
  /// The last call of the consumer: drops a pending one, reports an error that nobody took.
  void release_consumer() {
    waiter_ = nullptr;
    consumer_ = false;
    if (status_ == Status::error && !taken_) report_if_unheard();
    if (!producer_) {
      dispose();
    } else if (pending() && !busy_) {
      on_drop();
    }
  }
  /// An error that has arrived need not be reported.
  void hush() { taken_ = true; }
  Error take_error() {
    taken_ = true;
    return std::move(*error());
  }

 protected:
  StateBase() = default;
  virtual ~StateBase() {
    if (status_ == Status::error) error()->~Error();
  }

  /// As release_producer() for who knows its own class: true if it is to dispose of the object.
  bool producer_goes() {
    producer_ = false;
    if (!consumer_) return true;
    check(!pending(), "the producer of a Deferred went without resolving it");
    return false;
  }
  void resolved() {
    if (waiter_) ReadyList::current().push(*std::exchange(waiter_, nullptr));
  }
  void resolve_value() {
    status_ = Status::value;
    resolved();
  }
  /// The consumer wants it to stop.
  virtual void on_cancel() = 0;
  /// The consumer went while it was pending: stop without a word. May release the producer's side.
  virtual void on_drop() = 0;
  /// Both sides have let go: free the object.
  virtual void dispose() = 0;

  /// The result was moved out; set by State<T>.
  bool taken_ = false;
  /// The producer runs: it looks itself whether the consumer has gone, on_drop() is not called.
  bool busy_ = false;

 private:
  void report_if_unheard();
  Error* error() { return std::launder(reinterpret_cast<Error*>(error_)); }

  ReadyNode* waiter_ = nullptr;
  Status status_ = Status::pending;
  bool producer_ = true;
  bool consumer_ = true;
  alignas(Error) std::byte error_[sizeof(Error)];
};

/// A StateBase with room for a T. `T` must be movable.
template <class T>
class State : public StateBase {
 public:
  void resolve(T value) {
    if (consumed()) return;
    check(pending(), "a Deferred was resolved twice");
    ::new (static_cast<void*>(value_)) T(std::move(value));
    resolve_value();
  }
  void resolve(Result<T> result) {
    if (result.ok()) {
      resolve(std::move(result).value());
    } else {
      resolve_error(std::move(result).error());
    }
  }
  Result<T> take() {
    if (status() == Status::error) return take_error();
    taken_ = true;
    return Result<T>(std::move(*value()));
  }
  T take_value() {
    taken_ = true;
    return std::move(*value());
  }

 protected:
  ~State() override {
    if (status() == Status::value) value()->~T();
  }

 private:
  T* value() { return std::launder(reinterpret_cast<T*>(value_)); }
  alignas(T) std::byte value_[sizeof(T)];
};

template <>
class State<void> : public StateBase {
 public:
  void resolve() {
    if (consumed()) return;
    check(pending(), "a Deferred was resolved twice");
    resolve_value();
  }
  [[gnu::always_inline]] void resolve(Result<void> result) {
    if (result.ok()) {
      resolve();
    } else {
      resolve_error(std::move(result).error());
    }
  }
  Result<void> take() {
    if (status() == Status::error) return take_error();
    taken_ = true;
    return {};
  }
  void take_value() { taken_ = true; }
};

/// Takes the errors that nobody handled; the default writes them to standard error.
using UnhandledErrorSink = void (*)(const Error&);
void set_unhandled_error_sink(UnhandledErrorSink sink);
void report_unhandled_error(const Error& error);

}  // namespace berth
