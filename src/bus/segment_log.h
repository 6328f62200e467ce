#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/disk.h"
#include "async/scope.h"
#include "async/sync.h"
#include "async/world.h"
#include "base/log.h"
#include "bus/segment_format.h"

namespace berth::bus {

/// Where a record's frame stands.
struct RecordPlace {
  std::uint64_t segment = 0;  // 0: nowhere
  std::uint32_t offset = 0;
  std::uint32_t bytes = 0;  // of the payload
};

/// The beginning of a group, and the sequence of its first record.
struct LogCursor {
  std::uint64_t sequence = 0;
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;
};

struct LogRecord {
  std::uint64_t sequence = 0;
  RecordPlace place;
  LogCursor group;
  std::string_view payload;
};

/// A segment file of this run's log.
struct LogSegment {
  SegmentHeader header;
  std::unique_ptr<File> file;
  std::uint64_t end = SegmentHeader::size;     // behind the last synced group
  std::uint64_t filled = SegmentHeader::size;  // groups or zeros up to here
  std::vector<LogCursor> index;                // a group about every index_bytes

  static constexpr std::uint64_t index_bytes = 256 << 10;
  /// A group that follows the others.
  void add(const GroupPlace& group);
};
std::string segment_path(const std::string& folder, std::uint64_t number);

/// Some groups that stand together in a segment.
struct LogChunk {
  Bytes bytes;  // what the payloads point into
  std::vector<LogRecord> records;
  LogCursor next;
};

/// An error ends the reading.
using RecordVisit = std::function<Result<void>(const LogRecord&)>;
/// Each record of a group, whose frames these are; `io` if one is damaged.
Result<void> visit_group(std::uint64_t segment, const GroupPlace& group, std::string_view frames,
                         const RecordVisit& visit);

struct SegmentLogOptions {
  std::string folder;
  std::uint64_t segment_bytes = 64 << 20;
  std::size_t group_bytes_max = 1 << 20;   // a group takes no more records beyond
  std::size_t queue_bytes_max = 64 << 20;  // of groups that wait: append answers overloaded
};

/// An append-only log of records in segment files, each record with a sequence number from 1 on.
/// append() answers when its record is synced: those that wait are written and synced as one group,
/// and while that runs the next group gathers. A failed write fails its group, whose place is then
/// written anew. A failed sync fails its group too, and its segment takes nothing more: what the
/// kernel kept of it cannot be trusted, the next group begins a new segment. Owned by one
/// component on one reactor; docs/formats/bus.md has the files.
class SegmentLog {
 public:
  using Visit = RecordVisit;
  using Synced = std::function<void(const LogRecord&)>;

  /// `synced` is told of each record, in order, before its append() answers.
  SegmentLog(World& world, Log log, SegmentLogOptions options, Synced synced);
  ~SegmentLog();

  /// Reads it back in order. A torn last group is cut: it was never acknowledged. `io`, naming file
  /// and offset, for any other damage, and when it ends before `next_sequence_least`. Begins a new
  /// segment, with the last group copied into it: whether that was synced nobody knows.
  Deferred<void> open(std::uint64_t next_sequence_least, Visit visit);
  /// One record in two parts, copied at once. Dropping the answer does not take it back. Errors:
  /// overloaded, disk_full, io, closed.
  Deferred<void> append(std::string_view head, std::string_view body);
  /// The payload of one record.
  Deferred<Bytes> read(RecordPlace place);
  /// At least one group from `at` on, about `bytes`; no records at the end of a segment or log.
  Deferred<LogChunk> read_chunk(LogCursor at, std::size_t bytes);
  /// A group at or before that of `sequence`, near it.
  LogCursor cursor_at(std::uint64_t sequence) const;
  LogCursor end() const { return cursor_at(next_sequence_); }
  /// What the next synced record gets.
  std::uint64_t next_sequence() const { return next_sequence_; }
  /// In the files and waiting.
  std::uint64_t bytes() const;
  /// Removes the segments, oldest first, all of whose records are before `sequence`.
  Deferred<void> forget_before(std::uint64_t sequence);
  /// The first segment and the sequence behind its last record; number 0 if it is still written.
  std::pair<std::uint64_t, std::uint64_t> oldest_finished() const;
  /// Waits for what was appended. Afterwards append() answers `closed`.
  Deferred<void> close();

 private:
  struct Group {
    GroupBuffer buffer;
    std::vector<Promise<void>> waiters;
  };

  LogSegment* find(std::uint64_t number) const;
  std::uint64_t end_sequence(std::size_t index) const;
  Deferred<void> write_groups();
  /// Answers where it stands, synced; it counts once it was taken in.
  Deferred<GroupPlace> write(Group& group);
  void take_in(const GroupPlace& place);
  Deferred<void> begin_segment();
  Deferred<void> abandon_segment();
  void settle(Group group, const Result<GroupPlace>& written);
  Deferred<void> remove_file(std::uint64_t number);

  World& world_;
  Log log_;
  SegmentLogOptions options_;
  Synced synced_;
  std::vector<std::unique_ptr<LogSegment>> segments_;
  LogSegment* active_ = nullptr;
  bool removal_unsynced_ = false;
  std::uint64_t last_number_ = 0;
  std::uint64_t next_sequence_ = 1;
  std::deque<Group> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool closed_ = false;
  Event wake_;
  Event idle_;
  Scope scope_;
};

}  // namespace berth::bus
