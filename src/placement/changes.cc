#include "placement/changes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "async/clock.h"
#include "base/strings.h"
#include "placement/edits.h"

namespace berth::placement {

namespace {

constexpr Duration catch_up_most = 1s;
constexpr std::string_view system_key = "system";

template <class Names>
Error not_there(std::string what, std::string_view name, const Names& names) {
  std::vector<std::string_view> words(names.begin(), names.end());
  std::string_view nearest = nearest_word(name, words);
  std::string meant = nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest);
  return {Code::not_found, fmt::format("{} '{}'{}", what, name, meant)};
}

std::vector<std::string_view> names_of(const ClusterState& state) {
  std::vector<std::string_view> names;
  for (const auto& [name, service] : state.services)
    if (!service.removed) names.push_back(name);
  return names;
}

std::vector<std::uint64_t> versions_in_use(const ClusterState& state, const std::string& service) {
  std::set<std::uint64_t> used;
  if (auto found = state.assignments.find(service); found != state.assignments.end())
    for (const auto& [number, assignment] : found->second) used.insert(assignment.version);
  return {used.begin(), used.end()};
}

bool is_meant(const std::vector<std::string>& only, const std::string& name) {
  return only.empty() || std::ranges::find(only, name) != only.end();
}

/// The services that a deploy would write, as they would be then; new ones have no VIP yet.
std::vector<DesiredService> after_deploy(const ClusterState& state, const SystemSpec& spec,
                                         const std::vector<std::string>& only, WallTime now) {
  std::vector<DesiredService> out;
  for (const ServiceSpec& each : spec.services) {
    if (!is_meant(only, each.name)) continue;
    auto there = state.services.find(each.name);
    if (there == state.services.end()) {
      out.push_back(first_deploy(each, 0, now));
      continue;
    }
    DesiredService service = there->second;
    if (deploy(service, each, now, versions_in_use(state, each.name)))
      out.push_back(std::move(service));
  }
  if (!only.empty()) return out;
  for (const auto& [name, there] : state.services) {
    if (there.removed || spec.find(name)) continue;
    DesiredService service = there;
    remove(service, now);
    out.push_back(std::move(service));
  }
  return out;
}

PlannedChange planned(const DesiredService* before, const DesiredService& after) {
  PlannedChange change{after.name, PlannedChange::Action::change, after.target, {}};
  if (after.removed) {
    change.action = PlannedChange::Action::remove;
    return change;
  }
  if (!before || before->removed) {
    change.action = PlannedChange::Action::create;
    change.fields = differences(ServiceSpec(), after.spec());
    for (FieldChange& field : change.fields) field.from = "";
    return change;
  }
  change.fields = differences(before->spec(), after.spec());
  for (FieldChange& field : change.fields)
    if (field.key == "instances") field.from = fmt::format("{}", before->instances);
  std::erase_if(change.fields, [](const FieldChange& f) { return f.from == f.to; });
  return change;
}

/// Gives each service that has none the lowest free VIP of the system's network.
Result<void> allocate_vips(const ClusterState& state, std::vector<DesiredService>& services) {
  std::set<std::uint32_t> taken;
  for (const auto& [name, service] : state.services) taken.insert(service.vip_host);
  std::uint32_t next = 2;
  for (DesiredService& service : services) {
    if (service.vip_host != 0) continue;
    while (taken.contains(next)) ++next;
    if (next > 254)
      return Error(Code::conflict,
                   fmt::format("service '{}' finds no address: all 253 of {}/24 are given to "
                               "services; remove one first",
                               service.name, Address::ipv4(state.system.vip_network, 0).ip_text()));
    service.vip_host = next++;
  }
  return {};
}

Result<void> check_system(const ClusterState& state, const SystemSpec& spec) {
  const SystemRecord& running = state.system;
  if (running.name.empty())
    return Error(Code::unavailable, "the system is still being set up; try again");
  if (running.name != spec.name)
    return Error(Code::conflict,
                 fmt::format("the system that runs here is '{}', the file describes '{}'",
                             running.name, spec.name));
  if (running.environment != spec.environment)
    return Error(Code::conflict,
                 fmt::format("the system runs as environment '{}', this deploy is for '{}'",
                             running.environment, spec.environment));
  return {};
}

/// A deploy that gives out VIPs writes the system's record too: two at once conflict there.
Result<ChangeSet> deploy_changes(const Mirror& mirror, const SystemSpec& spec,
                                 const std::vector<std::string>& only, WallTime now) {
  const ClusterState& state = mirror.state();
  TRY(check_system(state, spec));
  std::vector<DesiredService> services = after_deploy(state, spec, only, now);
  TRY(allocate_vips(state, services));
  ChangeSet changes;
  for (const DesiredService& service : services) {
    std::string key = service_key(service.name);
    changes.part(service.name);
    changes.put(key, to_json(service).text(), mirror.changed_at(key));
    if (!state.services.contains(service.name))
      changes.put(std::string(system_key), to_json(state.system).text(),
                  mirror.changed_at(system_key));
  }
  return changes;
}

}  // namespace

