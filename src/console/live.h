#pragma once

#include <memory>
#include <string>

#include "async/scope.h"
#include "console/overview.h"
#include "console/sources.h"
#include "console/state_view.h"
#include "http/server.h"

namespace berth::console {

/// The pushed stream (GET /v1/live). The state is computed once for all readers: each second, and
/// within 100 ms of a change of the control state, but at most ten times a second, and only while
/// somebody reads. A reader that is too slow skips states, never points; one that lets
/// `points_waiting_max` points pile up is ended (the browser opens the stream again and asks for
/// what it missed). Belongs to one reactor; readers may outlive it, and then end.
class Live {
 public:
  static constexpr std::size_t points_waiting_max = 300;
  static constexpr std::int64_t points_at_once_max = 60;
  static constexpr Duration pause_between_states = 100ms;

  Live(const Sources& sources, const ApiOptions& options, Overview& overview,
       const StateView& view);
  ~Live();

  /// Begins to follow the seconds and the control state.
  void start();
  /// Ends every reader.
  Deferred<void> close();

  /// A new stream of events; `service` may be empty. overloaded when there are too many.
  Result<std::unique_ptr<http::BodySource>> open(std::string service);
  std::size_t readers() const;

 private:
  class Reader;
  struct Shared;

  Deferred<void> follow_seconds();
  Deferred<void> follow_changes();
  void push_states();
  void push_point(std::int64_t second);

  const Sources& sources_;
  const ApiOptions& options_;
  Overview& overview_;
  const StateView& view_;
  std::shared_ptr<Shared> shared_;
  MonotonicTime last_state_{};
  std::int64_t pushed_until_ = 0;  // points of the seconds before it are pushed
  Scope scope_;
};

}  // namespace berth::console
