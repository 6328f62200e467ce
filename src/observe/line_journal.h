#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "async/disk.h"
#include "async/sync.h"
#include "async/world.h"
#include "base/log.h"
#include "observe/line.h"

namespace berth::observe {

/// Lines that were acknowledged to their senders, until what was made of them is on disk elsewhere
/// (docs/formats/line_journal.md). Each has a number, in order. What commit() has resolved for
/// survives kill -9. Belongs to one reactor. It holds in memory what is appended and not yet
/// committed: its callers wait for that before they read on. A full disk fails commits; what was
/// not written is written first when it has room again.
class LineJournal {
 public:
  static constexpr std::uint64_t file_bytes_max = 16 << 20;  // then the next one begins

  LineJournal(World& world, Log log, std::string folder)
      : world_(world), log_(log), folder_(std::move(folder)) {}

  /// Hands on what is kept of those behind number `counted`.
  Deferred<void> open(std::uint64_t counted, std::function<void(const LogLine&)> replay);
  void append(const LogLine& line);
  Deferred<void> commit();
  /// Those up to this number are no longer needed.
  Deferred<void> forget(std::uint64_t number);
  /// The number of the last line that was appended.
  std::uint64_t last() const { return last_; }
  std::uint64_t replayed() const { return replayed_; }

 private:
  struct JournalFile {
    std::string path;
    std::uint64_t last = 0;  // line in it
  };
  Deferred<void> read_file(JournalFile& file, std::uint64_t counted,
                           const std::function<void(const LogLine&)>& replay);
  Deferred<void> next_file();

  World& world_;
  Log log_;
  const std::string folder_;
  std::deque<JournalFile> files_;  // oldest first; the last is the open one
  std::unique_ptr<File> file_;
  std::uint64_t bytes_ = 0;  // of it
  std::string pending_;
  std::uint64_t last_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t replayed_ = 0;
  Lock writing_;
};

/// A record of the journal's file, sealed.
void append_journal_record(std::string& out, std::uint64_t number, const LogLine& line);
/// What a record says; `line` refers to `text` and to the record's own fields.
struct JournalRecord {
  std::uint64_t number = 0;
  LogLine line;
  std::optional<Record> fields;
};
/// Takes one from the front; nothing if it is torn or damaged.
std::unique_ptr<JournalRecord> take_journal_record(std::string_view& text);

}  // namespace berth::observe
