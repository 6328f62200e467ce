#include "observe/alerts/exports.h"

#include <algorithm>

#include "async/clock.h"
#include "base/json.h"
#include "observe/alerts/ask_series.h"

namespace berth::observe {

Deferred<void> Exports::open(std::vector<Export> exports) {
  if (exports.empty()) co_return;
  co_await world_.disk.make_durable_folder(options_.folder);
  auto text = co_await world_.disk.read_file(options_.folder + "/exports.json").result();
  Json kept;
  if (text.ok()) {
    auto json = Json::parse(*text);
    if (json.ok()) kept = std::move(*json);
  }
  WallTime now = world_.clock.wall();
  for (auto& each : exports) {
    Running running{std::move(each)};
    std::int64_t every = running.what.every.count();
    running.done = {now.nanoseconds / every * every};
    if (auto done = kept[running.what.name].integer()) running.done = {*done};
    all_.push_back(std::move(running));
  }
  scope_.add(run_forever());
}

Deferred<void> Exports::run_forever() {
  co_await save();
  for (;;) {
    for (auto& each : all_) {
      auto done = co_await catch_up(each).result();
      if (!done.ok() && !each.failing) {
        log_.warning("series are not sent on; it is tried again",
                     {{"export", each.what.name}, {"error", done.error()}});
      }
      each.failing = !done.ok();
      if (!done.ok()) ++each.failures;
    }
    co_await world_.clock.after(tick);
  }
}

Deferred<void> Exports::catch_up(Running& each) {
  Duration every = each.what.every;
  WallTime complete = world_.clock.wall() - each.what.delay;
  std::int64_t behind = (complete - each.done) / every;
  if (behind > static_cast<std::int64_t>(options_.steps_max)) {
    std::int64_t lost = behind - static_cast<std::int64_t>(options_.steps_max);
    each.left_out += static_cast<std::uint64_t>(lost);
    each.done = each.done + lost * every;
    log_.warning("an export is too far behind; its oldest steps are left out",
                 {{"export", each.what.name}, {"steps", lost}});
  }
  while (each.done + every <= complete) co_await step(each, each.done + every);
}

Deferred<void> Exports::step(Running& each, WallTime at) {
  auto found = co_await ask_series(series_, *each.what.query, at, options_.samples_max);
  for (auto& [labels, value] : found) {
    Event event;
    event.service = with_labels(each.what.service, labels, value);
    event.host = labels.value("host");
    event.metric = value;
    event.time = at;
    event.ttl = 2 * each.what.every;
    for (auto& label : labels) {
      if (label.name != "host" && label.name != promql::metric_name) {
        event.attributes.emplace_back(label.name, label.value);
      }
    }
    for (auto& name : each.what.to) co_await or_return(outputs_.accept(name, event));
  }
  co_await outputs_.commit();
  each.done = at;
  ++each.steps;
  co_await save();
}

Deferred<void> Exports::save() {
  Json json = Json::object();
  for (auto& each : all_) json.add_member(each.what.name, each.done.nanoseconds);
  co_await world_.disk.replace_file(options_.folder + "/exports.json", json.text());
}

void Exports::expose(Exposition& page) const {
  if (all_.empty()) return;
  page.family("berth_export_steps_total", "counter", "Steps of exports that were sent on.");
  for (auto& each : all_) page.sample(each.steps, {{"export", each.what.name}});
  page.family("berth_export_failures_total", "counter", "Attempts of exports that failed.");
  for (auto& each : all_) page.sample(each.failures, {{"export", each.what.name}});
  page.family("berth_export_steps_left_out_total", "counter", "Steps that were too long ago.");
  for (auto& each : all_) page.sample(each.left_out, {{"export", each.what.name}});
}

}  // namespace berth::observe
