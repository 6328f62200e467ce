#pragma once

#include <string>
#include <string_view>

namespace berth::os {

/// What a Reactor waits with: readiness by epoll(7), or completions by io_uring(7).
enum class ReactorKind { epoll, io_uring };

/// What somebody wants. `automatic` is what costs less (docs/decisions/0006).
enum class ReactorWish { automatic, epoll, io_uring };

/// Of the variable BERTH_REACTOR: epoll or io_uring; anything else is automatic.
ReactorWish wished_reactor();

struct ReactorChoice {
  ReactorKind kind = ReactorKind::epoll;
  /// A half sentence for an operator, e.g. "as BERTH_REACTOR says".
  std::string why;
  /// True if another one was asked for.
  bool refused = false;

  /// "epoll", "io_uring".
  std::string_view name() const { return kind == ReactorKind::epoll ? "epoll" : "io_uring"; }
};

}  // namespace berth::os