std::vector<PlannedChange> plan(const ClusterState& state, const SystemSpec& spec,
                                const std::vector<std::string>& only) {
  std::vector<PlannedChange> changes;
  for (const DesiredService& after : after_deploy(state, spec, only, WallTime{})) {
    auto there = state.services.find(after.name);
    const DesiredService* before = there == state.services.end() ? nullptr : &there->second;
    PlannedChange change = planned(before, after);
    bool shows = change.action != PlannedChange::Action::change || !change.fields.empty() ||
                 change.version != before->target;
    if (shows) changes.push_back(std::move(change));
  }
  std::ranges::sort(changes, {}, &PlannedChange::service);
  return changes;
}

Deferred<storage::Revision> Changes::deploy(SystemSpec spec, std::vector<std::string> only) {
  for (const std::string& name : only) {
    if (spec.find(name)) continue;
    std::vector<std::string> names;
    for (const ServiceSpec& each : spec.services) names.push_back(each.name);
    co_return not_there("the file has no service", name, names);
  }
  for (int attempt = 1;; ++attempt) {
    std::uint64_t decided_at = mirror_.state().revision;
    auto changes = co_await or_return(deploy_changes(mirror_, spec, only, world_.clock.wall()));
    auto packed = std::move(changes).pack();
    if (packed.empty()) co_return decided_at;
    auto committed = co_await commit_all(std::move(packed)).result();
    if (committed.ok() || !committed.error().is(Code::conflict) || attempt == attempts_max)
      co_return committed;
    co_await catch_up(decided_at);
  }
}

Deferred<storage::Revision> Changes::commit_all(std::vector<ChangeSet::Packed> packed) {
  OwnWrites own;
  std::set<std::string> written;
  storage::Revision last = 0;
  for (ChangeSet::Packed& each : packed) {
    own.renew(each.batch);
    auto committed = co_await store_.commit(each.batch).result();
    if (!committed.ok() && written.empty()) co_return std::move(committed).error();
    if (!committed.ok())
      co_return std::move(committed).error().during(
          fmt::format("deploying; {} have the change, {} do not: deploy again for the rest",
                      fmt::join(written, ", "), fmt::join(each.labels, ", ")));
    last = *committed;
    own.note(each.batch, last);
    written.insert(each.labels.begin(), each.labels.end());
  }
  co_return last;
}

Deferred<void> Changes::catch_up(std::uint64_t revision) {
  if (mirror_.state().revision > revision) co_return;
  auto changed = co_await with_timeout(world_.clock, catch_up_most, mirror_.changed()).result();
  if (!changed.ok() && !changed.error().is(Code::timed_out))
    co_await fail_with(std::move(changed).error());
}

Result<storage::Batch> Changes::edit_batch(const std::string& service, const Edit& edit) const {
  const ClusterState& state = mirror_.state();
  auto found = state.services.find(service);
  if (found == state.services.end())
    return not_there("there is no service", service, names_of(state));
  DesiredService edited = found->second;
  std::optional<FeedEntry> entry = TRY(edit(edited));
  storage::Batch batch;
  if (edited == found->second) return batch;
  std::string key = service_key(service);
  batch.require(key, mirror_.changed_at(key)).put(key, to_json(edited).text());
  if (!entry) return batch;
  entry->id = state.feed.empty() ? 1 : state.feed.rbegin()->first + 1;
  entry->time = world_.clock.wall();
  entry->service = service;
  batch.require(feed_key(entry->id), 0).put(feed_key(entry->id), to_json(*entry).text());
  return batch;
}

Deferred<storage::Revision> Changes::edit(std::string service, Edit edit) {
  for (int attempt = 1;; ++attempt) {
    std::uint64_t decided_at = mirror_.state().revision;
    storage::Batch batch = co_await or_return(edit_batch(service, edit));
    if (batch.empty()) co_return decided_at;
    auto committed = co_await store_.commit(std::move(batch)).result();
    if (committed.ok() || !committed.error().is(Code::conflict) || attempt == attempts_max)
      co_return committed;
    co_await catch_up(decided_at);
  }
}

Deferred<storage::Revision> Changes::rollback(std::string service, std::uint64_t to) {
  WallTime now = world_.clock.wall();
  return edit(std::move(service), [to, now](DesiredService& s) -> Result<std::optional<FeedEntry>> {
    TRY(roll_back(s, to, now));
    return std::optional<FeedEntry>();
  });
}

Deferred<storage::Revision> Changes::scale(std::string service, std::uint32_t instances) {
  return edit(std::move(service),
              [instances](DesiredService& s) -> Result<std::optional<FeedEntry>> {
                std::uint32_t before = s.instances;
                if (!TRY(placement::scale(s, instances))) return std::optional<FeedEntry>();
                FeedEntry entry;
                entry.kind = "scale";
                entry.level = "ok";
                entry.text = fmt::format("from {} to {}", before, instances);
                return std::optional(std::move(entry));
              });
}

Deferred<storage::Revision> Changes::restart(std::string service) {
  WallTime now = world_.clock.wall();
  return edit(std::move(service), [now](DesiredService& s) -> Result<std::optional<FeedEntry>> {
    TRY(placement::restart(s, now));
    return std::optional<FeedEntry>();
  });
}

Deferred<storage::Revision> Changes::remove(std::string service) {
  WallTime now = world_.clock.wall();
  return edit(std::move(service), [now](DesiredService& s) -> Result<std::optional<FeedEntry>> {
    placement::remove(s, now);
    return std::optional<FeedEntry>();
  });
}

}  // namespace berth::placement
