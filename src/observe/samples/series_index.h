#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "observe/promql/labels.h"
#include "observe/promql/matcher.h"
#include "observe/samples/head_chunks.h"
#include "observe/samples/sketch.h"

namespace berth::observe {

/// One series: its labels, and what of it is in memory. What appending touches stands first and
/// together.
struct alignas(64) HeadSeries {
  std::int64_t last_time = INT64_MIN;
  std::uint32_t number = 0;
  std::uint32_t log_file = 0;         // in which its number is defined; 0: in none
  HeadChunks chunks;                  // samples are appended to the newest
  std::vector<SketchChunk> sketches;  // the same of a series of distributions, to the last
  std::uint32_t blocks = 0;           // that have samples of it
  bool distributions = false;         // by its label
  std::string key;                    // of its labels
  HeadSeries* after = nullptr;        // a guess: see SeriesIndex::find
  promql::Labels labels;

  /// Nothing of it is in memory.
  bool resting() const { return chunks.empty() && sketches.empty(); }
  /// Of what is in memory; it is not resting.
  std::int64_t first_time() const {
    return chunks.empty() ? sketches.front().first_time() : chunks.first_time();
  }
};

/// Series by the keys of their labels: a table of hashes and places in one piece, so that a look-up
/// among a million touches it once, and then the series.
class SeriesTable {
 public:
  std::size_t size() const { return size_; }
  /// Null if there is none.
  HeadSeries* find(std::string_view key, std::uint64_t hash) const;
  /// It has none of that key.
  void add(HeadSeries& series, std::uint64_t hash);
  /// It is there.
  void remove(const HeadSeries& series, std::uint64_t hash);

 private:
  struct Slot {
    std::uint64_t hash;
    HeadSeries* series = nullptr;
  };
  void grow();

  std::vector<Slot> slots_;  // a power of two, two thirds of them in use at most
  std::size_t size_ = 0;
};

/// All series by number and by label. Numbers are given in order and never again.
class SeriesIndex {
 public:
  /// Null if there is none. Who sends many series sends them in the same order each time: what was
  /// asked for after the last one is looked at first, which spares the table, of which nothing
  /// would be in the caches.
  HeadSeries* find(const promql::Labels& labels) const;
  HeadSeries& add(const promql::Labels& labels);
  HeadSeries* at(std::uint32_t number) const { return series_[number]; }
  void remove(std::uint32_t number);

  std::size_t size() const { return by_key_.size(); }
  /// Those that all matchers accept, by number.
  std::vector<HeadSeries*> matching(std::span<const promql::Matcher> matchers) const;
  template <class Visit>
  void each(Visit visit) const {
    for (HeadSeries* series : series_) {
      if (series) visit(*series);
    }
  }
  /// Who has made so many: "http_requests_total has 81000 series, and its label user 80990 values".
  std::string offender() const;

 private:
  using Numbers = std::vector<std::uint32_t>;

  static constexpr std::size_t slab_series = 256;
  HeadSeries& place();

  std::vector<std::unique_ptr<HeadSeries[]>> slabs_;
  std::vector<HeadSeries*> free_;    // places in the slabs
  std::vector<HeadSeries*> series_;  // by number; null: removed
  SeriesTable by_key_;
  mutable HeadSeries* found_ = nullptr;  // last; its place is there, and perhaps another's by now
  std::unordered_map<std::string, Numbers> by_label_;  // by NAME\xffVALUE
};

}  // namespace berth::observe
