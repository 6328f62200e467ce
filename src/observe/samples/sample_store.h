#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "async/disk.h"
#include "async/scope.h"
#include "async/sync.h"
#include "async/world.h"
#include "base/log.h"
#include "observe/samples/block.h"
#include "observe/samples/sample_log.h"
#include "observe/samples/series_index.h"
#include "observe/series_source.h"

namespace berth::observe {

struct SampleStoreOptions {
  std::string folder;
  std::size_t series_max = 1'000'000;              // in memory; a new one beyond is refused
  std::int64_t block_span = 2 * 3'600'000;         // milliseconds of a block
  std::int64_t kept = 15 * 86'400'000LL;           // milliseconds; days before are rolled up
  std::int64_t rollups_kept = 400 * 86'400'000LL;  // milliseconds; older ones are removed
  std::int64_t ahead_max = 600'000;                // milliseconds a sender's clock may be ahead
  std::size_t log_file_bytes_max = 128 << 20;      // then the next one begins
  std::size_t unwritten_bytes_max = 64 << 20;      // while the disk refuses; beyond: overloaded
  std::size_t frames_bytes_max = 64 << 20;         // unpacked parts of blocks kept in memory
  /// Series whose names begin so are counted by the second; in blocks their samples stand
  /// `thinned_to` milliseconds apart, which what grows or is merged loses nothing by.
  std::string thinned_prefix = "berth_";
  std::int64_t thinned_to = 10'000;
  Duration sync_every = 10s;  // what a power loss may cost; kill -9 costs nothing
};

struct SampleCounters {
  std::uint64_t samples = 0;
  std::uint64_t out_of_order =
      0;                         // older than the series' newest or what is in memory, or ahead_max
  std::uint64_t duplicates = 0;  // another value for the same time
  std::uint64_t refused_series = 0;
  std::uint64_t blocks_failed = 0;
};

/// Samples of any number of series on disk and in memory (docs/formats/samples.md): the newest two
/// to three hours packed in memory behind a log, what is older in blocks of two hours, what is
/// older than `kept` in rollups of five minutes (rollup.h). What commit() has acknowledged survives
/// kill -9. Belongs to one reactor; compresses on workers. A full disk refuses commits, and what
/// was not written is written first when it has room again.
class SampleStore final : public SeriesSource {
 public:
  SampleStore(World& world, Log log, SampleStoreOptions options);
  ~SampleStore() override;

  /// Reads blocks and logs; cuts the torn end of a log, and tells it.
  Deferred<void> open();
  Deferred<void> close();

  /// The series of these labels, made if it is new. overloaded: series_max, with who has them.
  Result<HeadSeries*> series(const promql::Labels& labels);
  /// Of a number that series() has given once; null if it is no longer there.
  HeadSeries* known(std::uint32_t number) const { return index_.at(number); }
  /// Takes it in; conflict: out of order, or another value for that time. The same again is
  /// fine. overloaded: unwritten_bytes_max.
  Result<void> append(HeadSeries& series, const promql::Sample& sample);
  /// Takes in what was recorded in a series of distributions since its last point; the series'
  /// labels have sketch_label. Refusals are append()'s; the same again is one.
  Result<void> append(HeadSeries& series, std::int64_t time, const Histogram& recorded);
  /// series() and append() in one, for who does not keep the series' place.
  Result<void> add(const promql::Labels& labels, const promql::Sample& sample);
  static constexpr std::uint32_t no_number = UINT32_MAX;
  /// The same for who keeps the series' number (`no_number` at first; set here): it is found by
  /// that while it is in memory, else by its labels.
  Result<void> add(const promql::Labels& labels, std::uint32_t& number,
                   const promql::Sample& sample);
  Result<void> add(const promql::Labels& labels, std::uint32_t& number, std::int64_t time,
                   const Histogram& recorded);
  /// All that was appended until now is in the log. One that is dropped leaves it to the next.
  Deferred<void> commit();

  Deferred<std::vector<promql::SampleSeries>> select(promql::Selection selection,
                                                     std::size_t samples_max) override;
  Deferred<std::vector<promql::Labels>> label_sets(promql::Selection selection) override;
  /// Series of distributions, which select() leaves out. overloaded: more than `points_max`.
  Deferred<std::vector<SketchSeries>> select_sketches(promql::Selection selection,
                                                      std::size_t points_max);
  /// What of these is in memory, which is all of at least the last `block_span` / 2.
  std::vector<promql::SampleSeries> recent(const promql::Selection& selection) const;
  std::vector<SketchSeries> recent_sketches(const promql::Selection& selection) const;
  /// Since when all is in memory, in milliseconds.
  std::int64_t in_memory_since() const { return head_from_; }
  const SeriesIndex& index() const { return index_; }
  const SampleStoreOptions& options() const { return options_; }
  std::vector<MetricAbout> about() const override { return about_; }
  /// What senders say of their metrics; at most 10,000.
  void note(MetricAbout about);

