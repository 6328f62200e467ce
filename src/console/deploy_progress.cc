#include "console/deploy_progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_writer.h"
#include "base/units.h"
#include "console/sentence.h"

namespace berth::console {
namespace {

using Action = placement::PlannedChange::Action;
using placement::ClusterState;
using placement::DesiredService;
using placement::InstanceState;
using placement::Rollout;
using placement::RolloutResult;

const DesiredService* desired_of(const ClusterState& state, const std::string& service) {
  auto found = state.services.find(service);
  return found == state.services.end() ? nullptr : &found->second;
}

const std::map<std::uint32_t, placement::InstanceRecord>& instances_of(const ClusterState& state,
                                                                       const std::string& service) {
  static const std::map<std::uint32_t, placement::InstanceRecord> none;
  auto found = state.instances.find(service);
  return found == state.instances.end() ? none : found->second;
}

std::string said(const placement::InstanceRecord& instance) {
  std::string text(placement::state_name(instance.state));
  return instance.why.empty() ? text : text + ": " + instance.why;
}

/// The rollout to that version that is not the scheduler's own return; null if there is none.
const Rollout* rollout_to(const DesiredService& desired, std::uint64_t version) {
  auto found = std::ranges::find_if(
      desired.rollouts.rbegin(), desired.rollouts.rend(),
      [&](const Rollout& rollout) { return rollout.to == version && !rollout.automatic; });
  return found == desired.rollouts.rend() ? nullptr : &*found;
}

std::uint32_t healthy_of(const ClusterState& state, const DesiredService& desired) {
  std::uint32_t healthy = 0;
  for (auto& [number, instance] : instances_of(state, desired.name)) {
    bool counts = instance.state == InstanceState::healthy && instance.version == desired.target;
    healthy += counts ? 1 : 0;
  }
  return healthy;
}

/// One line of the stream: time and kind, then what `write` adds.
template <class F>
void add_line(std::string& out, WallTime now, std::string_view kind, F write) {
  JsonWriter json(out);
  json.begin_object().member("time", milliseconds(now)).member("kind", kind);
  write(json);
  json.end_object();
  out += '\n';
}

}  // namespace

DeployProgress::DeployProgress(std::vector<placement::PlannedChange> changes,
                               const ClusterState& before, WallTime now)
    : began_(now) {
  for (auto& change : changes) {
    Watched watched;
    if (auto* desired = desired_of(before, change.service))
      watched.version_before = desired->target;
    for (auto& [number, instance] : instances_of(before, change.service)) {
      watched.told[number] = said(instance);
    }
    watched.moved = now;
    watched.change = std::move(change);
    services_.push_back(std::move(watched));
  }
}

std::string DeployProgress::plan_line() const {
  std::vector<placement::PlannedChange> changes;
  for (auto& watched : services_) changes.push_back(watched.change);
  std::string out;
  add_line(out, began_, "plan", [&](JsonWriter& json) { write_changes(json, changes); });
  return out;
}

std::string DeployProgress::look(const ClusterState& state, WallTime now, const Waits& waits) {
  std::string out;
  for (auto& watched : services_) {
    if (!watched.result.empty()) continue;
    look_at_instances(watched, state, now, out);
    look_at_service(watched, state, now, waits, out);
    judge(watched, state, now);
    if (watched.result.empty()) continue;
    add_line(out, now, "service", [&](JsonWriter& json) {
      json.member("service", watched.change.service).member("version", watched.change.version);
      json.member("result", watched.result).member("text", watched.text);
    });
  }
  return out;
}

void DeployProgress::look_at_instances(Watched& watched, const ClusterState& state, WallTime now,
                                       std::string& out) {
  auto& instances = instances_of(state, watched.change.service);
  auto tell = [&](std::uint32_t number, const std::string& text) {
    watched.moved = now;
    add_line(out, now, "progress", [&](JsonWriter& json) {
      json.member("service", watched.change.service);
      json.member("instance", fmt::format("{}/{}", watched.change.service, number));
      json.member("text", text);
    });
  };
  for (auto& [number, instance] : instances) {
    std::string text = said(instance);
    auto& told = watched.told[number];
    if (told != text) tell(number, text);
    told = std::move(text);
  }
  std::erase_if(watched.told, [&](auto& told) {
    if (instances.contains(told.first)) return false;
    tell(told.first, "gone");
    return true;
  });
}

void DeployProgress::look_at_service(Watched& watched, const ClusterState& state, WallTime now,
                                     const Waits& waits, std::string& out) {
  auto* desired = desired_of(state, watched.change.service);
  if (!desired || watched.change.action == Action::remove) return;
  std::string why = waits(watched.change.service);
  const Rollout* rollout = rollout_to(*desired, watched.change.version);
  if (why.empty() && rollout && rollout->result == RolloutResult::running) why = rollout->why;
  if (why == watched.told_why) return;
  watched.told_why = why;
  if (why.empty()) return;
  watched.moved = now;
  add_line(out, now, "progress", [&](JsonWriter& json) {
    json.member("service", watched.change.service).member("text", why);
  });
}

void DeployProgress::judge(Watched& watched, const ClusterState& state, WallTime now) const {
  auto& change = watched.change;
  auto* desired = desired_of(state, change.service);
  auto end = [&](std::string_view result, std::string text) {
    watched.result = result;
    watched.text = std::move(text);
  };
  if (change.action == Action::remove) {
    if (!desired) return end("done", "removed in " + took(now));
    if (!desired->removed) return end("failed", "another change came between");
    if (now - watched.moved > patience) end("failed", "it is still being stopped; that goes on");
    return;
  }
  if (!desired || desired->removed) return end("failed", "it was removed meanwhile");
  std::uint32_t healthy = healthy_of(state, *desired);
  std::string how_many = fmt::format("{} of {} healthy", healthy, desired->instances);
  const Rollout* rollout = rollout_to(*desired, change.version);
  bool replaces = change.version != watched.version_before;
  if (replaces && rollout && rollout->result != RolloutResult::running) {
    if (rollout->result == RolloutResult::done) return end("done", how_many + " in " + took(now));
    return end(rollout->result == RolloutResult::returned ? "returned" : "failed", rollout->why);
  }
  bool ours = desired->target == change.version;
  if (!ours && !(replaces && rollout)) return end("failed", "another change came between");
  bool settled = healthy == desired->instances &&
                 instances_of(state, change.service).size() == desired->instances;
  if (!replaces && settled) return end("done", how_many + " in " + took(now));
  if (replaces && desired->instances == 0) return end("done", "no instance is wanted");
  Duration limit = patience;
  if (desired->version(desired->target)) limit += desired->spec().update.deadline;
  if (now - watched.moved > limit) {
    std::string text = fmt::format("nothing has happened for {}: {}", format_duration(limit),
                                   watched.told_why.empty() ? how_many : watched.told_why);
    end("failed", text + "; it goes on");
  }
}

bool DeployProgress::ended() const {
  return std::ranges::none_of(services_, [](auto& each) { return each.result.empty(); });
}

std::string DeployProgress::took(WallTime now) const { return format_duration(now - began_); }

std::string DeployProgress::end(const ClusterState& state, WallTime now) const {
  std::vector<const Watched*> failed;
  std::size_t removed = 0;
  for (auto& watched : services_) {
    if (watched.result != "done") failed.push_back(&watched);
    if (watched.change.action == Action::remove) ++removed;
  }
  std::size_t changed = services_.size() - removed;
  std::string text;
  if (services_.empty()) {
    text = "nothing to change";
  } else if (failed.size() == 1) {
    auto& watched = *failed.front();
    text = watched.change.service + (watched.result == "returned" ? " went back" : " failed") +
           ": " + watched.text;
  } else if (!failed.empty()) {
    text = fmt::format("{} of {} services failed:", failed.size(), services_.size());
    for (auto* watched : failed) text += " " + watched->change.service;
  } else if (changed == state.services.size() && changed > 1) {
    text = fmt::format("all {} healthy in {}", changed, took(now));
  } else if (services_.size() == 1) {
    text = fmt::format("{} is {} after {}", services_.front().change.service,
                       removed ? "removed" : "deployed", took(now));
  } else {
    text = fmt::format("{} services changed in {}", services_.size(), took(now));
  }
  std::string out;
  add_line(out, now, "end",
           [&](JsonWriter& json) { json.member("ok", failed.empty()).member("text", text); });
  return out;
}

void write_changes(JsonWriter& out, const std::vector<placement::PlannedChange>& changes) {
  constexpr std::string_view actions[] = {"create", "change", "remove"};
  out.key("changes").begin_array();
  for (auto& change : changes) {
    out.begin_object().member("service", change.service);
    out.member("action", actions[static_cast<std::size_t>(change.action)]);
    out.member("version", change.version);
    out.key("fields").begin_array();
    for (auto& field : change.fields) {
      out.begin_object().member("key", field.key).member("from", field.from);
      out.member("to", field.to).end_object();
    }
    out.end_array().end_object();
  }
  out.end_array();
}

}  // namespace berth::console
