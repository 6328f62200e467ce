#include "storage/rocks_engine.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <iterator>
#include <mutex>

#include "storage/rocks_codec.h"
#include "storage/rocks_database.h"
#include "storage/rocks_group.h"
#include "storage/rocks_view.h"

namespace berth::storage::rocks {

RocksEngine::RocksEngine(RocksOptions options) : options_(std::move(options)) {}
RocksEngine::~RocksEngine() = default;

Result<std::shared_ptr<RocksEngine>> RocksEngine::open(RocksOptions options) {
  std::shared_ptr<RocksEngine> engine(new RocksEngine(std::move(options)));
  TRY(engine->begin());
  return engine;
}

Result<void> RocksEngine::begin() {
  database_ = TRY(open_database(options_));
  now_ = TRY(View(*database_, options_.folder).standpoint());
  return {};
}

Result<void> RocksEngine::usable() const {
  if (closed_) return store_is_closed();
  if (database_) return {};
  return Error(Code::unavailable, "the store in " + options_.folder +
                                      " could not be opened again after its disk failed; it is "
                                      "tried with each commit");
}

Result<std::vector<std::pair<LeaseId, std::uint32_t>>> RocksEngine::leases() {
  std::shared_lock use(use_);
  TRY(usable());
  return View(*database_, options_.folder).leases();
}

Result<std::optional<Entry>> RocksEngine::get(const std::string& key) {
  std::shared_lock use(use_);
  TRY(usable());
  return View(*database_, options_.folder).get(key);
}

Result<Page> RocksEngine::read(const Range& range) {
  std::shared_lock use(use_);
  TRY(usable());
  return View(*database_, options_.folder).read(range);
}

Result<Gathered> RocksEngine::changes(const Range& range, Revision after) {
  std::shared_lock use(use_);
  TRY(usable());
  return View(*database_, options_.folder).changes(range, after);
}

void RocksEngine::close() {
  std::unique_lock alone(use_);
  closed_ = true;
  database_.reset();
}

Outcome RocksEngine::apply(std::vector<Operation> operations) {
  Outcome out;
  auto answer_all = [&](const Error& error) {
    out.answers.assign(operations.size(), Result<std::uint64_t>(error));
    return std::move(out);
  };
  auto recovered = recover(out.revisions);
  if (!recovered.ok()) return answer_all(recovered.error());
  Group group(*database_, options_.folder, now_);
  for (auto& operation : operations) out.answers.push_back(group.take(operation));
  auto written = group.write();
  if (!written.ok()) {
    // All of them, since each was judged as if those before it would be written.
    failed_ = true;
    return answer_all(written.error());
  }
  now_ = group.after();
  std::ranges::move(group.committed(), std::back_inserter(out.revisions));
  auto trimmed = trim_history(group.compact_to());
  for (std::size_t i = 0; i < operations.size() && !trimmed.ok(); ++i) {
    if (operations[i].kind == Operation::Kind::compact) out.answers[i] = trimmed.error();
  }
  return out;
}

Result<void> RocksEngine::recover(std::vector<Committed>& found) {
  if (closed_) return store_is_closed();
  if (!failed_) return {};
  if (!has_room(options_)) {
    return Error(Code::disk_full, "no room is left on the disk of " + options_.folder +
                                      "; free some, and the store goes on by itself");
  }
  std::unique_lock alone(use_);
  Standpoint known = now_;
  database_.reset();
  auto begun = begin();
  if (begun.ok() && now_.present < known.present) {
    begun = Error(Code::io, "the store in " + options_.folder + " has lost revisions after " +
                                std::to_string(now_.present) + "; restore it from a backup");
  }
  if (begun.ok()) {
    auto beyond = View(*database_, options_.folder).revisions_after(known.present);
    if (beyond.ok()) {
      found = std::move(*beyond);
    } else {
      begun = beyond.error();
    }
  }
  failed_ = !begun.ok();
  if (failed_) {
    now_ = known;
    database_.reset();
  }
  return begun;
}

Result<void> RocksEngine::trim_history(Revision asked) {
  std::uint64_t revisions = now_.present - now_.compacted;
  std::uint64_t bytes = now_.log_end - now_.log_begin;
  Revision target = std::max(asked, now_.compacted);
  // An eighth more than the limits, so that it happens once in a while and not with each commit.
  if (revisions > options_.history_revisions_max + options_.history_revisions_max / 8 ||
      bytes > options_.history_bytes_max + options_.history_bytes_max / 8) {
    Revision kept = std::min<Revision>(options_.history_revisions_max, now_.present);
    target = std::max(target, now_.present - kept);
  } else if (target == now_.compacted) {
    return {};
  }
  auto [first, position] = TRY(View(*database_, options_.folder)
                                   .first_within(target, now_.log_end, options_.history_bytes_max));
  target = first - 1;
  rocksdb::WriteBatch batch;
  batch.Put(std::string(compacted_key), encode_number(target));
  batch.DeleteRange(log_key(0), log_key(first));
  rocksdb::WriteOptions options;
  options.sync = asked != 0;
  auto status = database_->Write(options, &batch);
  if (!status.ok()) {
    failed_ = true;
    return error_of(status, options_.folder);
  }
  now_.compacted = target;
  now_.log_begin = position;
  return {};
}

}  // namespace berth::storage::rocks
