#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "async/disk.h"
#include "async/scope.h"
#include "async/sync.h"
#include "async/wait_list.h"
#include "async/world.h"
#include "base/log.h"
#include "observe/logs/line_block.h"
#include "observe/logs/line_search.h"

namespace berth::observe {

struct LogStoreOptions {
  std::string folder;
  std::uint64_t bytes_max = 4ULL << 30;         // on disk; beyond, the oldest segment goes
  Duration kept = std::chrono::hours(14 * 24);  // older segments go
  std::size_t block_bytes_max = 4 << 20;        // of texts and fields; then they are packed
  std::size_t block_lines_max = 1 << 17;
  Duration block_age_max = 10min;              // then too
  std::uint64_t segment_bytes_max = 64 << 20;  // then the next one begins
  std::size_t batches_max = 8;                 // that wait to be packed; beyond, the oldest goes
  std::size_t unwritten_bytes_max = 16 << 20;  // while the disk refuses; beyond, kill -9 costs them
  std::size_t text_bytes_max = 64 << 10;       // of a line; a longer one is cut and ends in "…"
  std::size_t fields_max = 64;                 // of a line; more are left out
  std::size_t field_bytes_max = 4 << 10;       // of a value; a longer one is cut
  std::size_t searches_max = 4;                // at once; others wait
  std::size_t waiting_searches_max = 32;       // beyond: overloaded
  Duration search_time_max = 5s;               // then it answers what it has
  Duration write_every = 200ms;                // what kill -9 may cost, but for commit()
  Duration sync_every = 10s;                   // what a power loss may cost
};

struct LogCounters {
  std::uint64_t lines = 0;
  std::uint64_t cut = 0;       // lines, or values of theirs, that were too long or too many
  std::uint64_t dropped = 0;   // lost before they were packed: the disk refused for too long
  std::uint64_t unlogged = 0;  // lines that only memory holds until they are packed
  std::uint64_t segments_removed = 0;
  std::uint64_t lines_removed = 0;  // with them
  std::uint64_t disk_refusals = 0;
  std::uint64_t blocks_damaged = 0;  // left out
};

/// What is asked for.
struct LogSearch {
  LogQuery query;
  LineRange range;
  std::size_t lines_max = 200;
};

struct LogAnswer {
  std::vector<FoundLine> lines;   // newest first
  std::optional<LogCursor> more;  // where to go on, if there may be more
  bool complete = true;           // false: time was up; `more` goes on
  std::uint64_t blocks = 0;       // in the time asked for
  std::uint64_t blocks_read = 0;  // of them unpacked
};

struct HistogramAnswer {
  LogHistogram histogram;
  std::uint64_t lines = 0;
  bool complete = true;           // false: time was up, and what is older than `counted_from` lacks
  std::int64_t counted_from = 0;  // nanoseconds
};

/// Log lines of all services on disk and in memory (docs/formats/log_lines.md): the newest few MiB
/// as they are, behind a write-ahead log; what is older packed in blocks with filters of their
/// words, in segments. append() never waits and never refuses; what commit() has acknowledged
/// survives kill -9. A full disk makes room by removing the oldest segment; what still cannot be
/// kept is dropped, oldest first, and counted. Belongs to one reactor; packs, unpacks and searches
/// block by block on workers.
class LogStore {
 public:
  LogStore(World& world, Log log, LogStoreOptions options);
  ~LogStore();

  /// Reads the segments' heads and the write-ahead logs; cuts torn ends, and tells it.
  Deferred<void> open();
  Deferred<void> close();

  void append(const StoredLine& line);
  /// All that was appended until now is in the write-ahead log, or packed. Errors: those of Disk.
  Deferred<void> commit();
  /// Resolves when few enough batches wait to be packed: for senders that can be slowed down.
  Deferred<void> room();

