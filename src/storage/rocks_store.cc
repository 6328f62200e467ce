#include "storage/rocks_store.h"

#include <algorithm>
#include <utility>

#include "async/clock.h"
#include "async/disk.h"
#include "async/executor.h"

namespace berth::storage {

using rocks::Outcome;

/// An operation that waits for its group. The one who asked is answered by the promise; a lease
/// that ended by itself was asked for by nobody.
struct RocksStore::Waiting {
  Operation operation;
  std::size_t bytes = 0;
  std::optional<Promise<std::uint64_t>> promise;
};

struct RocksStore::Group {
  std::vector<Waiting> members;  // without their batches: those go to the worker
  std::vector<Operation> operations;
};

namespace {

std::size_t bytes_of(const Batch& batch) {
  std::size_t bytes = 64;
  for (auto& condition : batch.conditions) bytes += condition.key.size();
  for (auto& write : batch.writes) {
    bytes += write.key.size() + (write.value ? write.value->size() : 0);
  }
  return bytes;
}

}  // namespace

Deferred<std::unique_ptr<RocksStore>> RocksStore::open(World& world, Log log,
                                                       RocksOptions options) {
  co_await world.disk.make_durable_folder(options.folder);
  Engine engine =
      co_await run_on(world.workers, [options] { return rocks::RocksEngine::open(options); });
  auto leases = co_await run_on(world.workers, [engine] { return engine->leases(); });
  std::unique_ptr<RocksStore> store(new RocksStore(world, log, options, std::move(engine)));
  for (auto& [lease, seconds] : leases) store->leases_.add(lease, seconds);
  co_return std::move(store);
}

RocksStore::RocksStore(World& world, Log log, RocksOptions options, Engine engine)
    : world_(world),
      log_(log),
      options_(std::move(options)),
      engine_(std::move(engine)),
      watchers_(recent_revisions_max, recent_bytes_max,
                [this](Range range, Revision after) {
                  return run_on(world_.workers, [engine = engine_, range = std::move(range),
                                                 after] { return engine->changes(range, after); });
                }),
      leases_(world.clock, [this](LeaseId lease) {
        add({{Operation::Kind::end_lease, lease}, 0, std::nullopt});
      }) {
  watchers_.history().begin_at(engine_->standpoint().present);
}

RocksStore::~RocksStore() = default;

Result<void> RocksStore::allowed(Result<void> checked) const {
  if (closing_) return store_is_closed();
  return checked;
}

Deferred<Revision> RocksStore::commit(Batch batch) {
  auto may = allowed(check_batch(batch));
  if (!may.ok()) return failed<Revision>(std::move(may).error());
  return enqueue({Operation::Kind::commit, 0, std::move(batch)});
}

Deferred<std::optional<Entry>> RocksStore::get(std::string key) {
  auto may = allowed(check_key(key));
  if (!may.ok()) return failed<std::optional<Entry>>(std::move(may).error());
  return run_on(world_.workers,
                [engine = engine_, key = std::move(key)] { return engine->get(key); });
}

Deferred<Page> RocksStore::read(Range range) {
  auto may = allowed({});
  if (!may.ok()) return failed<Page>(std::move(may).error());
  return run_on(world_.workers,
                [engine = engine_, range = std::move(range)] { return engine->read(range); });
}

Deferred<std::unique_ptr<Watch>> RocksStore::watch(Range range, Revision after) {
  auto may = allowed({});
  if (!may.ok()) return failed<std::unique_ptr<Watch>>(std::move(may).error());
  return resolved(watchers_.watch(std::move(range), after));
}

Deferred<LeaseId> RocksStore::grant(std::uint32_t seconds) {
  auto may = allowed(check_lease_seconds(seconds));
  if (!may.ok()) return failed<LeaseId>(std::move(may).error());
  if (leases_.full()) return failed<LeaseId>(Error::overloaded());
  return enqueue({Operation::Kind::grant, seconds});
}

Deferred<void> RocksStore::keep_alive(LeaseId lease) {
  auto may = allowed({});
  if (may.ok() && !leases_.keep_alive(lease)) may = lease_has_ended(lease);
  return resolved(std::move(may));
}

Deferred<void> RocksStore::revoke(LeaseId lease) {
  auto may = allowed({});
  if (may.ok() && !leases_.end(lease)) may = lease_has_ended(lease);
  if (!may.ok()) return failed<void>(std::move(may).error());
  return enqueue({Operation::Kind::end_lease, lease}).then([](std::uint64_t) {});
}

Deferred<void> RocksStore::compact(Revision revision) {
  auto may = allowed({});
  if (!may.ok()) return failed<void>(std::move(may).error());
  return enqueue({Operation::Kind::compact, revision}).then([](std::uint64_t) {});
}

Deferred<void> RocksStore::close() {
  closing_ = true;
  leases_.stop();
  watchers_.close();
  while (working_) co_await rested_.wait();
  // Waits for reads; a worker that has no room is asked again.
  for (Engine engine = engine_;;) {
    auto closed = co_await run_on(world_.workers, [engine] { engine->close(); }).result();
    if (closed.ok()) co_return;
    if (!closed.error().is(Code::overloaded)) co_await fail_with(closed.error());
    co_await world_.clock.after(10ms);
  }
}

Deferred<std::uint64_t> RocksStore::enqueue(Operation operation) {
  std::size_t bytes = bytes_of(operation.batch);
  if (waiting_.size() >= options_.waiting_max ||
      waiting_bytes_ + bytes > options_.waiting_bytes_max) {
    if (operation.kind == Operation::Kind::end_lease) leases_.end_again(operation.number);
    return failed<std::uint64_t>(Error::overloaded());
  }
  Promise<std::uint64_t> promise;
  auto answer = promise.deferred();
  add({std::move(operation), bytes, std::move(promise)});
  return answer;
}

void RocksStore::add(Waiting waiting) {
  waiting_bytes_ += waiting.bytes;
  waiting_.push_back(std::move(waiting));
  if (!std::exchange(working_, true)) scope_.add(work());
}

RocksStore::Group RocksStore::take_group() {
  Group group;
  std::size_t bytes = 0;
  while (!waiting_.empty() && group.members.size() < group_operations_max &&
         bytes < group_bytes_max) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= next.bytes;
    bytes += next.bytes;
    Operation rest{next.operation.kind, next.operation.number};
    group.operations.push_back(std::exchange(next.operation, std::move(rest)));
    group.members.push_back(std::move(next));
  }
  return group;
}

