#pragma once

#include <functional>
#include <memory>

#include "async/deferred.h"

namespace berth {

/// Where work of one reactor is handed in from other threads.
class Executor {
 public:
  /// From any thread: `task` runs on the reactor's thread in one of its next turns.
  virtual void post(std::move_only_function<void()> task) = 0;
  /// The executor of this thread's reactor; crashes where there is none.
  static Executor& current();

 protected:
  ~Executor() = default;
  /// Called by reactors when they begin and end on a thread.
  static void set_current(Executor* executor);
};

/// Runs blocking work (RocksDB writes, getaddrinfo, compression) outside the reactor.
class Workers {
 public:
  /// From a reactor's thread: `work` runs on some worker thread. At most `tasks_max` wait; beyond,
  /// false is returned and `work` is not taken.
  virtual bool submit(std::move_only_function<void()> work) = 0;

 protected:
  ~Workers() = default;
};

/// Runs `work` (a function that returns R or Result<R>) on a worker and brings its result back to
/// this reactor. Dropping or cancelling does not stop what has begun; its result is thrown away.
template <class F>
auto run_on(Workers& workers, F work) {
  using R = std::invoke_result_t<F&>;
  using V = typename detail::Answer<R>::Value;
  auto promise = std::make_shared<Promise<V>>();  // touched on this thread only
  auto deferred = promise->deferred();
  Executor& home = Executor::current();
  bool taken = workers.submit([work = std::move(work), promise, &home]() mutable {
    if constexpr (std::is_void_v<R>) {
      work();
      home.post([promise = std::move(promise)] { promise->callback(); });
    } else {
      Result<V> result(work());
      home.post([promise = std::move(promise), result = std::move(result)]() mutable {
        promise->fire(std::move(result));
      });
    }
  });
  if (!taken) promise->errback(Error::overloaded());
  return deferred;
}

}  // namespace berth
