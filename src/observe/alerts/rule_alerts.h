#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "observe/alerts/alert_rule.h"

namespace berth::observe {

enum class AlertPhase : std::uint8_t { pending, firing, resolved };
std::string_view phase_name(AlertPhase phase);

/// One alert: a rule's condition for one set of labels.
struct Alert {
  promql::Labels labels;  // alertname and severity among them
  AlertPhase phase = AlertPhase::pending;
  double value = 0;      // when it was last evaluated
  WallTime active_at{};  // since when its condition holds
  WallTime fired_at{};
  WallTime resolved_at{};
  WallTime false_since{};         // while it fires, and its condition does not hold; else zero
  std::vector<WallTime> changes;  // of its condition while it fires, the newest last
  bool flapping = false;

  Json json() const;
  static Result<Alert> from(const Json& json);
};

/// What has happened to an alert.
struct AlertChange {
  enum class What : std::uint8_t { pending, gone, fired, resolved, flapping };
  What what;
  Alert alert;  // as it is then
};

/// A series for which a condition holds now.
struct Found {
  promql::Labels labels;
  double value = 0;
};

/// The alerts of one rule: pending, firing, resolved, as Prometheus' rules have them
/// (rules/alerting.go), with hysteresis and with damping of those that flap. A pure machine: time
/// and answers come in, changes come out. At most `alerts_max`; what is beyond is counted.
class RuleAlerts {
 public:
  static constexpr std::size_t alerts_max = 1000;
  static constexpr Duration resolved_kept = 15min;

  explicit RuleAlerts(AlertRule rule) : rule_(std::move(rule)) {}

  /// `active`: what the condition found; `held`: labels for which an alert that fires goes on.
  /// Labels are without those of the rule, which are put there.
  std::vector<AlertChange> evaluate(WallTime now, const std::vector<Found>& active,
                                    const std::vector<promql::Labels>& held);
  /// What was kept of it, before the first evaluation.
  void restore(Alert alert);

  const AlertRule& rule() const { return rule_; }
  const std::map<std::string, Alert>& all() const { return alerts_; }
  const Alert* find(const std::string& key) const;
  std::uint64_t refused() const { return refused_; }
  /// Labels as an alert has them: with the rule's own, without the metric's name.
  promql::Labels labels_of(const promql::Labels& found) const;

 private:
  void hold_true(Alert& alert, WallTime now, std::vector<AlertChange>& out);
  /// True: it is to be forgotten.
  bool hold_false(Alert& alert, WallTime now, std::vector<AlertChange>& out);
  void note_change(Alert& alert, WallTime now, std::vector<AlertChange>& out);

  AlertRule rule_;
  std::map<std::string, Alert> alerts_;  // by their labels' key
  std::uint64_t refused_ = 0;
};

}  // namespace berth::observe
