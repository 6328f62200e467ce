#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "observe/promql/labels.h"
#include "observe/promql/query.h"
#include "observe/streams/query.h"

namespace berth::observe {

/// Who is told of an alert, with what else, and how often (prometheus.io/docs/alerting,
/// Alertmanager's grouping).
struct AlertRoute {
  std::vector<std::string> to;        // outputs
  std::vector<std::string> group_by;  // labels: alerts equal in them are told together
  Duration group_wait = 10s;          // from a group's first alert to its first notification
  Duration group_interval = 5min;     // between notifications of a group that changes
  Duration repeat = 4h;               // of what still fires, and was told
};

/// A rule over events: those of one stream's topic, or all.
struct EventCondition {
  std::string topic;                    // of pubsub; empty: all events that come in
  std::optional<streams::Query> of;     // which events are looked at at all
  std::optional<streams::Query> where;  // what fires
  std::optional<streams::Query> hold;   // what goes on firing
  std::vector<std::string> by{"host", "service"};
  Duration absent{};  // not zero: fires where no event came for so long, after there was one
};

/// One [[alert]]: a condition, how long it must hold, and who is told (docs/formats/alerts.md). A
/// plain value.
struct AlertRule {
  std::string name;
  std::optional<promql::Query> query;  // each series of its answer is an alert
  std::optional<promql::Query> hold;   // hysteresis: what fires goes on while this has its series
  std::optional<EventCondition> events;
  std::string text;      // of the condition, for people
  Duration every = 15s;  // how often it is evaluated
  Duration stands{};     // `for`: how long it must hold before it fires
  Duration keep{};       // how long it goes on firing afterwards
  std::string severity = "warning";
  std::vector<promql::Label> labels;
  std::string summary;                  // with %{LABEL} and %{value}
  std::string description;              // likewise
  std::vector<std::string> depends_on;  // rules: what is explained by one of them is not told
  std::vector<std::string> equal;       // labels in which both must be equal for that
  bool calls = false;    // explained by any rule's that has this, of a service that its own calls
  int flap_changes = 6;  // so many changes within `flap_within` are flapping; 0: never
  Duration flap_within = 30min;
  AlertRoute route;
};

/// `text` with %{LABEL} and %{value} put in; a label that is not there is empty.
std::string with_labels(std::string_view text, const promql::Labels& labels, double value);

}  // namespace berth::observe
