#include "async/state.h"

#include <atomic>
#include <cstdio>

namespace berth {
namespace {

void write_unhandled_error(const Error& error) {
  std::string line = "unhandled error: " + error.text() + " (" + error.where() + ")\n";
  std::fputs(line.c_str(), stderr);
}

std::atomic<UnhandledErrorSink> unhandled_error_sink = write_unhandled_error;

}  // namespace

void set_unhandled_error_sink(UnhandledErrorSink sink) {
  unhandled_error_sink = sink ? sink : write_unhandled_error;
}

void report_unhandled_error(const Error& error) { unhandled_error_sink.load()(error); }

StateBase::~StateBase() {
  if (status_ == Status::error) error()->~Error();
}

void StateBase::resolve_error(Error error) {
  if (!consumer_) return;
  check(pending(), "a Deferred was resolved twice");
  ::new (static_cast<void*>(error_)) Error(std::move(error));
  status_ = Status::error;
  resolved();
}

void StateBase::resolved() {
  if (waiter_) ReadyList::current().push(*std::exchange(waiter_, nullptr));
}

void StateBase::wait(ReadyNode& waiter) {
  if (pending()) {
    waiter_ = &waiter;
  } else {
    ReadyList::current().push(waiter);
  }
}

void StateBase::release_producer() {
  producer_ = false;
  if (!consumer_) {
    dispose();
  } else {
    check(!pending(), "the producer of a Deferred went without resolving it");
  }
}

void StateBase::release_consumer() {
  waiter_ = nullptr;
  consumer_ = false;
  if (status_ == Status::error && !taken_ && !error()->is(Code::cancelled)) {
    report_unhandled_error(*error());
  }
  if (!producer_) {
    dispose();
  } else if (pending()) {
    on_drop();
  }
}

}  // namespace berth
