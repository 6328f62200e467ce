#include "observe/alerts/event_watch.h"

#include <algorithm>

#include "observe/outputs/names.h"
#include "observe/streams/event_fields.h"

namespace berth::observe {
namespace {

/// A set that was silent for so long is forgotten, unless it is absence that counts.
constexpr Duration forget_after = 24h;

std::string text_of(const streams::Value& value) {
  if (auto* text = std::get_if<std::string_view>(&value)) return std::string(*text);
  if (auto* number = std::get_if<double>(&value)) return number_text(*number);
  return "";
}

}  // namespace

void EventWatch::note(const Event& event, WallTime now) {
  if (condition_.of && !condition_.of->matches(event)) return;
  bool expired = event.state == "expired";
  bool fires = !expired && condition_.where && condition_.where->matches(event);
  std::vector<promql::Label> labels;
  for (auto& name : condition_.by) {
    labels.push_back({prometheus_label(name), text_of(streams::Field(name).get(event))});
  }
  promql::Labels set(std::move(labels));
  std::string key = set.key();
  auto place = sets_.find(key);
  if (place == sets_.end()) {
    // What never fired needs no memory, unless its absence is to be told.
    if (expired || (!fires && condition_.absent == Duration(0))) return;
    if (sets_.size() >= sets_max) {
      ++refused_;
      return;
    }
    place = sets_.emplace(std::move(key), Set{}).first;
    place->second.labels = set;
  }
  Set& each = place->second;
  each.fires = fires;
  each.holds = !expired && condition_.hold && condition_.hold->matches(event);
  if (expired) return;  // that it is silent is known already
  each.last = now;
  each.ttl = event.ttl > Duration(0) ? event.ttl : streams::default_ttl;
  each.fired = each.fired || fires;
  if (each.fires || each.holds) each.value = event.metric.value_or(0);
}

void EventWatch::restore(const promql::Labels& alert, double value, WallTime now) {
  std::vector<promql::Label> labels;
  for (auto& name : condition_.by) {
    std::string label = prometheus_label(name);
    std::string text(alert.value(label));
    labels.push_back({std::move(label), std::move(text)});
  }
  promql::Labels set(std::move(labels));
  std::string key = set.key();
  Duration ttl = std::max(streams::default_ttl, condition_.absent);
  Set restored{std::move(set), value, now, ttl, true, false, false};
  sets_.insert_or_assign(std::move(key), std::move(restored));
}

EventWatch::Seen EventWatch::look(WallTime now) {
  Seen out;
  for (auto place = sets_.begin(); place != sets_.end();) {
    Set& each = place->second;
    Duration silent = now - each.last;
    bool alive = silent <= each.ttl;
    bool absent = condition_.absent > Duration(0) && silent >= condition_.absent;
    if (absent) {
      out.active.push_back({each.labels, seconds_of(silent)});
    } else if (each.fired || (each.fires && alive)) {
      out.active.push_back({each.labels, each.value});
    } else if (each.holds && alive) {
      out.held.push_back(each.labels);
    }
    each.fired = false;
    bool idle = silent > std::max(forget_after, 2 * condition_.absent);
    place = idle ? sets_.erase(place) : std::next(place);
  }
  return out;
}

}  // namespace berth::observe
