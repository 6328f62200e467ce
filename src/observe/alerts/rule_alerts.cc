#include "observe/alerts/rule_alerts.h"

#include <algorithm>
#include <set>

#include "observe/outputs/names.h"

namespace berth::observe {
namespace {

constexpr std::size_t changes_max = 64;  // that are remembered of an alert

Json time_json(WallTime time) { return Json(time.nanoseconds); }
WallTime time_at(const Json& json, std::string_view key) {
  return {json[key].integer().value_or(0)};
}

}  // namespace

std::string with_labels(std::string_view text, const promql::Labels& labels, double value) {
  std::string out;
  while (!text.empty()) {
    std::size_t begin = text.find("%{");
    std::size_t end = begin == text.npos ? text.npos : text.find('}', begin);
    if (end == text.npos) break;
    out += text.substr(0, begin);
    std::string_view name = text.substr(begin + 2, end - begin - 2);
    out += name == "value" ? number_text(value) : std::string(labels.value(name));
    text.remove_prefix(end + 1);
  }
  return out.append(text);
}

std::string_view phase_name(AlertPhase phase) {
  constexpr std::string_view names[] = {"pending", "firing", "resolved"};
  return names[static_cast<std::size_t>(phase)];
}

Json Alert::json() const {
  Json names = Json::object();
  for (auto& label : labels) names.add_member(label.name, label.value);
  Json times = Json::array();
  for (auto& time : changes) times.add(time_json(time));
  Json out = Json::object();
  out.add_member("labels", std::move(names)).add_member("phase", std::string(phase_name(phase)));
  out.add_member("value", number_text(value)).add_member("active_at", time_json(active_at));
  out.add_member("fired_at", time_json(fired_at)).add_member("resolved_at", time_json(resolved_at));
  out.add_member("false_since", time_json(false_since)).add_member("changes", std::move(times));
  out.add_member("flapping", flapping);
  return out;
}

Result<Alert> Alert::from(const Json& json) {
  Alert out;
  std::vector<promql::Label> labels;
  for (auto& [name, value] : json["labels"].members()) {
    if (value.string()) labels.push_back({name, *value.string()});
  }
  out.labels = promql::Labels(std::move(labels));
  std::string phase = TRY(json.string_at("phase"));
  if (phase == "firing") out.phase = AlertPhase::firing;
  if (phase == "resolved") out.phase = AlertPhase::resolved;
  out.value = std::strtod(TRY(json.string_at("value")).c_str(), nullptr);
  out.active_at = time_at(json, "active_at");
  out.fired_at = time_at(json, "fired_at");
  out.resolved_at = time_at(json, "resolved_at");
  out.false_since = time_at(json, "false_since");
  for (auto& each : json["changes"].items()) out.changes.push_back({each.integer().value_or(0)});
  out.flapping = json["flapping"].boolean().value_or(false);
  return out;
}

promql::Labels RuleAlerts::labels_of(const promql::Labels& found) const {
  std::vector<promql::Label> labels;
  for (auto& label : found) {
    if (label.name != promql::metric_name) labels.push_back(label);
  }
  for (auto& label : rule_.labels) labels.push_back(label);  // of two with one name the last counts
  labels.push_back({"alertname", rule_.name});
  labels.push_back({"severity", rule_.severity});
  return promql::Labels(std::move(labels));
}

const Alert* RuleAlerts::find(const std::string& key) const {
  auto found = alerts_.find(key);
  return found == alerts_.end() ? nullptr : &found->second;
}

void RuleAlerts::restore(Alert alert) {
  std::string key = alert.labels.key();
  if (alerts_.size() < alerts_max) alerts_.insert_or_assign(std::move(key), std::move(alert));
}

std::vector<AlertChange> RuleAlerts::evaluate(WallTime now, const std::vector<Found>& active,
                                              const std::vector<promql::Labels>& held) {
  std::vector<AlertChange> out;
  std::set<std::string> holding;
  for (auto& labels : held) holding.insert(labels_of(labels).key());
  std::set<std::string> seen;
  for (auto& found : active) {
    promql::Labels labels = labels_of(found.labels);
    std::string key = labels.key();
    if (!seen.insert(key).second) continue;
    auto place = alerts_.find(key);
    if (place == alerts_.end()) {
      if (alerts_.size() >= alerts_max) {
        ++refused_;
        continue;
      }
      Alert fresh;
      fresh.labels = labels;
      fresh.phase = AlertPhase::resolved;  // until now
      place = alerts_.emplace(key, std::move(fresh)).first;
    }
    place->second.value = found.value;
    hold_true(place->second, now, out);
  }
  for (auto place = alerts_.begin(); place != alerts_.end();) {
    Alert& alert = place->second;
    bool goes_on = seen.contains(place->first);
    if (!goes_on && alert.phase == AlertPhase::firing && holding.contains(place->first)) {
      hold_true(alert, now, out);
      goes_on = true;
    }
    bool forget = !goes_on && hold_false(alert, now, out);
    place = forget ? alerts_.erase(place) : std::next(place);
  }
  return out;
}

/// The condition of an alert that fires has begun or ceased to hold.
void RuleAlerts::note_change(Alert& alert, WallTime now, std::vector<AlertChange>& out) {
  std::erase_if(alert.changes, [&](WallTime at) { return now - at > rule_.flap_within; });
  if (alert.changes.size() >= changes_max) alert.changes.erase(alert.changes.begin());
  alert.changes.push_back(now);
  bool many = rule_.flap_changes > 0 &&
              alert.changes.size() >= static_cast<std::size_t>(rule_.flap_changes);
  if (many && !alert.flapping) {
    alert.flapping = true;
    out.push_back({AlertChange::What::flapping, alert});
  }
}

void RuleAlerts::hold_true(Alert& alert, WallTime now, std::vector<AlertChange>& out) {
  if (alert.phase == AlertPhase::resolved) {
    alert.phase = AlertPhase::pending;
    alert.active_at = now;
    alert.false_since = {};
    if (rule_.stands > Duration(0)) out.push_back({AlertChange::What::pending, alert});
  }
  if (alert.phase == AlertPhase::pending && now - alert.active_at >= rule_.stands) {
    alert.phase = AlertPhase::firing;
    alert.fired_at = now;
    alert.resolved_at = {};
    out.push_back({AlertChange::What::fired, alert});
    note_change(alert, now, out);
  }
  if (alert.phase == AlertPhase::firing && alert.false_since != WallTime{}) {
    alert.false_since = {};
    note_change(alert, now, out);
  }
}

bool RuleAlerts::hold_false(Alert& alert, WallTime now, std::vector<AlertChange>& out) {
  if (alert.phase == AlertPhase::pending) {
    out.push_back({AlertChange::What::gone, alert});
    bool known = !alert.changes.empty();  // it has fired lately, and may be flapping
    alert.phase = AlertPhase::resolved;
    if (alert.resolved_at == WallTime{}) alert.resolved_at = now;
    return !known;
  }
  if (alert.phase == AlertPhase::firing) {
    if (alert.false_since == WallTime{}) {
      alert.false_since = now;
      note_change(alert, now, out);
    }
    Duration keep = alert.flapping ? std::max(rule_.keep, rule_.flap_within) : rule_.keep;
    if (now - alert.false_since < keep) return false;
    alert.phase = AlertPhase::resolved;
    alert.resolved_at = now;
    if (alert.flapping) alert.changes.clear();  // it has been quiet for long
    alert.flapping = false;
    out.push_back({AlertChange::What::resolved, alert});
    return false;
  }
  return now - alert.resolved_at > std::max(resolved_kept, rule_.flap_within);
}

}  // namespace berth::observe
