#pragma once

#include <coroutine>
#include <cstddef>

#include "async/frame_pool.h"
#include "async/state.h"

namespace berth {

/// What a coroutine that returns a Deferred is doing: running, or suspended on one state. Lives
/// beside the coroutine's state, outside its frame, so that the frame can go first. Once cancelled,
/// whatever it waits for is cancelled, to its end.
class CoroutineLink {
 public:
  /// The frame suspended itself on `child`: wait, or fail at once, or go if nobody wants it.
  void suspend_on(StateBase& child, ReadyNode& waiter, bool propagate_error) {
    if (abandoned_) return destroy_frame();
    if (propagate_error && child.status() == StateBase::Status::error) {
      return fail(child.take_error());
    }
    running_ = false;
    awaiting_ = &child;
    child.wait(waiter);
    if (cancelled_) child.cancel();
  }
  /// `child` is resolved: go on, or propagate its error and end.
  void resume_from(StateBase& child, bool propagate_error) {
    running_ = true;
    awaiting_ = nullptr;
    if (propagate_error && child.status() == StateBase::Status::error) {
      return fail(child.take_error());
    }
    handle_.resume();
  }
  /// Ends the frame with `error`. Only while it is suspended.
  void fail(Error error);

 protected:
  void cancel_link();
  void drop_link();

  std::coroutine_handle<> handle_;
  StateBase* self_ = nullptr;

 private:
  void destroy_frame() { handle_.destroy(); }

  StateBase* awaiting_ = nullptr;
  bool running_ = true;
  bool cancelled_ = false;
  bool abandoned_ = false;
};

/// The state of a Deferred that a coroutine resolves. The frame ends (its locals destroyed) when
/// the coroutine does; the state when the consumer has let go too. Two blocks from the frame pool,
/// since a compiler may place the frame of a coroutine elsewhere than where operator new put it.
template <class T>
class CoroutineState final : public State<T>, public CoroutineLink {
 public:
  static CoroutineState* make(std::coroutine_handle<> handle) {
    return ::new (allocate_frame(sizeof(CoroutineState))) CoroutineState(handle);
  }

 private:
  explicit CoroutineState(std::coroutine_handle<> handle) {
    handle_ = handle;
    self_ = this;
  }
  void on_cancel() override { cancel_link(); }
  void on_drop() override { drop_link(); }
  void dispose() override {
    this->~CoroutineState();
    free_frame(this, sizeof(CoroutineState));
  }
};

}  // namespace berth
