#pragma once

#include <cstddef>

#include "async/deferred.h"

namespace berth {

/// Owns work that runs in the background, so that nothing runs unowned. A task that fails (other
/// than cancelled) is reported as an unhandled error; give it an errback to do otherwise. close()
/// cancels all and resolves when the last has ended; destroying the Scope drops what still runs at
/// once. Belongs to one thread. Works without limit: the caller bounds what it adds.
class Scope {
 public:
  Scope() = default;
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope();

  void add(Deferred<void> work);
  std::size_t size() const { return size_; }
  bool closing() const { return closing_; }
  /// Cancels what runs, and what is added from now on. May be awaited several times.
  Deferred<void> close();

 private:
  class Task;
  void ended(Task& task);

  Task* first_ = nullptr;
  std::size_t size_ = 0;
  bool closing_ = false;
  struct Waiter {
    Promise<void> promise;
    Waiter* next;
  };
  Waiter* closers_ = nullptr;
};

}  // namespace berth
