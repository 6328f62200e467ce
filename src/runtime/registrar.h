#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "async/scope.h"
#include "async/wait_list.h"
#include "async/world.h"
#include "base/log.h"
#include "placement/records.h"
#include "storage/store.h"

namespace berth::runtime {

/// Writes what this host says of its instances: for each the InstanceRecord and, while its process
/// runs, the catalog's instance, in one batch. Takes the newest word on each and writes it in the
/// background, many in one commit, again and again until it stands; nothing is written that stands
/// already. A record that another host wrote is left alone unless the instance is assigned here.
/// Belongs to one reactor.
class Registrar {
 public:
  static constexpr std::size_t instances_per_commit = 40;  // three operations each, of 128

  Registrar(World& world, Log log, storage::Store& store, std::string host);
  void start() { scope_.add(run()); }
  Deferred<void> close() { return scope_.close(); }

  /// `assigned`: whether the instance is to run on this host.
  void set(const placement::InstanceRecord& record, bool assigned);
  /// Removes both.
  void remove(const std::string& service, std::uint32_t number);
  /// Resolves once what was said last of an instance stands, with the revision that it stands at.
  Deferred<storage::Revision> written(const std::string& id);
  /// Resolves once everything stands.
  Deferred<void> idle();

 private:
  struct Word {
    std::string service;
    std::uint32_t number = 0;
    std::optional<placement::InstanceRecord> record;  // none: is to be removed
    bool assigned = false;
    bool dirty = false;
    std::uint64_t said = 0;                   // counts what was said
    std::optional<storage::Revision> stands;  // of the record's key; unknown at first
    storage::Revision written = 0;
    WaitList<storage::Revision> waiting;
  };

  Word& word(const std::string& service, std::uint32_t number);
  void say(Word& word);
  std::vector<std::string> dirty_ids() const;
  Deferred<void> run();
  Deferred<void> write_some();
  Deferred<void> look_up(std::string id);
  static void add_to(storage::Batch& batch, const Word& word);
  void settle(Word& word, storage::Revision revision);

  World& world_;
  Log log_;
  storage::Store& store_;
  std::string host_;
  std::map<std::string, Word> words_;  // by id; removed ones go when that is written
  WaitList<void> woken_;
  WaitList<void> idle_;
  Scope scope_;
};

/// What the catalog says of an instance in that state; none: nothing, since no process runs.
std::optional<catalog::Instance> catalog_instance(const placement::InstanceRecord& record);

}  // namespace berth::runtime
