#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/scope.h"
#include "async/sync.h"
#include "async/world.h"
#include "base/exposition.h"
#include "base/log.h"
#include "observe/alerts/alert_groups.h"
#include "observe/alerts/alert_history.h"
#include "observe/alerts/call_graph.h"
#include "observe/alerts/event_watch.h"
#include "observe/alerts/silences.h"
#include "observe/series_source.h"
#include "observe/streams/core.h"

namespace berth::observe {

/// How alerts reach outputs: accepts an event for one of them, and resolves once all that was
/// accepted is on disk.
struct AlertOutputs {
  std::function<Result<void>(const std::string& output, const Event& event)> accept;
  std::function<Deferred<void>()> commit;
};

struct AlertsOptions {
  std::string folder;
  std::vector<std::string> annotations_to;  // outputs that get deploys and the like
  std::uint64_t history_bytes_max = 8 << 20;
  Duration outage_max = 10min;          // a longer one begins `for` anew for what is pending
  std::size_t samples_max = 5'000'000;  // of one evaluation
  std::optional<promql::Query> calls;   // who calls whom: series with the labels from and to
};

/// Alert rules at work: evaluates what is due each second, keeps what it knows on disk, tells
/// groups of alerts to outputs. What is told is in the outputs' queues before it counts as told:
/// each change is told once, and after kill -9 at least once. What is silenced, or explained by an
/// alert that its rule depends on or by one of a service that its own calls (pending or firing,
/// told or not), is not told. A rule that cannot
/// be evaluated leaves its alerts as they are, and is counted and logged. Belongs to one reactor;
/// series, outputs and world outlive it.
class Alerts {
 public:
  static constexpr Duration tick = 1s;
  static constexpr std::size_t history_shown_max = 10'000;
  static constexpr std::size_t fired_kept = 500;
  static constexpr Duration calls_asked_every = 15s;
  /// What a called service explains ends later than its own alert: windows lag.
  static constexpr Duration explains_after = 3min;

  Alerts(World& world, Log log, SeriesSource* series, AlertOutputs outputs, AlertsOptions options);
  ~Alerts();

  /// Reads what was kept, and begins to evaluate.
  Deferred<void> open(std::vector<AlertRule> rules);
  Deferred<void> close();
  /// Lets rules see what is published to topics of `core`, which outlives it; what comes in by the
  /// door is the owner's to note().
  void listen(streams::StreamCore& core);
  void note(const Event& event);
  /// Something that explains what charts show: a deploy. It goes to history and to outputs.
  Deferred<void> annotate(Event event);
  /// The same, for who does not wait.
  void note_annotation(Event event) { scope_.add(annotate(std::move(event))); }

  /// Its id. invalid, overloaded.
  Deferred<std::string> silence(Silence silence);
  /// not_found.
  Deferred<void> end_silence(std::string id);

  Json json() const;
  Deferred<Json> history(std::size_t most) { return history_.newest(most); }
  void expose(Exposition& page) const;
  /// Alerts that fire now, whether they are told or not.
  std::size_t firing() const;
  /// What fired last, the oldest first, told or not: time, labels and summary.
  struct Fired {
    WallTime time{};
    promql::Labels labels;
    std::string summary;
  };
  const std::deque<Fired>& fired() const { return fired_; }

 private:
  struct Rule {
    explicit Rule(AlertRule rule) : alerts(std::move(rule)) {}
    RuleAlerts alerts;
    std::unique_ptr<EventWatch> watch;
    MonotonicTime due{};
    std::uint64_t evaluations = 0;
    std::uint64_t failures = 0;
    std::string trouble;
  };

  Deferred<void> run_forever();
  Deferred<void> evaluate_due();
  Deferred<void> evaluate(Rule& rule);
  Deferred<std::vector<Found>> ask(const promql::Query& query, WallTime now);
  Deferred<void> tell();
  Deferred<void> tell_one(const Notification& notification, WallTime now);
  Deferred<void> read_state();
  void restore(const Json& json);
  Deferred<void> save();
  void note_changes(const AlertRule& rule, const std::vector<AlertChange>& changes, WallTime now);
  void note_fired(const AlertRule& rule, const Alert& alert);
  /// Asks who calls whom while there are alerts to which it matters.
  Deferred<void> ask_calls();
  bool calls_matter() const;
  const Alert* cause_of(const AlertRule& rule, const Alert& alert) const;
  const Alert* called_cause(const AlertRule& rule, const Alert& alert) const;
  const Rule* rule_called(std::string_view name) const;

  World& world_;
  const Log log_;
  SeriesSource* const series_;
  const AlertOutputs outputs_;
  const AlertsOptions options_;
  std::vector<std::unique_ptr<Rule>> rules_;
  Silences silences_;
  AlertGroups groups_;
  AlertHistory history_;
  std::vector<streams::PubSub::Subscription> subscriptions_;
  std::deque<Fired> fired_;
  CallGraph calls_;
  MonotonicTime calls_due_{};
  bool changed_ = false;  // since it was saved
  std::uint64_t notifications_ = 0;
  std::uint64_t untold_ = 0;
  Lock saving_;
  Scope scope_;
};

}  // namespace berth::observe
