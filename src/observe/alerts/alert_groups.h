#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "observe/alerts/rule_alerts.h"
#include "observe/event.h"

namespace berth::observe {

/// An alert with its rule, as somebody is told of it.
struct Told {
  const AlertRule* rule = nullptr;
  const Alert* alert = nullptr;
};

/// One notification: what fires and what has been resolved since the last one, of one group.
struct Notification {
  std::string group;  // its key
  std::vector<std::string> to;
  promql::Labels labels;  // by which it is grouped
  std::vector<Told> firing;
  std::vector<Told> resolved;

  /// As outputs send it: service "alert NAME", the worst severity or "ok", a line an alert.
  Event event(WallTime now) const;
};

/// Groups of alerts and what was told of each (Alertmanager's dispatch.go and notify.go): the first
/// time after `group_wait`, then whenever something has changed and `group_interval` is over, and
/// again after `repeat` while it fires. Pure: who is told, and that it was told, is the owner's.
class AlertGroups {
 public:
  /// Alerts that may be told now, by their keys (rule and labels), firing; and `resolved` those
  /// that no longer fire. What is in neither (silenced, or explained by another) stays as it was
  /// told.
  std::vector<Notification> due(WallTime now, const std::map<std::string, Told>& firing,
                                const std::map<std::string, Told>& resolved);
  /// It was told: it is in the outputs' queues.
  void told(const Notification& notification, WallTime now);
  /// What was told, and will not be told again: it was silenced when it ended, or its rule is gone.
  void retain(const std::function<bool(const std::string& key)>& known);

  Json json() const;
  void restore(const Json& json);

 private:
  struct Group {
    AlertRoute route;
    promql::Labels labels;
    std::set<std::string> told;  // keys of alerts that were told as firing
    WallTime told_at{};
    WallTime next{};  // not before
  };
  Group& group_of(const std::string& key, const Told& each, WallTime now);

  std::map<std::string, Group> groups_;
};

/// Of an alert, for `due`.
std::string alert_key(const AlertRule& rule, const Alert& alert);

}  // namespace berth::observe
