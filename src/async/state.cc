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

void StateBase::resolve_error(Error error) {
  if (!consumer_) return;
  check(pending(), "a Deferred was resolved twice");
  ::new (static_cast<void*>(error_)) Error(std::move(error));
  status_ = Status::error;
  resolved();
}

void StateBase::report_if_unheard() {
  if (!error()->is(Code::cancelled)) report_unhandled_error(*error());
}

}  // namespace berth