  /// Writes what is older than `before` (in milliseconds, whole spans only) into blocks.
  Deferred<void> cut(std::int64_t before);
  const SampleCounters& counters() const { return counters_; }
  std::size_t series_in_memory() const { return active_; }
  std::size_t blocks() const { return blocks_.size(); }
  std::size_t rollups() const { return rollups_.size(); }

 private:
  struct LogFile {
    std::uint32_t number;
    std::int64_t newest = INT64_MIN;  // sample in it
  };
  struct Stored {
    std::shared_ptr<const Block> block;
    std::string path;
  };

  Deferred<void> tend_forever();
  Deferred<void> read_blocks();
  Deferred<void> read_logs();
  Deferred<void> read_log(std::uint32_t number);
  Deferred<void> read_kind(std::string_view kind, std::vector<Stored>& into);
  Deferred<Stored> read_block(std::string path);
  void take_in(Stored stored, std::vector<Stored>& into);
  Deferred<void> write_log();
  Deferred<void> open_log();
  /// Ends the present log, so that it can be removed once its samples are in blocks.
  Deferred<void> next_log();
  Deferred<void> cut_span(std::int64_t from);
  Deferred<void> write_block(std::string path, std::string text, std::vector<Stored>& into);
  void forget_head(std::int64_t before);
  Deferred<void> remove_logs(std::int64_t before);
  Deferred<void> remove_block(std::vector<Stored>& from);
  /// The oldest days that are wholly before `before` become rollups.
  Deferred<void> roll_up(std::int64_t before);
  Deferred<void> roll_up_day(std::int64_t day);
  Deferred<void> read_stored(const Stored& stored, const promql::Selection& selection,
                             const std::vector<std::uint32_t>& numbers,
                             std::vector<promql::SampleSeries>& out, std::size_t& count,
                             std::size_t samples_max);
  Result<HeadSeries*> series(const promql::Labels& labels, std::uint32_t& number);
  Result<void> admit(const HeadSeries& series, std::int64_t time);
  /// The record has what stands in the log before a sample of it.
  void begin_logging(HeadSeries& series, std::int64_t time);
  void insert(HeadSeries& series, const promql::Sample& sample);
  void insert(HeadSeries& series, const SketchPoint& point);
  void note_inserted(HeadSeries& series, std::int64_t time);
  bool in_next_chunk(std::int64_t first_time, bool full, std::int64_t time) const;
  void replay(const LogRecord::LoggedSketch& logged, HeadSeries& series, std::string& base);
  Deferred<void> read_stored(const Stored& stored, const promql::Selection& selection,
                             const std::vector<std::pair<std::uint32_t, std::size_t>>& wanted,
                             std::vector<SketchSeries>& out);
  Deferred<std::shared_ptr<const std::string>> frame(Stored stored, std::uint32_t number);
  std::string block_path(std::string_view kind, std::int64_t from) const;
  std::string log_path(std::uint32_t number) const;
  std::int64_t span_of(std::int64_t time) const;

  World& world_;
  Log log_;
  const SampleStoreOptions options_;
  SeriesIndex index_;
  std::size_t active_ = 0;              // series with samples in memory
  std::vector<Stored> blocks_;          // oldest first
  std::vector<Stored> rollups_;         // of a day each, oldest first
  std::int64_t head_from_ = INT64_MIN;  // older samples are in blocks, or refused
  std::int64_t head_to_ = INT64_MIN;    // the newest sample

  LogRecord record_;
  std::string unwritten_;
  std::string being_written_;  // until it stands in the log: who writes it may be dropped
  std::uint64_t appended_ = 0;
  std::uint64_t written_ = 0;
  Lock writing_;
  Lock cutting_;
  std::unique_ptr<File> log_file_;
  std::uint64_t log_bytes_ = 0;
  std::uint32_t log_number_ = 0;
  std::deque<LogFile> log_files_;  // oldest first; the last is the open one

  struct Unpacked {
    std::shared_ptr<const Block> block;  // so that no other comes to its address
    std::uint32_t number;
    std::shared_ptr<const std::string> text;
  };
  std::list<Unpacked> frames_;  // most lately used first
  std::size_t frames_bytes_ = 0;

  std::vector<MetricAbout> about_;
  SampleCounters counters_;
  std::string offender_;  // of the last refusal; found anew once a minute at most
  std::int64_t offender_found_ = INT64_MIN;
  Scope scope_;
};

}  // namespace berth::observe
