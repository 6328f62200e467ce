#pragma once

#include <map>
#include <string>
#include <vector>

#include "observe/alerts/alert_rule.h"
#include "observe/alerts/rule_alerts.h"

namespace berth::observe {

/// What events say of one rule's condition, for each set of values of its `by` fields. An event
/// counts until the next one of its set, or until its ttl is over; one that fired between two looks
/// is not missed. At most `sets_max` sets; what is beyond is counted. Belongs to Alerts.
class EventWatch {
 public:
  static constexpr std::size_t sets_max = 10'000;

  explicit EventWatch(EventCondition condition) : condition_(std::move(condition)) {}

  void note(const Event& event, WallTime now);
  /// After a restart: what was active with these labels is so until events say otherwise, or none
  /// has come for the usual time to live.
  void restore(const promql::Labels& alert, double value, WallTime now);
  struct Seen {
    std::vector<Found> active;
    std::vector<promql::Labels> held;
  };
  Seen look(WallTime now);

  const EventCondition& condition() const { return condition_; }
  std::uint64_t refused() const { return refused_; }

 private:
  struct Set {
    promql::Labels labels;
    double value = 0;
    WallTime last{};
    Duration ttl{};
    bool fires = false;
    bool fired = false;  // since the last look
    bool holds = false;
  };

  EventCondition condition_;
  std::map<std::string, Set> sets_;
  std::uint64_t refused_ = 0;
};

}  // namespace berth::observe
