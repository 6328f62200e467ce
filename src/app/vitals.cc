#include "app/vitals.h"

#include "async/clock.h"
#include "async/disk.h"
#include "observe/promql/labels.h"
#include "observe/promql/sample_source.h"

namespace berth::app {
namespace {

using promql::Label;

promql::Labels named(std::string name, std::vector<Label> labels) {
  labels.push_back({std::string(promql::metric_name), std::move(name)});
  return promql::Labels(std::move(labels));
}

template <class Values>
void set(Values& out, promql::Labels labels, double value) {
  std::string key = labels.text();
  out.insert_or_assign(std::move(key), std::pair(std::move(labels), value));
}

}  // namespace

void Vitals::services(Values& out) const {
  auto& state = mirror_.state();
  for (auto& [name, desired] : state.services) {
    double wanted = desired.removed ? 0 : desired.instances, healthy = 0;
    auto instances = state.instances.find(name);
    if (instances != state.instances.end()) {
      for (auto& [number, instance] : instances->second) {
        healthy += instance.state == placement::InstanceState::healthy;
        set(out, named("berth_instance_restarts", {{"service", name}, {"instance", instance.id()}}),
            instance.restarts);
      }
    }
    set(out, named("berth_wanted_instances", {{"service", name}}), wanted);
    set(out, named("berth_healthy_instances", {{"service", name}}), healthy);
  }
}

void Vitals::letters(Values& out) const {
  for (auto& topic : bus_.topics()) {
    for (auto& each : topic.subscriptions) {
      set(out, named("berth_dead_letters", {{"topic", topic.name}, {"service", each.service}}),
          static_cast<double>(each.dead));
    }
  }
}

void Vitals::take() {
  Values values;
  services(values);
  letters(values);
  if (free_bytes_) set(values, named("berth_disk_free_bytes", {}), *free_bytes_);
  std::int64_t now = world_.clock.wall().nanoseconds / 1'000'000;
  for (auto it = known_.begin(); it != known_.end();) {
    if (values.contains(it->first)) {
      ++it;
      continue;
    }
    writer_.add(it->second, now, promql::stale_marker);
    it = known_.erase(it);
  }
  for (auto& [key, value] : values) {
    writer_.add(value.first, now, value.second);
    known_.try_emplace(key, value.first);
  }
}

Deferred<void> Vitals::run_forever() {
  for (;;) {
    auto free = co_await world_.disk.free_bytes(folder_).result();
    free_bytes_.reset();
    if (free.ok()) free_bytes_ = static_cast<double>(*free);
    take();
    co_await world_.clock.after(every);
  }
}

}  // namespace berth::app
