#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "placement/records.h"

namespace berth::placement {

struct SchedulerOptions {
  Duration host_grace = 30s;  // a host that is silent for so long is lost: its instances are moved
  Duration host_forget = 1h;  // what a lost host is still to stop is forgotten then
  std::uint32_t failures_max = 3;  // restarts of one new instance that end a rollout
  Duration prepare_max = 10min;    // an instance that waits for its image may take so long ...
  Duration stop_settle = 5s;       // an agent has said by then whether it runs what it was assigned
};

/// When each host that is missing from the state was seen last; kept by the controller. A missing
/// host that is not in it counts as seen now.
using LastSeen = std::map<std::string, WallTime, std::less<>>;

/// What is to be written so that the running comes nearer to the desired. Empty: nothing to do.
struct Decision {
  std::vector<Assignment> assign;          // new or changed
  std::vector<std::string> unassign;       // ids whose assignment is over and done
  std::vector<std::string> bury;           // ids whose records go: their host is lost
  std::vector<DesiredService> services;    // whose rollouts, target or versions change
  std::vector<std::string> forget;         // removed services of which nothing is left
  std::vector<catalog::Service> policies;  // compiled routing policy that is new or other
  std::vector<FeedEntry> feed;             // ids are given by Feed
  std::optional<WallTime> wake;            // decide again then, even if nothing changes
  /// Why an instance that is wanted is not assigned, or a rollout waits: by service, a sentence.
  std::map<std::string, std::string, std::less<>> waits;
  std::size_t hosts_looked_at = 0;  // what the decision cost

  /// Nothing is to be written.
  bool empty() const {
    return assign.empty() && unassign.empty() && bury.empty() && services.empty() &&
           forget.empty() && policies.empty();
  }
};

/// The scheduler: a pure function of the state and the time, so that calling it again changes
/// nothing until something else did. Level-triggered: it looks at what is, not at what happened.
///
/// A service that has `needs` starts when each of them has had a healthy instance. Missing
/// instances are assigned first, of all services; then rollouts go on. A rollout starts new
/// instances first, at most `parallel` at once above the wanted number, counts one as good when it
/// was healthy for `healthy_for`, and then stops an old one (unhealthy ones first). Where a new one
/// has no room beside the old ones, an old one is stopped first, if it holds the fixed port that
/// the new one needs, or if another healthy one is left. No progress within `deadline`, or
/// `failures_max` restarts of one new instance: the target goes back to the last good version; if
/// there is none, or it was going back already, the rollout has failed and its instances are tried
/// on, until all of them are good, or all that ran before are. Numbers are the lowest that are
/// free. A host is chosen by what fits (cpu, memory, docker, a fixed port), then by the fewest
/// instances of the service, then by the least reserved share. Instances of a lost host are
/// assigned elsewhere; what it ran is stopped when it comes back.
Decision schedule(const ClusterState& state, const LastSeen& last_seen, WallTime now,
                  const SchedulerOptions& options = {});

}  // namespace berth::placement
