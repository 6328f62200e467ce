#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/clock.h"
#include "async/scope.h"
#include "base/json.h"
#include "observe/alerts/alert_rule.h"
#include "observe/event.h"

namespace berth::observe {

/// One [[kpi]]: a number that a team goes by, counted from messages of a topic or from events, once
/// each `per`.
struct Kpi {
  std::string name;
  std::string topic;  // of the bus or of streams; empty: all events
  std::optional<streams::Query> where;
  std::string field;  // whose numbers are added up; empty: how many there were
  Duration per = 1min;
  std::optional<double> least;  // of the usual band
  std::optional<double> most;
  Duration stands{};  // how long it may be outside
  AlertRoute route;
};

/// Counts what KPIs are made of and gives each as an event of its own each `per`: service "kpi
/// NAME", its number, tag "kpi"; zero too. It is in the series and streams from there on as any
/// other. Whole stretches of wall time are counted; the first, which is none, is not told. What was
/// counted of the present stretch goes with a restart. Belongs to one reactor.
class Kpis {
 public:
  using Emit = std::function<void(Event)>;

  Kpis(Clock& clock, std::vector<Kpi> kpis, Emit emit);

  void start();
  Deferred<void> close() { return scope_.close(); }
  /// An event, published to `topic` or (empty) come in.
  void note(std::string_view topic, const Event& event);
  /// A message of the bus: its text is read as JSON where a KPI has a field.
  void note_message(std::string_view topic, std::string_view body);
  std::vector<std::string> topics() const;
  /// Each with the newest whole stretch's number (docs/formats/api.md, KPIs).
  Json json() const;

  static constexpr Duration tick = 1s;

 private:
  struct Counted {
    Kpi kpi;
    std::int64_t stretch = 0;  // number of the present one
    bool whole = false;        // it was counted from its begin
    double sum = 0;
    double next = 0;               // of the stretch after it, before the tick that ends it
    std::optional<double> newest;  // of the last whole stretch
  };
  void add(Counted& each, double value);
  Deferred<void> run_forever();
  void end_stretches();

  Clock& clock_;
  std::vector<Counted> all_;
  Emit emit_;
  Scope scope_;
};

/// The rule that tells when a KPI leaves its usual band; nothing where it has none.
std::optional<AlertRule> band_rule(const Kpi& kpi);

}  // namespace berth::observe
