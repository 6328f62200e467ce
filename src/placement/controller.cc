#include "placement/controller.h"

#include <algorithm>

#include "async/clock.h"
#include "async/gather.h"
#include "catalog/catalog.h"
#include "catalog/codec.h"

namespace berth::placement {

namespace {

constexpr Duration pause_first = 50ms;
constexpr Duration pause_most = 5s;
constexpr Duration look_again_most = 1min;  // the wall clock may jump

std::string service_of(std::string_view id) { return std::string(id.substr(0, id.find('/'))); }

}  // namespace

Controller::Controller(World& world, Log log, storage::Store& store, Mirror& mirror, Feed& feed,
                       SchedulerOptions options)
    : world_(world), log_(log), store_(store), mirror_(mirror), feed_(feed), options_(options) {}

void Controller::start() { scope_.add(run()); }

std::string_view Controller::waits(std::string_view service) const {
  auto found = last_.waits.find(service);
  return found == last_.waits.end() ? std::string_view() : found->second;
}

Deferred<void> Controller::run() {
  Duration pause = pause_first;
  for (;;) {
    Result<bool> wrote = co_await decide().result();
    if (wrote.ok()) {
      pause = pause_first;
      if (*wrote)
        co_await world_.clock.after(burst);  // also bounds the rate, whatever is wrong
      else
        co_await wait();
      continue;
    }
    if (wrote.error().is(Code::conflict))
      log_.debug("the state changed while it was decided on", {{"error", wrote.error()}});
    else
      log_.warning("a decision cannot be written; trying again", {{"error", wrote.error()}});
    co_await world_.clock.after(pause);
    pause = std::min(pause * 2, wrote.error().is(Code::conflict) ? 10 * pause_first : pause_most);
  }
}

Deferred<void> Controller::wait() {
  if (mirror_.state().revision == decided_at_) {
    Duration until = look_again_most;
    if (last_.wake) until = std::min(until, *last_.wake - world_.clock.wall());
    auto first = co_await race(
        together(mirror_.changed(), world_.clock.after(std::max<Duration>(until, 1ms))));
    co_await or_return(std::move(first.result));
    if (first.index == 1) co_return;
  }
  co_await world_.clock.after(burst);
}

Deferred<bool> Controller::decide() {
  co_await write_system();
  note_missing_hosts();
  decided_at_ = mirror_.state().revision;
  ++decisions_;
  last_ = schedule(mirror_.state(), last_seen_, world_.clock.wall(), options_);
  if (last_.empty()) co_return false;
  log_.debug("decided", {{"assign", last_.assign.size()},
                         {"unassign", last_.unassign.size()},
                         {"services", last_.services.size()}});
  storage::Revision revision =
      co_await commit(changes_of(last_, mirror_).pack(), std::move(last_.feed));
  co_await mirror_.reached(revision);
  co_return true;
}

/// Hosts of which something is assigned or recorded and that are not there.
void Controller::note_missing_hosts() {
  const ClusterState& state = mirror_.state();
  std::set<std::string_view> missing;
  auto look = [&](const auto& by_service) {
    for (const auto& [service, numbered] : by_service)
      for (const auto& [number, each] : numbered)
        if (!state.hosts.contains(each.host)) missing.insert(each.host);
  };
  look(state.assignments);
  look(state.instances);
  std::erase_if(last_seen_, [&](const auto& each) { return !missing.contains(each.first); });
  for (std::string_view host : missing)
    last_seen_.try_emplace(std::string(host), world_.clock.wall());
}

/// The catalog's own record of the system follows ours.
Deferred<void> Controller::write_system() {
  const SystemRecord& system = mirror_.state().system;
  if (system.name.empty()) co_return;
  Json json = Json::object();
  json.set("system", system.name);
  json.set("domain", system.domain);
  std::string text = json.text();
  if (text == system_written_) co_return;
  std::string key(catalog::system_key);
  auto there = co_await store_.get(key);
  if (!there || there->value != text)
    co_await store_.commit(
        storage::Batch().require(key, there ? there->changed : 0).put(key, text));
  system_written_ = std::move(text);
}

Deferred<storage::Revision> Controller::commit(std::vector<ChangeSet::Packed> packed,
                                               std::vector<FeedEntry> feed) {
  OwnWrites own;
  storage::Revision last = 0;
  for (ChangeSet::Packed& each : packed) {
    own.renew(each.batch);
    last = co_await store_.commit(each.batch);
    own.note(each.batch, last);
    tell(feed, each.labels);
  }
  co_return last;
}

/// What happened to these services, once it is written.
void Controller::tell(std::vector<FeedEntry>& feed, const std::set<std::string>& services) {
  std::erase_if(feed, [&](FeedEntry& entry) {
    if (!services.contains(entry.service)) return false;
    feed_.add(std::move(entry));
    return true;
  });
}

ChangeSet changes_of(const Decision& decision, const Mirror& mirror) {
  ChangeSet changes;
  auto part = [&](const std::string& service) {
    std::string key = service_key(service);
    changes.part(service).require(key, mirror.changed_at(key));
  };
  auto put = [&](const std::string& key, const Json& value) {
    changes.put(key, value.text(), mirror.changed_at(key));
  };
  auto remove = [&](const std::string& key) { changes.remove(key, mirror.changed_at(key)); };
  for (const DesiredService& service : decision.services) {
    part(service.name);
    put(service_key(service.name), to_json(service));
  }
  for (const catalog::Service& policy : decision.policies) {
    part(policy.name);
    put(catalog::service_key(policy.name), catalog::to_json(policy));
  }
  for (const Assignment& assignment : decision.assign) {
    part(assignment.service);
    put(assignment_key(assignment.service, assignment.number), to_json(assignment));
  }
  for (const std::string& id : decision.unassign) {
    part(service_of(id));
    remove("assignments/" + id);
  }
  for (const std::string& id : decision.bury) {
    part(service_of(id));
    remove("instances/" + id);
    remove(catalog::instance_key(id));
  }
  for (const std::string& name : decision.forget) {
    part(name);
    remove(service_key(name));
    remove(catalog::service_key(name));
  }
  return changes;
}

}  // namespace berth::placement