  /// The newest matching lines. overloaded: waiting_searches_max.
  Deferred<LogAnswer> search(LogSearch search);
  /// The lines whose field `name` is the largest number, largest first; `more` tells nothing.
  Deferred<LogAnswer> largest(LogSearch search, std::string name);
  /// Their number by time. `histogram.counts` has as many steps as are wanted.
  Deferred<HistogramAnswer> count(LogQuery query, LogHistogram histogram);

  std::uint64_t next_sequence() const { return heads_.back().batch->next_sequence(); }
  /// Resolves when there is a line that is newer than `sequence`.
  Deferred<void> appended(std::uint64_t sequence);
  struct Followed {
    std::vector<FoundLine> lines;  // oldest first
    std::uint64_t next = 0;        // where to go on
    std::uint64_t lost = 0;        // lines that had left memory before they were looked at
  };
  /// The matching lines from `sequence` on that are in memory.
  Deferred<Followed> follow(const LogQuery& query, std::uint64_t sequence);

  /// What is in memory becomes a block now.
  Deferred<void> pack_now();
  const LogCounters& counters() const { return counters_; }
  std::size_t segments() const { return segments_.size(); }
  std::uint64_t bytes_on_disk() const;
  std::uint64_t lines_kept() const;

 private:
  struct Stored {
    BlockHead head;
    std::uint64_t offset = 0;  // in its segment
  };
  struct Segment {
    std::uint32_t number = 0;
    std::shared_ptr<File> file;
    std::uint64_t size = 0;
    std::int64_t newest = INT64_MIN;
    std::vector<std::shared_ptr<const Stored>> blocks;
  };
  /// Lines in memory with their write-ahead log.
  struct Head {
    std::shared_ptr<LineBatch> batch;
    std::shared_ptr<File> file;
    std::uint64_t written = 0;
    std::string record;        // not sealed yet
    std::string unwritten;     // sealed
    std::uint64_t logged = 0;  // lines of it that are written
    MonotonicTime begun{};
  };
  /// One thing to look through: lines in memory, or a block.
  struct Piece {
    std::int64_t oldest;
    std::int64_t newest;
    std::shared_ptr<const LineBatch> batch;
    std::shared_ptr<const Stored> block;
    std::shared_ptr<File> file;
  };

  // log_store.cc
  Deferred<void> write_forever();
  Deferred<void> tend_forever();
  Deferred<void> pack_forever();
  void next_head();
  Deferred<void> write_head(Head& head);
  Deferred<void> pack_first();
  void drop_oldest_head();
  Deferred<void> forget_first_head();
  Deferred<bool> make_room(const Error& error);

  // log_store_files.cc
  Deferred<void> read_segments();
  Deferred<void> read_segment(std::uint32_t number);
  Deferred<void> read_logs();
  Deferred<void> read_log(std::uint64_t first_sequence);
  Deferred<void> store_block(std::string block);
  Deferred<void> open_segment();
  Deferred<void> remove_first_segment();
  Deferred<void> remove_old();
  std::string segment_path(std::uint32_t number) const;
  std::string log_path(std::uint64_t first_sequence) const;

  // log_store_search.cc
  std::vector<Piece> pieces(std::int64_t from, std::int64_t to) const;
  Deferred<Semaphore::Permit> admit();
  Deferred<bool> may_match(const Piece& piece, const LogQuery& query);
  Deferred<std::shared_ptr<const LineBatch>> unpacked(const Piece& piece, bool texts, bool fields);

  World& world_;
  Log log_;
  const LogStoreOptions options_;
  std::deque<Segment> segments_;  // oldest first
  std::uint32_t last_segment_ = 0;
  std::deque<Head> heads_;         // oldest first; the last takes lines
  std::uint64_t stored_next_ = 1;  // the sequence behind all stored blocks
  LogCounters counters_;
  Lock writing_;
  Lock packing_;
  Semaphore searching_;
  Event work_;  // for pack_forever
  WaitList<void> packed_;
  WaitList<void> appended_;
  std::string text_;   // scratch of append()
  bool told_ = false;  // that the disk refuses
  Scope scope_;
};

}  // namespace berth::observe