Deferred<void> RocksStore::work() {
  while (!waiting_.empty()) {
    Group group = take_group();
    auto outcome =
        co_await run_on(world_.workers, [engine = engine_,
                                         operations = std::move(group.operations)]() mutable {
          return engine->apply(std::move(operations));
        }).result();
    if (!outcome.ok()) {  // no worker took it: nothing of it was written
      outcome =
          Outcome{std::vector<Result<std::uint64_t>>(group.members.size(), outcome.error()), {}};
    }
    settle(group, std::move(*outcome));
  }
  working_ = false;
  while (!rested_.empty()) rested_.wake();
}

void RocksStore::settle(Group& group, Outcome outcome) {
  note_health(outcome);
  for (auto& revision : outcome.revisions) watchers_.publish(std::move(revision));
  for (std::size_t i = 0; i < group.members.size(); ++i) {
    auto& member = group.members[i];
    auto& answer = outcome.answers[i];
    settle_lease(member, answer);
    if (member.operation.kind == Operation::Kind::compact && answer.ok()) {
      watchers_.history().forget(member.operation.number);
    }
    if (member.promise) member.promise->fire(std::move(answer));
  }
}

void RocksStore::settle_lease(const Waiting& waiting, const Result<std::uint64_t>& answer) {
  auto& operation = waiting.operation;
  if (operation.kind == Operation::Kind::grant && answer.ok() && !closing_) {
    leases_.add(*answer, static_cast<std::uint32_t>(operation.number));
  }
  if (operation.kind != Operation::Kind::end_lease) return;
  if (answer.ok()) {
    leases_.remove(operation.number);
  } else if (!closing_) {
    leases_.end_again(operation.number);
  }
}

void RocksStore::note_health(const Outcome& outcome) {
  const Error* found = nullptr;
  for (auto& answer : outcome.answers) {
    if (answer.ok()) continue;
    Code code = answer.error().code();
    if (code == Code::io || code == Code::disk_full || code == Code::unavailable) {
      found = &answer.error();
    }
  }
  if (found && !failing_) {
    log_.error("the store does not take commits", {{"folder", options_.folder}, {"error", *found}});
  } else if (!found && failing_) {
    log_.info("the store takes commits again", {{"folder", options_.folder}});
  }
  failing_ = found != nullptr;
}

}  // namespace berth::storage
