#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "placement/hosts.h"
#include "placement/scheduler.h"

namespace berth::placement {

/// What all parts of one decision share.
struct Situation {
  const ClusterState& state;
  WallTime now;
  const SchedulerOptions& options;
  Hosts& hosts;
  Decision& out;

  /// Times that have come already do not count.
  void wake_at(WallTime time) {
    if (time > now && (!out.wake || time < *out.wake)) out.wake = time;
  }
};

/// Decides for one service, in phases that are taken for all services one after another, so that
/// room which one frees is there for all, and what is missing goes before what is to be replaced.
/// A second decision on the result of the first finds nothing to do. Lives on schedule()'s stack.
///
/// An assignment is
///   current    of the version and the generation that are to run
///   old        of another; goes when enough current ones are good
///   stopping   marked so; its agent drains and stops it, and its record goes
/// and well (healthy now), good (so for `healthy_for`), or lost (with its host).
class ServiceDecision {
 public:
  ServiceDecision(Situation& situation, DesiredService service);

  /// What is over goes; what is left takes its room.
  void settle();
  /// Whether its rollout makes progress, or is given up.
  void judge();
  /// Assigns what is missing; lost ones go when there is another in their place.
  void fill();
  /// Too many go; old ones are replaced.
  void replace();
  /// What was stopped just now and never ran is over at once: true, and its room is free.
  bool clear();
  /// Ends the rollout, tells, and puts the result into the Decision.
  void conclude();

 private:
  struct Placed {
    Assignment assignment;
    const InstanceRecord* record = nullptr;  // of this very assignment
    bool lost = false;
    bool changed = false;
  };

  bool current(const Placed& p) const;
  bool old(const Placed& p) const { return !p.assignment.stop && !current(p); }
  bool well(const Placed& p) const;
  bool good(const Placed& p) const;
  bool preparing(const Placed& p) const;
  /// How many are all of these.
  template <class... Is>
  std::size_t count(Is... is) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(placed_, [&](const Placed& p) { return ((this->*is)(p) && ...); }));
  }
  std::size_t wanted() const { return service_.instances; }
  std::size_t parallel() const { return service_.spec().update.parallel; }

  /// Null for one of a version that is not kept any more when there is no other to go by.
  const ServiceSpec* spec_of(const Assignment& assignment) const;
  bool over(const Placed& p);
  void bury_records();
  void stop(Placed& p);
  void stop_worst(bool (ServiceDecision::*is)(const Placed&) const, std::size_t most);
  Placed* worst(bool (ServiceDecision::*is)(const Placed&) const);
  bool add();
  void stop_first();
  bool may_stop_first(const Placed& p) const;
  std::uint32_t free_number();
  /// Why its first instance waits for others; empty if it does not.
  std::string gate() const;
  void wait_for(const std::string& why);

  // rollout.cc
  void note_steps(Rollout& rollout) const;
  std::optional<std::string> failure(Rollout& rollout);
  std::optional<std::string> restarted_too_often(const Rollout& rollout) const;
  std::string without_progress(Duration limit) const;
  void judge_failed(const Rollout& rollout);
  void give_up(std::string why);
  bool runs_well(std::uint64_t version) const;
  bool still_runs(std::uint64_t version) const;
  std::uint64_t last_good(const Rollout& rollout) const;
  void conclude_rollout();
  void finish(Rollout& rollout);
  void announce(const Rollout& rollout);
  std::string progress(const Rollout& rollout) const;
  void tell(std::string kind, std::string level, std::string text, std::uint64_t version = 0,
            std::string instance = "");

  Situation& situation_;
  const DesiredService before_;
  DesiredService service_;
  std::vector<Placed> placed_;  // by number
  std::set<std::uint32_t> numbers_;
  std::uint32_t next_number_ = 1;  // those below are taken
  std::optional<Hosts::Spread> spread_;
  std::size_t wells_ = 0;  // for stop_first
};

/// The service's part of the catalog as its target version says it.
catalog::Service compile_policy(const SystemRecord& system, const DesiredService& service);

}  // namespace berth::placement
