#include "runtime/registrar.h"

#include <algorithm>

#include "async/clock.h"
#include "catalog/catalog.h"
#include "catalog/codec.h"

namespace berth::runtime {

using placement::InstanceState;

std::optional<catalog::Instance> catalog_instance(const placement::InstanceRecord& record) {
  catalog::Health health = catalog::Health::starting;
  switch (record.state) {
    case InstanceState::pending:
    case InstanceState::stopped:
    case InstanceState::failed:
      return std::nullopt;
    case InstanceState::starting:
      break;
    case InstanceState::healthy:
      health = catalog::Health::healthy;
      break;
    case InstanceState::unhealthy:
      health = catalog::Health::unhealthy;
      break;
    case InstanceState::draining:
      health = catalog::Health::draining;
      break;
  }
  return catalog::Instance{record.id(), record.incarnation, "v" + std::to_string(record.version),
                           record.host, record.address,     health,
                           record.why,  record.pid};
}

Registrar::Registrar(World& world, Log log, storage::Store& store, std::string host)
    : world_(world), log_(log), store_(store), host_(std::move(host)) {}

Registrar::Word& Registrar::word(const std::string& service, std::uint32_t number) {
  Word& found = words_[service + "/" + std::to_string(number)];
  found.service = service;
  found.number = number;
  return found;
}

void Registrar::set(const placement::InstanceRecord& record, bool assigned) {
  Word& about = word(record.service, record.number);
  if (about.said > 0 && about.record == record && about.assigned == assigned) return;
  about.record = record;
  about.assigned = assigned;
  say(about);
}

void Registrar::remove(const std::string& service, std::uint32_t number) {
  Word& about = word(service, number);
  if (about.said > 0 && !about.record) return;
  about.record.reset();
  about.assigned = false;
  say(about);
}

void Registrar::say(Word& word) {
  ++word.said;
  word.dirty = true;
  while (!woken_.empty()) woken_.wake();
}

Deferred<storage::Revision> Registrar::written(const std::string& id) {
  auto found = words_.find(id);
  if (found == words_.end()) return ready(storage::Revision{0});
  if (!found->second.dirty) return ready(storage::Revision(found->second.written));
  return found->second.waiting.wait();
}

Deferred<void> Registrar::idle() {
  while (!dirty_ids().empty()) co_await idle_.wait();
}

std::vector<std::string> Registrar::dirty_ids() const {
  std::vector<std::string> ids;
  for (auto& [id, word] : words_) {
    if (word.dirty) ids.push_back(id);
  }
  return ids;
}

Deferred<void> Registrar::run() {
  Duration pause = 50ms;
  for (;;) {
    if (dirty_ids().empty()) {
      while (!idle_.empty()) idle_.wake();
      co_await woken_.wait();
    }
    auto done = co_await write_some().result();
    if (done.ok()) {
      pause = 50ms;
      continue;
    }
    if (done.error().is(Code::cancelled)) co_await fail_with(done.error());
    if (pause >= 1s) log_.warning("instances cannot be registered yet", {{"error", done.error()}});
    co_await world_.clock.after(pause);
    pause = std::min<Duration>(pause * 2, 2s);
  }
}

Deferred<void> Registrar::write_some() {
  std::vector<std::string> ids = dirty_ids();
  if (ids.size() > instances_per_commit) ids.resize(instances_per_commit);
  for (auto& id : ids) co_await look_up(id);
  // From here to the commit nothing is waited for: what is written is what was said last.
  storage::Batch batch;
  struct Sent {
    std::string id;
    std::uint64_t said;
    bool removed;
  };
  std::vector<Sent> sent;
  for (auto& id : ids) {
    auto found = words_.find(id);
    if (found == words_.end() || !found->second.dirty) continue;
    add_to(batch, found->second);
    sent.push_back({id, found->second.said, !found->second.record});
  }
  storage::Revision revision = 0;
  if (!batch.empty()) {
    auto committed = co_await store_.commit(std::move(batch)).result();
    if (!committed.ok()) {
      for (auto& each : sent) words_.at(each.id).stands.reset();
      co_await fail_with(committed.error());
    }
    revision = *committed;
  }
  for (auto& each : sent) {
    Word& word = words_.at(each.id);
    if (revision > 0) word.stands = each.removed ? 0 : revision;
    if (word.said != each.said) continue;  // something else was said meanwhile
    settle(word, revision);
    if (each.removed) words_.erase(each.id);
  }
}

/// Learns what stands in the Store of an instance, if that is not known. What stands as it should,
/// or is another host's, is settled.
Deferred<void> Registrar::look_up(std::string id) {
  Word& word = words_.at(id);
  if (word.stands) co_return;
  auto entry = co_await store_.get(placement::instance_key(word.service, word.number));
  word.stands = entry ? entry->changed : 0;
  if (!entry) co_return;
  if (word.record && entry->value == placement::to_json(*word.record).text()) {
    settle(word, entry->changed);
    co_return;
  }
  auto json = Json::parse(entry->value);
  auto there = json.ok() ? placement::from_json<placement::InstanceRecord>(*json)
                         : Result<placement::InstanceRecord>(json.error());
  bool foreign = there.ok() && there->host != host_;
  if (!foreign || word.assigned) co_return;
  settle(word, entry->changed);
  word.stands.reset();
  if (!word.record) words_.erase(id);
}

void Registrar::add_to(storage::Batch& batch, const Word& word) {
  std::string key = placement::instance_key(word.service, word.number);
  std::string id = word.service + "/" + std::to_string(word.number);
  if (!word.record) {
    if (word.stands == 0) return;
    batch.require(key, *word.stands);
    batch.remove(key);
    batch.remove(catalog::instance_key(id));
    return;
  }
  batch.require(key, *word.stands);
  batch.put(key, placement::to_json(*word.record).text());
  if (auto instance = catalog_instance(*word.record)) {
    batch.put(catalog::instance_key(id), catalog::to_json(*instance).text());
  } else {
    batch.remove(catalog::instance_key(id));
  }
}

void Registrar::settle(Word& word, storage::Revision revision) {
  word.dirty = false;
  word.written = revision;
  while (!word.waiting.empty()) word.waiting.wake(revision);
}

}  // namespace berth::runtime
