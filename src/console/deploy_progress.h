#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "base/time.h"
#include "placement/changes.h"
#include "placement/records.h"

namespace berth::console {

/// Follows a deploy through the states of the control state, and puts what happens into the lines
/// of POST /v1/deploy (docs/formats/api.md) until every changed service has come to an end. A
/// service ends when its rollout does; where no instance is replaced, when as many are healthy as
/// wanted; a removed one when it is gone; and in any case when nothing has happened for longer than
/// its rollout may take (then `failed`: the deploy's watcher must not wait for ever). Calls
/// nothing and waits for nothing: told of each state by its owner.
class DeployProgress {
 public:
  using Waits = std::function<std::string(std::string_view service)>;
  /// What is allowed to a service beyond its rollout's deadline, for starting after others.
  static constexpr Duration patience = 60s;

  /// `before`: as it was when `changes` were planned, `now`: when the deploy began.
  DeployProgress(std::vector<placement::PlannedChange> changes,
                 const placement::ClusterState& before, WallTime now);

  /// The lines for what is new in this state, each with its line end.
  std::string look(const placement::ClusterState& state, WallTime now, const Waits& waits);
  bool ended() const;
  /// The last line; once ended().
  std::string end(const placement::ClusterState& state, WallTime now) const;
  /// The first line: what will change.
  std::string plan_line() const;

 private:
  struct Watched {
    placement::PlannedChange change;
    std::uint64_t version_before = 0;
    std::map<std::uint32_t, std::string> told;  // of each instance
    std::string told_why;                       // of the service
    WallTime moved{};                           // something was told
    std::string result;                         // empty while under way
    std::string text;
  };
  void look_at_instances(Watched& watched, const placement::ClusterState& state, WallTime now,
                         std::string& out);
  void look_at_service(Watched& watched, const placement::ClusterState& state, WallTime now,
                       const Waits& waits, std::string& out);
  /// Sets result and text if the service has come to its end.
  void judge(Watched& watched, const placement::ClusterState& state, WallTime now) const;
  std::string took(WallTime now) const;

  std::vector<Watched> services_;
  WallTime began_;
};

/// Writes "changes" as plan and deploy answer them.
void write_changes(JsonWriter& out, const std::vector<placement::PlannedChange>& changes);

}  // namespace berth::console
