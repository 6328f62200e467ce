#include "observe/alerts/alerts.h"

#include <algorithm>
#include <set>

#include "async/clock.h"
#include "async/random.h"
#include "base/id.h"
#include "base/timestamp.h"
#include "observe/alerts/ask_series.h"

namespace berth::observe {
namespace {

constexpr std::size_t state_bytes_max = 64 << 20;

std::string_view word_of(AlertChange::What what) {
  constexpr std::string_view words[] = {"pending", "gone", "firing", "resolved", "flapping"};
  return words[static_cast<std::size_t>(what)];
}

Json labels_json(const promql::Labels& labels) {
  Json out = Json::object();
  for (auto& label : labels) out.add_member(label.name, label.value);
  return out;
}

Json history_line(WallTime now, std::string_view what) {
  Json out = Json::object();
  out.add_member("time", write_timestamp(now, 3)).add_member("what", std::string(what));
  return out;
}

}  // namespace

Alerts::Alerts(World& world, Log log, SeriesSource* series, AlertOutputs outputs,
               AlertsOptions options)
    : world_(world),
      log_(log),
      series_(series),
      outputs_(std::move(outputs)),
      options_(std::move(options)),
      history_(world.disk, options_.folder, options_.history_bytes_max) {}

Alerts::~Alerts() = default;

Deferred<void> Alerts::open(std::vector<AlertRule> rules) {
  for (auto& rule : rules) {
    auto made = std::make_unique<Rule>(std::move(rule));
    if (auto& events = made->alerts.rule().events) {
      made->watch = std::make_unique<EventWatch>(*events);
    }
    rules_.push_back(std::move(made));
  }
  co_await world_.disk.make_durable_folder(options_.folder);
  co_await read_state();
  co_await history_.open();
  scope_.add(run_forever());
}

Deferred<void> Alerts::close() {
  subscriptions_.clear();
  co_await scope_.close();
  co_await save();
}

void Alerts::listen(streams::StreamCore& core) {
  std::set<std::string> topics;
  for (auto& rule : rules_) {
    if (rule->watch && !rule->watch->condition().topic.empty()) {
      topics.insert(rule->watch->condition().topic);
    }
  }
  for (auto& topic : topics) {
    subscriptions_.push_back(core.pubsub().subscribe(topic, [this, topic](const Event& event) {
      for (auto& rule : rules_) {
        if (!rule->watch || rule->watch->condition().topic != topic) continue;
        rule->watch->note(event, world_.clock.wall());
      }
    }));
  }
}

void Alerts::note(const Event& event) {
  WallTime now = world_.clock.wall();
  for (auto& rule : rules_) {
    if (rule->watch && rule->watch->condition().topic.empty()) rule->watch->note(event, now);
  }
  if (!options_.annotations_to.empty() && streams::has_tag(event, "annotation")) {
    scope_.add(annotate(event));
  }
}

Deferred<void> Alerts::annotate(Event event) {
  WallTime now = world_.clock.wall();
  if (event.time == WallTime{} || !streams::has_time(event)) event.time = now;
  if (!streams::has_tag(event, "annotation")) event.tags.push_back("annotation");
  Json line = history_line(now, "annotation");
  line.add_member("service", event.service).add_member("description", event.description);
  history_.add(line);
  for (auto& name : options_.annotations_to) {
    auto taken = outputs_.accept(name, event);
    if (!taken.ok()) log_.error("an annotation is lost", {{"error", taken.error()}});
  }
  co_await outputs_.commit();
  co_await history_.write();
}

Deferred<void> Alerts::run_forever() {
  for (;;) {
    co_await evaluate_due();
    co_await ask_calls();
    auto told = co_await tell().result();
    if (!told.ok()) log_.error("alerts are not told", {{"error", told.error()}});
    if (changed_) {
      auto saved = co_await save().result();
      if (!saved.ok()) log_.error("alerts are not kept", {{"error", saved.error()}});
    }
    co_await world_.clock.after(tick);
  }
}

Deferred<void> Alerts::evaluate_due() {
  for (auto& rule : rules_) {
    MonotonicTime now = world_.clock.now();
    if (now < rule->due) continue;
    // Not one after another where some were late.
    rule->due = std::max(rule->due + rule->alerts.rule().every, now);
    auto done = co_await evaluate(*rule).result();
    ++rule->evaluations;
    if (done.ok()) {
      rule->trouble.clear();
      continue;
    }
    ++rule->failures;
    std::string trouble = done.error().text();
    if (trouble != rule->trouble) {
      log_.warning("an alert rule cannot be evaluated; its alerts stay as they are",
                   {{"rule", rule->alerts.rule().name}, {"error", done.error()}});
    }
    rule->trouble = std::move(trouble);
  }
}

Deferred<void> Alerts::evaluate(Rule& rule) {
  WallTime now = world_.clock.wall();
  EventWatch::Seen seen;
  if (rule.watch) {
    seen = rule.watch->look(now);
  } else {
    seen.active = co_await ask(*rule.alerts.rule().query, now);
    auto& hold = rule.alerts.rule().hold;
    if (hold && !rule.alerts.all().empty()) {
      auto held = co_await ask(*hold, now);
      for (auto& each : held) seen.held.push_back(std::move(each.labels));
    }
  }
  note_changes(rule.alerts.rule(), rule.alerts.evaluate(now, seen.active, seen.held), now);
}

Deferred<std::vector<Found>> Alerts::ask(const promql::Query& query, WallTime now) {
  if (!series_) co_return Error(Code::unavailable, "there are no series to ask");
  co_return co_await ask_series(*series_, query, now, options_.samples_max);
}

void Alerts::note_fired(const AlertRule& rule, const Alert& alert) {
  std::string text = rule.summary.empty() ? rule.name : rule.summary;
  fired_.push_back({alert.fired_at, alert.labels, with_labels(text, alert.labels, alert.value)});
  if (fired_.size() > fired_kept) fired_.pop_front();
}

void Alerts::note_changes(const AlertRule& rule, const std::vector<AlertChange>& changes,
                          WallTime now) {
  for (auto& [what, alert] : changes) {
    changed_ = true;
    Json line = history_line(now, word_of(what));
    line.add_member("alert", std::string(alert.labels.value("alertname")));
    line.add_member("labels", labels_json(alert.labels)).add_member("value", alert.value);
    history_.add(line);
    if (what == AlertChange::What::fired) note_fired(rule, alert);
    if (what == AlertChange::What::fired || what == AlertChange::What::resolved) {
      log_.info("an alert changed", {{"state", word_of(what)}, {"labels", alert.labels.text()}});
    }
  }
}

const Alerts::Rule* Alerts::rule_called(std::string_view name) const {
  for (auto& rule : rules_) {
    if (rule->alerts.rule().name == name) return rule.get();
  }
  return nullptr;
}

bool Alerts::calls_matter() const {
  std::size_t active = 0;
  for (auto& rule : rules_) {
    if (!rule->alerts.rule().calls) continue;
    for (auto& [key, alert] : rule->alerts.all()) active += alert.phase != AlertPhase::resolved;
  }
  return active > 1;
}

Deferred<void> Alerts::ask_calls() {
  MonotonicTime now = world_.clock.now();
  if (!options_.calls || now < calls_due_ || !calls_matter()) co_return;
  calls_due_ = now + calls_asked_every;
  auto found = co_await ask(*options_.calls, world_.clock.wall()).result();
  if (!found.ok()) {
    log_.warning("who calls whom is not known anew", {{"error", found.error()}});
    co_return;
  }
  std::vector<std::pair<std::string, std::string>> calls;
  for (auto& each : *found) {
    calls.emplace_back(each.labels.value("from"), each.labels.value("to"));
  }
  calls_.set(calls);
}

/// Of those of services that its own calls the one that is farthest down.
const Alert* Alerts::called_cause(const AlertRule& rule, const Alert& alert) const {
  if (!rule.calls) return nullptr;
  const Alert* best = nullptr;
  WallTime now = world_.clock.wall();
  for (auto& other : rules_) {
    if (!other->alerts.rule().calls) continue;
    for (auto& [key, each] : other->alerts.all()) {
      bool over = each.phase == AlertPhase::resolved && now - each.resolved_at > explains_after;
      if (over) continue;
      auto service = each.labels.value("service");
      if (!calls_.explains(service, alert.labels.value("service"))) continue;
      if (!best || calls_.explains(service, best->labels.value("service"))) best = &each;
    }
  }
  return best;
}

/// One that explains it: of a service that is called, else of a rule that it depends on, with the
/// same labels where they must be.
const Alert* Alerts::cause_of(const AlertRule& rule, const Alert& alert) const {
  if (auto* called = called_cause(rule, alert)) return called;
  for (auto& name : rule.depends_on) {
    auto* cause = rule_called(name);
    if (!cause) continue;
    for (auto& [key, each] : cause->alerts.all()) {
      if (each.phase == AlertPhase::resolved) continue;
      bool same = std::ranges::all_of(rule.equal, [&](auto& label) {
        return each.labels.value(label) == alert.labels.value(label);
      });
      if (same) return &each;
    }
  }
  return nullptr;
}

Deferred<void> Alerts::tell() {
  WallTime now = world_.clock.wall();
  std::map<std::string, Told> firing, resolved;
  std::set<std::string> known;
  for (auto& rule : rules_) {
    for (auto& [labels, alert] : rule->alerts.all()) {
      const AlertRule& what = rule->alerts.rule();
      std::string key = alert_key(what, alert);
      bool silenced = silences_.of(alert.labels, now) != nullptr;
      if (alert.phase == AlertPhase::resolved) {
        if (silenced) continue;
        resolved.emplace(key, Told{&what, &alert});
      } else if (alert.phase == AlertPhase::firing && !silenced && !cause_of(what, alert)) {
        firing.emplace(key, Told{&what, &alert});
      }
      known.insert(std::move(key));
    }
  }
  groups_.retain([&](auto& key) { return known.contains(key); });
  auto due = groups_.due(now, firing, resolved);
  for (auto& notification : due) co_await tell_one(notification, now);
  if (silences_.forget(now)) changed_ = true;
}

Deferred<void> Alerts::tell_one(const Notification& notification, WallTime now) {
  Event event = notification.event(now);
  std::size_t accepted = 0;
  for (auto& name : notification.to) {
    auto taken = outputs_.accept(name, event);
    if (taken.ok()) {
      ++accepted;
    } else {
      ++untold_;
      log_.error("an output does not take a notification",
                 {{"output", name}, {"error", taken.error()}});
    }
  }
  if (accepted == 0) co_return;  // in a second again
  co_await outputs_.commit();
  groups_.told(notification, now);
  ++notifications_;
  changed_ = true;
  Json line = history_line(now, "told");
  Json to = Json::array();
  for (auto& name : notification.to) to.add(name);
  line.add_member("alert", event.service).add_member("state", event.state);
  line.add_member("to", std::move(to)).add_member("text", event.description);
  history_.add(line);
  co_await save();
}

Deferred<void> Alerts::read_state() {
  std::string path = options_.folder + "/state.json";
  auto text = co_await world_.disk.read_file(path, state_bytes_max).result();
  if (!text.ok()) {
    if (text.error().is(Code::not_found)) co_return;
    co_await fail_with(std::move(text).error().during("reading the alerts that were kept"));
    co_return;
  }
  auto json = Json::parse(*text, {.text_bytes_max = state_bytes_max});
  if (!json.ok()) {
    co_await fail_with(std::move(json).error().during("reading " + path));
    co_return;
  }
  restore(*json);
}

void Alerts::restore(const Json& json) {
  silences_.restore(json["silences"]);
  groups_.restore(json["groups"]);
  WallTime now = world_.clock.wall();
  bool long_ago = now - WallTime{json["saved_at"].integer().value_or(0)} > options_.outage_max;
  for (auto& each : json["alerts"].items()) {
    auto alert = Alert::from(each);
    if (!alert.ok()) continue;
    for (auto& rule : rules_) {
      if (rule->alerts.rule().name != alert->labels.value("alertname")) continue;
      // What was pending before a long outage has not held all the time.
      if (long_ago && alert->phase == AlertPhase::pending) alert->active_at = now;
      bool active = alert->phase == AlertPhase::pending || alert->phase == AlertPhase::firing;
      if (rule->watch && active && alert->false_since == WallTime{}) {
        rule->watch->restore(alert->labels, alert->value, now);
      }
      rule->alerts.restore(*alert);
      if (alert->fired_at != WallTime{}) note_fired(rule->alerts.rule(), *alert);
    }
  }
}

Deferred<void> Alerts::save() {
  auto permit = co_await saving_.acquire();
  changed_ = false;
  Json alerts = Json::array();
  for (auto& rule : rules_) {
    for (auto& [labels, alert] : rule->alerts.all()) alerts.add(alert.json());
  }
  Json state = Json::object();
  state.add_member("version", 1).add_member("saved_at", world_.clock.wall().nanoseconds);
  state.add_member("alerts", std::move(alerts)).add_member("groups", groups_.json());
  state.add_member("silences", silences_.json());
  std::string text = state.text();
  auto saved = co_await world_.disk.replace_file(options_.folder + "/state.json", text).result();
  auto written = co_await history_.write().result();
  if (!saved.ok() || !written.ok()) changed_ = true;
  co_await or_return(std::move(saved));
  co_await or_return(std::move(written));
}

Deferred<std::string> Alerts::silence(Silence silence) {
  WallTime now = world_.clock.wall();
  silence.id = make_id(now, world_.random.next(), world_.random.next());
  if (silence.starts == WallTime{}) silence.starts = now;
  std::string id = silence.id;
  Json line = history_line(now, "silenced");
  line.add_member("silence", silence_json(silence));
  co_await or_return(silences_.add(std::move(silence)));
  history_.add(line);
  co_await save();
  co_return id;
}

Deferred<void> Alerts::end_silence(std::string id) {
  WallTime now = world_.clock.wall();
  if (!silences_.end(id, now)) {
    co_await fail_with(Error(Code::not_found, "there is no silence " + id + " that goes on"));
  }
  Json line = history_line(now, "silence ended");
  line.add_member("id", id);
  history_.add(line);
  co_await save();
}

std::size_t Alerts::firing() const {
  std::size_t out = 0;
  for (auto& rule : rules_) {
    for (auto& [labels, alert] : rule->alerts.all()) {
      if (alert.phase == AlertPhase::firing) ++out;
    }
  }
  return out;
}

Json Alerts::json() const {
  WallTime now = world_.clock.wall();
  Json alerts = Json::array(), rules = Json::array();
  for (auto& rule : rules_) {
    auto& what = rule->alerts.rule();
    for (auto& [labels, alert] : rule->alerts.all()) {
      Json each = alert.json();
      each.set("active_at", write_timestamp(alert.active_at, 3));
      each.set("fired_at", write_timestamp(alert.fired_at, 3));
      each.set("resolved_at", write_timestamp(alert.resolved_at, 3));
      each.set("summary", with_labels(what.summary.empty() ? what.name : what.summary, alert.labels,
                                      alert.value));
      if (auto* silence = silences_.of(alert.labels, now)) each.set("silenced_by", silence->id);
      if (auto* cause = cause_of(what, alert)) {
        each.set("explained_by", labels_json(cause->labels));
      }
      alerts.add(std::move(each));
    }
    Json each = Json::object();
    each.add_member("name", what.name).add_member("condition", what.text);
    each.add_member("for", seconds_of(what.stands));
    each.add_member("severity", what.severity).add_member("calls", what.calls);
    each.add_member("description", what.description);
    each.add_member("depends_on", Json::array_of(what.depends_on))
        .add_member("to", Json::array_of(what.route.to));
    each.add_member("alerts", rule->alerts.all().size()).add_member("trouble", rule->trouble);
    rules.add(std::move(each));
  }
  Json out = Json::object();
  out.add_member("alerts", std::move(alerts)).add_member("rules", std::move(rules));
  out.add_member("silences", silences_.json());
  return out;
}

void Alerts::expose(Exposition& page) const {
  page.family("berth_alerts", "gauge", "Alerts by rule and phase.");
  for (auto& rule : rules_) {
    std::size_t counts[3] = {};
    for (auto& [labels, alert] : rule->alerts.all()) {
      ++counts[static_cast<std::size_t>(alert.phase)];
    }
    for (auto phase : {AlertPhase::pending, AlertPhase::firing}) {
      page.sample(counts[static_cast<std::size_t>(phase)],
                  {{"rule", rule->alerts.rule().name}, {"phase", std::string(phase_name(phase))}});
    }
  }
  page.family("berth_alert_evaluations_total", "counter", "Evaluations of alert rules.");
  for (auto& rule : rules_) page.sample(rule->evaluations, {{"rule", rule->alerts.rule().name}});
  page.family("berth_alert_evaluation_failures_total", "counter", "Of these, those that failed.");
  for (auto& rule : rules_) page.sample(rule->failures, {{"rule", rule->alerts.rule().name}});
  page.family("berth_alerts_refused_total", "counter", "Alerts beyond a rule's limit.");
  for (auto& rule : rules_) {
    std::uint64_t refused = rule->alerts.refused() + (rule->watch ? rule->watch->refused() : 0);
    page.sample(refused, {{"rule", rule->alerts.rule().name}});
  }
  page.one("berth_alert_notifications_total", "counter", "Notifications given to outputs.",
           notifications_);
  page.one("berth_alert_notifications_failed_total", "counter", "That an output did not take.",
           untold_);
}

}  // namespace berth::observe
