#include "async/executor.h"

namespace berth {
namespace {
thread_local Executor* current_executor = nullptr;
}

Executor& Executor::current() {
  check(current_executor, "this thread runs no reactor");
  return *current_executor;
}

void Executor::set_current(Executor* executor) { current_executor = executor; }

}  // namespace berth
