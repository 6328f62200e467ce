#include "observe/alerts/kpi.h"

#include <fmt/format.h>

#include <set>

#include "base/json.h"
#include "observe/outputs/names.h"
#include "observe/streams/event_fields.h"

namespace berth::observe {
namespace {

std::optional<double> number_of(std::string_view text) {
  if (text.empty()) return std::nullopt;
  auto json = Json::parse(text);
  return json.ok() ? json->number() : std::nullopt;
}

std::optional<double> field_of(const Event& event, const std::string& name) {
  auto value = streams::Field(name).get(event);
  if (auto* number = std::get_if<double>(&value)) return *number;
  if (auto* text = std::get_if<std::string_view>(&value)) return number_of(*text);
  return std::nullopt;
}

/// "order.amount" within objects.
std::optional<double> field_of(const Json& json, std::string_view path) {
  const Json* at = &json;
  for (;;) {
    if (const Json* whole = at->find(path)) {
      if (whole->number()) return whole->number();
      return whole->string() ? number_of(*whole->string()) : std::nullopt;
    }
    std::size_t dot = path.find('.');
    at = dot == path.npos ? nullptr : at->find(path.substr(0, dot));
    if (!at) return std::nullopt;
    path.remove_prefix(dot + 1);
  }
}

}  // namespace

Kpis::Kpis(Clock& clock, std::vector<Kpi> kpis, Emit emit) : clock_(clock), emit_(std::move(emit)) {
  for (auto& kpi : kpis) {
    Counted counted{std::move(kpi)};
    counted.stretch = clock_.wall().nanoseconds / counted.kpi.per.count();
    all_.push_back(std::move(counted));
  }
}

void Kpis::start() { scope_.add(run_forever()); }

Deferred<void> Kpis::run_forever() {
  for (;;) {
    // At the next whole second, so that stretches end when they end.
    std::int64_t past = clock_.wall().nanoseconds % tick.count();
    co_await clock_.after(tick - Duration(past));
    end_stretches();
  }
}

void Kpis::end_stretches() {
  WallTime now = clock_.wall();
  for (auto& each : all_) {
    std::int64_t per = each.kpi.per.count();
    std::int64_t stretch = now.nanoseconds / per;
    if (stretch == each.stretch) continue;
    if (each.whole) {
      Event event;
      event.service = "kpi " + each.kpi.name;
      event.metric = each.sum;
      event.time = {stretch * per};
      event.ttl = 2 * each.kpi.per + 5s;
      event.tags = {"kpi"};
      each.newest = each.sum;
      emit_(std::move(event));
    }
    each.sum = std::exchange(each.next, 0);
    each.stretch = stretch;
    each.whole = true;
  }
}

void Kpis::add(Counted& each, double value) {
  bool present = clock_.wall().nanoseconds / each.kpi.per.count() == each.stretch;
  (present ? each.sum : each.next) += value;
}

void Kpis::note(std::string_view topic, const Event& event) {
  if (streams::has_tag(event, "kpi")) return;  // no KPI counts another
  for (auto& each : all_) {
    auto& kpi = each.kpi;
    if (kpi.topic != topic || (kpi.where && !kpi.where->matches(event))) continue;
    add(each, kpi.field.empty() ? 1 : field_of(event, kpi.field).value_or(0));
  }
}

void Kpis::note_message(std::string_view topic, std::string_view body) {
  std::optional<Json> json;
  for (auto& each : all_) {
    if (each.kpi.topic.empty() || each.kpi.topic != topic) continue;
    if (each.kpi.field.empty()) {
      add(each, 1);
      continue;
    }
    if (!json) {
      auto read = Json::parse(body);
      json = read.ok() ? std::move(*read) : Json();
    }
    add(each, field_of(*json, each.kpi.field).value_or(0));
  }
}

std::vector<std::string> Kpis::topics() const {
  std::set<std::string> out;
  for (auto& each : all_) {
    if (!each.kpi.topic.empty()) out.insert(each.kpi.topic);
  }
  return {out.begin(), out.end()};
}

Json Kpis::json() const {
  Json out = Json::array();
  for (auto& each : all_) {
    const Kpi& kpi = each.kpi;
    Json one = Json::object();
    one.add_member("name", kpi.name).add_member("topic", kpi.topic).add_member("field", kpi.field);
    one.add_member("per", seconds_of(kpi.per));
    one.add_member("value", each.newest ? Json(*each.newest) : Json());
    one.add_member("at", seconds_of(each.stretch * kpi.per));
    one.add_member("least", kpi.least ? Json(*kpi.least) : Json());
    one.add_member("most", kpi.most ? Json(*kpi.most) : Json());
    // The series that it is from there on.
    one.add_member("series", fmt::format("{{berth_name=\"kpi {}\"}}", kpi.name));
    one.add_member("to", Json::array_of(kpi.route.to));
    out.add(std::move(one));
  }
  return out;
}

std::optional<AlertRule> band_rule(const Kpi& kpi) {
  if (!kpi.least && !kpi.most) return std::nullopt;
  std::string outside;
  if (kpi.least) outside = fmt::format("metric < {}", number_text(*kpi.least));
  if (kpi.most) {
    if (!outside.empty()) outside += " or ";
    outside += fmt::format("metric > {}", number_text(*kpi.most));
  }
  AlertRule rule;
  rule.name = kpi.name + " is unusual";
  rule.text = outside;
  EventCondition condition;
  condition.of = streams::Query::parse(fmt::format("service = \"kpi {}\"", kpi.name)).value();
  condition.where = streams::Query::parse(outside).value();
  condition.by = {"service"};
  rule.events = std::move(condition);
  rule.every = 1s;
  rule.stands = kpi.stands;
  rule.labels = {{"kpi", kpi.name}};
  rule.summary = kpi.name + " is %{value}";
  std::string usual = kpi.least ? number_text(*kpi.least) : "";
  usual += kpi.least && kpi.most ? " to " : kpi.least ? " and more" : "at most ";
  if (kpi.most) usual += number_text(*kpi.most);
  rule.description = "usual is " + usual;
  rule.route = kpi.route;
  return rule;
}

}  // namespace berth::observe
