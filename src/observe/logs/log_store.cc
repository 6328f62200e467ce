#include "observe/logs/log_store.h"

#include <algorithm>

#include "async/clock.h"
#include "async/executor.h"
#include "base/sealed.h"
#include "base/utf8.h"
#include "observe/logs/log_record.h"

namespace berth::observe {
namespace {

constexpr std::string_view cut_mark = "…";
constexpr std::size_t record_bytes_max = 256 << 10;  // then it is sealed
constexpr std::size_t name_bytes_max = 128;
constexpr Duration again_after = 1s;

/// Cut before a byte that begins a character.
std::string_view cut_to(std::string_view text, std::size_t bytes) {
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

}  // namespace

LogStore::LogStore(World& world, Log log, LogStoreOptions options)
    : world_(world), log_(log), options_(std::move(options)), searching_(options_.searches_max) {}

LogStore::~LogStore() = default;

Deferred<void> LogStore::open() {
  co_await world_.disk.make_durable_folder(options_.folder);
  co_await read_segments();
  co_await read_logs();
  next_head();
  scope_.add(write_forever());
  scope_.add(tend_forever());
  scope_.add(pack_forever());
  if (heads_.size() > 1) work_.set();
}

Deferred<void> LogStore::close() {
  co_await scope_.close();
  co_await commit();
}

/// The next lines go into a batch of their own.
void LogStore::next_head() {
  Head head;
  head.batch = std::make_shared<LineBatch>(heads_.empty() ? stored_next_ : next_sequence());
  head.begun = world_.clock.now();
  heads_.push_back(std::move(head));
  if (heads_.size() > 1) work_.set();
  if (heads_.size() > options_.batches_max + 1) drop_oldest_head();
}

void LogStore::append(const StoredLine& given) {
  // A disk that answers nothing at all keeps what waits for it.
  if (heads_.size() > 2 * options_.batches_max) {
    ++counters_.dropped;
    return;
  }
  StoredLine line = given;
  bool cut = line.text.size() > options_.text_bytes_max || line.fields.size() > options_.fields_max;
  if (line.text.size() > options_.text_bytes_max) {
    text_.assign(cut_to(line.text, options_.text_bytes_max - cut_mark.size())).append(cut_mark);
    line.text = text_;
  }
  std::vector<LogLineField> fields;
  for (auto& field : line.fields) {
    if (fields.size() >= options_.fields_max) break;
    fields.push_back(field);
    if (field.name.size() > name_bytes_max || field.value.size() > options_.field_bytes_max) {
      cut = true;
      fields.back().name = field.name.substr(0, name_bytes_max);
      if (field.value.size() > options_.field_bytes_max) {
        fields.back().value = cut_to(field.value, options_.field_bytes_max);
      }
    }
  }
  line.fields = fields;
  if (cut) ++counters_.cut;
  ++counters_.lines;
  Head& head = heads_.back();
  head.batch->add(line);
  append_line(head.record, line);
  if (head.record.size() > record_bytes_max) {
    append_sealed(head.unwritten, head.record);
    head.record.clear();
  }
  if (head.unwritten.size() > options_.unwritten_bytes_max) {
    counters_.unlogged += head.batch->size() - head.logged;
    head.logged = head.batch->size();
    head.unwritten.clear();
  }
  bool full = head.batch->bytes() >= options_.block_bytes_max ||
              head.batch->size() >= options_.block_lines_max || head.batch->full();
  if (full) next_head();
  while (!appended_.empty()) appended_.wake();
}

Deferred<void> LogStore::appended(std::uint64_t sequence) {
  if (next_sequence() > sequence) return ready();
  return appended_.wait();
}

Deferred<void> LogStore::room() {
  while (heads_.size() > options_.batches_max / 2 + 1) co_await packed_.wait();
}

Deferred<void> LogStore::commit() {
  auto permit = co_await writing_.acquire();
  // Those that become blocks meanwhile leave the front.
  std::uint64_t until = next_sequence();
  for (std::size_t i = 0; i < heads_.size() && heads_[i].batch->first_sequence() < until; ++i) {
    co_await write_head(heads_[i]);
  }
}

/// Holds `writing_`, so that no head goes meanwhile.
Deferred<void> LogStore::write_head(Head& head) {
  if (!head.record.empty()) {
    append_sealed(head.unwritten, head.record);
    head.record.clear();
  }
  if (head.unwritten.empty()) co_return;
  if (!head.file) {
    auto path = log_path(head.batch->first_sequence());
    head.file = co_await world_.disk.open(std::move(path), OpenMode::write_emptied);
  }
  std::uint64_t lines = head.batch->size();
  std::string text = std::exchange(head.unwritten, {});
  BytesList bytes;
  if (head.written == 0) bytes.add(Bytes::copy(line_log_begin(head.batch->first_sequence())));
  bytes.add(Bytes::copy(text));
  std::size_t size = bytes.size();
  auto written = co_await head.file->write(head.written, std::move(bytes)).result();
  if (!written.ok()) {
    // What part of it stands there is unknown; the next attempt writes over it.
    head.unwritten.insert(0, text);
    co_await fail_with(std::move(written).error());
  }
  head.written += size;
  head.logged = lines;
}

Deferred<void> LogStore::write_forever() {
  for (;;) {
    co_await world_.clock.after(options_.write_every);
    auto done = co_await commit().result();
    if (done.ok()) {
      told_ = false;
      continue;
    }
    bool again = co_await make_room(done.error());
    if (!again) co_await world_.clock.after(again_after);
  }
}

/// What failed may be tried again at once: the oldest segment has gone.
Deferred<bool> LogStore::make_room(const Error& error) {
  ++counters_.disk_refusals;
  if (!std::exchange(told_, true)) {
    log_.error("log lines cannot be written; the oldest make room", {{"error", error}});
  }
  if (!error.is(Code::disk_full) || segments_.empty()) co_return false;
  auto removed = co_await remove_first_segment().result();
  co_return removed.ok();
}

Deferred<void> LogStore::tend_forever() {
  for (;;) {
    co_await world_.clock.after(options_.sync_every);
    std::vector<std::shared_ptr<File>> files;  // a sync takes long; nobody waits for it
    for (auto& head : heads_) {
      if (head.file) files.push_back(head.file);
    }
    for (auto& file : files) {
      auto synced = co_await file->sync().result();
      if (!synced.ok()) log_.error("log lines are not synced", {{"error", synced.error()}});
    }
    Head& last = heads_.back();
    bool old = world_.clock.now() - last.begun >= options_.block_age_max;
    if (old && last.batch->empty()) last.begun = world_.clock.now();
    if (old && !last.batch->empty()) next_head();
    auto removed = co_await remove_old().result();
    if (!removed.ok()) log_.error("old log lines stay", {{"error", removed.error()}});
  }
}

Deferred<void> LogStore::pack_forever() {
  for (;;) {
    co_await work_.wait();
    while (heads_.size() > 1) {
      auto done = co_await pack_first().result();
      if (done.ok()) continue;
      bool again = co_await make_room(done.error());
      if (!again) co_await world_.clock.after(again_after);
    }
    work_.reset();
  }
}

Deferred<void> LogStore::pack_now() {
  if (!heads_.back().batch->empty()) next_head();
  while (heads_.size() > 1) co_await pack_first();
}

/// The oldest batch goes to a block; only then are its lines forgotten in memory, and its log
/// removed.
Deferred<void> LogStore::pack_first() {
  auto permit = co_await packing_.acquire();
  if (heads_.size() < 2) co_return;
  std::shared_ptr<const LineBatch> batch = heads_.front().batch;
  if (!batch->empty()) {
    std::string block = co_await run_on(world_.workers, [batch] { return pack_block(*batch); });
    co_await store_block(std::move(block));
  }
  // While it was packed it may have been dropped as the oldest.
  if (heads_.front().batch == batch) co_await forget_first_head();
  while (!packed_.empty()) packed_.wake();
}

Deferred<void> LogStore::forget_first_head() {
  auto permit = co_await writing_.acquire();
  bool logged = heads_.front().file != nullptr;
  std::string path = log_path(heads_.front().batch->first_sequence());
  heads_.pop_front();
  if (!logged) co_return;
  auto removed = co_await world_.disk.remove(std::move(path)).result();
  if (!removed.ok()) log_.warning("a log of packed lines stays", {{"error", removed.error()}});
}

/// The disk has refused for long: the oldest that is not being packed goes. Its write-ahead log
/// stays, and what of it was written is read at the next start.
void LogStore::drop_oldest_head() {
  // A write may be under way for it: then the next one goes.
  auto permit = writing_.try_acquire();
  if (!permit) return;
  auto oldest = heads_.begin() + (packing_.free() == 0 ? 1 : 0);
  counters_.dropped += oldest->batch->size();
  heads_.erase(oldest);
}

}  // namespace berth::observe
