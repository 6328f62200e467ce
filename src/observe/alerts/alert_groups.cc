#include "observe/alerts/alert_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "observe/outputs/names.h"

namespace berth::observe {
namespace {

constexpr std::size_t lines_max = 20;  // of a notification's text

int weight(std::string_view severity) {
  if (severity == "critical") return 3;
  if (severity == "warning") return 2;
  return severity == "info" ? 0 : 1;
}

std::string group_key(const Told& each, const promql::Labels& labels) {
  std::string key;
  for (auto& to : each.rule->route.to) key += to + '\n';
  for (auto& name : each.rule->route.group_by) key += '\t' + name;
  return key + '\n' + labels.text();
}

std::string line_of(const Told& each) {
  auto& rule = *each.rule;
  std::string text = rule.summary.empty()
                         ? rule.name + " " + each.alert->labels.without_name().text()
                         : with_labels(rule.summary, each.alert->labels, each.alert->value);
  if (each.alert->flapping) text += " (flapping)";
  if (!rule.description.empty()) {
    text += ": " + with_labels(rule.description, each.alert->labels, each.alert->value);
  }
  return text;
}

void append_lines(std::string& out, std::string_view title, const std::vector<Told>& all) {
  for (std::size_t i = 0; i < all.size() && i < lines_max; ++i) {
    if (!out.empty()) out += "\n";
    out += fmt::format("{}: {}", title, line_of(all[i]));
  }
  if (all.size() > lines_max) out += fmt::format("\n{}: {} more", title, all.size() - lines_max);
}

}  // namespace

std::string alert_key(const AlertRule& rule, const Alert& alert) {
  return rule.name + '\n' + alert.labels.text();  // JSON keeps it as it is
}

Event Notification::event(WallTime now) const {
  Event out;
  const Told& first = firing.empty() ? resolved.front() : firing.front();
  bool one_rule = true;
  std::string_view worst;
  for (auto* list : {&firing, &resolved}) {
    for (auto& each : *list) {
      if (each.rule->name != first.rule->name) one_rule = false;
      bool worse = worst.empty() || weight(each.rule->severity) > weight(worst);
      if (list == &firing && worse) {
        worst = each.rule->severity;
      }
    }
  }
  out.service = one_rule ? "alert " + first.rule->name : "alerts";
  out.state = firing.empty() ? "ok" : std::string(worst.empty() ? "warning" : worst);
  bool single = firing.size() + resolved.size() == 1;
  out.metric = single ? first.alert->value : static_cast<double>(firing.size());
  out.host = single ? first.alert->labels.value("host") : labels.value("host");
  out.time = now;
  out.tags = {"alert", firing.empty() ? "resolved" : "firing"};
  append_lines(out.description, "firing", firing);
  append_lines(out.description, "resolved", resolved);
  auto& shown = single ? first.alert->labels : labels;
  for (auto& label : shown) {
    if (label.name != "host") out.attributes.emplace_back(label.name, label.value);
  }
  out.attributes.emplace_back("firing", std::to_string(firing.size()));
  out.attributes.emplace_back("resolved", std::to_string(resolved.size()));
  return out;
}

AlertGroups::Group& AlertGroups::group_of(const std::string& key, const Told& each, WallTime now) {
  auto [place, fresh] = groups_.try_emplace(key);
  Group& group = place->second;
  group.route = each.rule->route;
  if (fresh) group.next = now + group.route.group_wait;
  return group;
}

std::vector<Notification> AlertGroups::due(WallTime now, const std::map<std::string, Told>& firing,
                                           const std::map<std::string, Told>& resolved) {
  std::map<std::string, std::vector<std::string>> members;
  for (auto& [key, each] : firing) {
    if (each.rule->route.to.empty()) continue;
    promql::Labels labels = each.alert->labels.only(each.rule->route.group_by);
    std::string group = group_key(each, labels);
    group_of(group, each, now).labels = labels;
    members[group].push_back(key);
  }
  std::vector<Notification> out;
  for (auto place = groups_.begin(); place != groups_.end();) {
    auto& [name, group] = *place;
    Notification made{name, group.route.to, group.labels, {}, {}};
    bool changed = false;
    for (auto& key : members[name]) {
      made.firing.push_back(firing.at(key));
      if (!group.told.contains(key)) changed = true;
    }
    for (auto& key : group.told) {
      auto ended = resolved.find(key);
      if (ended != resolved.end()) made.resolved.push_back(ended->second);
    }
    changed = changed || !made.resolved.empty();
    bool again =
        !made.firing.empty() && !group.told.empty() && now - group.told_at >= group.route.repeat;
    if (made.firing.empty() && group.told.empty()) {
      place = groups_.erase(place);
      continue;
    }
    std::ranges::sort(made.firing, {}, [](auto& each) {
      return std::tuple(-weight(each.rule->severity), each.alert->fired_at, each.rule->name,
                        each.alert->labels.key());
    });
    if (now >= group.next && (changed || again)) out.push_back(std::move(made));
    ++place;
  }
  // The worst first, and of these what began first: who reads them in order sees the cause.
  std::ranges::sort(out, {}, [](auto& each) {
    if (each.firing.empty()) return std::tuple(1, WallTime{}, each.group);
    auto& first = each.firing.front();
    return std::tuple(-weight(first.rule->severity), first.alert->fired_at, each.group);
  });
  return out;
}

void AlertGroups::told(const Notification& notification, WallTime now) {
  auto place = groups_.find(notification.group);
  if (place == groups_.end()) return;
  Group& group = place->second;
  for (auto& each : notification.resolved) group.told.erase(alert_key(*each.rule, *each.alert));
  for (auto& each : notification.firing) group.told.insert(alert_key(*each.rule, *each.alert));
  group.told_at = now;
  group.next = now + group.route.group_interval;
}

void AlertGroups::retain(const std::function<bool(const std::string& key)>& known) {
  for (auto& [name, group] : groups_) {
    std::erase_if(group.told, [&](auto& key) { return !known(key); });
  }
}

Json AlertGroups::json() const {
  Json out = Json::array();
  for (auto& [name, group] : groups_) {
    Json told = Json::array();
    for (auto& key : group.told) told.add(key);
    Json to = Json::array();
    for (auto& each : group.route.to) to.add(each);
    Json labels = Json::object();
    for (auto& label : group.labels) labels.add_member(label.name, label.value);
    Json each = Json::object();
    each.add_member("key", name).add_member("told", std::move(told));
    each.add_member("to", std::move(to)).add_member("labels", std::move(labels));
    each.add_member("told_at", group.told_at.nanoseconds)
        .add_member("next", group.next.nanoseconds);
    out.add(std::move(each));
  }
  return out;
}

void AlertGroups::restore(const Json& json) {
  for (auto& each : json.items()) {
    Group group;
    std::vector<promql::Label> labels;
    for (auto& [name, value] : each["labels"].members()) {
      labels.push_back({name, std::string(value.string_or(""))});
    }
    group.labels = promql::Labels(std::move(labels));
    for (auto& key : each["told"].items()) group.told.insert(std::string(key.string_or("")));
    for (auto& to : each["to"].items()) group.route.to.emplace_back(to.string_or(""));
    group.told_at = {each["told_at"].integer().value_or(0)};
    group.next = {each["next"].integer().value_or(0)};
    groups_[std::string(each["key"].string_or(""))] = std::move(group);
  }
}

}  // namespace berth::observe
