#pragma once

#include <type_traits>
#include <utility>

#include "async/clock.h"

namespace berth {

/// Long work in small steps on the reactor's thread, so that others have their turns meanwhile:
/// Twisted's coiterate. `step` returns whether there is more to do, as bool, Result<bool> or
/// Deferred<bool>; steps follow each other until `slice` is used up, then the reactor turns once.
/// Each such work has a slice of its own. An error of a step ends it. Cancelling and dropping take
/// effect between two slices, or within a step that waits. What blocks goes to Workers instead.
template <class F>
Deferred<void> cooperate(Clock& clock, F step, Duration slice = 10ms) {
  using R = std::invoke_result_t<F&>;
  using V = typename detail::Answer<R>::Value;
  static_assert(std::is_same_v<V, bool>, "a step answers whether there is more to do");
  MonotonicTime end = clock.exact_now() + slice;
  for (;;) {
    bool more = false;
    if constexpr (detail::Answer<R>::later) {
      more = co_await step();
    } else {
      more = co_await or_return(Result<bool>(step()));
    }
    if (!more) co_return;
    if (clock.exact_now() < end) continue;
    co_await clock.after(Duration(0));
    end = clock.exact_now() + slice;
  }
}

}  // namespace berth
