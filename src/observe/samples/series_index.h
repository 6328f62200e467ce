#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "observe/promql/labels.h"
#include "observe/promql/matcher.h"
#include "observe/samples/head_chunk.h"
#include "observe/samples/sketch.h"

namespace berth::observe {

/// One series: its labels, and what of it is in memory.
struct HeadSeries {
  promql::Labels labels;
  std::vector<HeadChunk> chunks;      // oldest first; samples are appended to the last
  std::vector<SketchChunk> sketches;  // the same of a series of distributions
  std::int64_t last_time = INT64_MIN;
  std::uint32_t number = 0;
  std::uint32_t blocks = 0;    // that have samples of it
  std::uint32_t log_file = 0;  // in which its number is defined; 0: in none
  bool distributions = false;  // by its label

  /// Nothing of it is in memory.
  bool resting() const { return chunks.empty() && sketches.empty(); }
  /// Of what is in memory; it is not resting.
  std::int64_t first_time() const {
    return chunks.empty() ? sketches.front().first_time() : chunks.front().first_time();
  }
};

/// All series by number and by label. Numbers are given in order and never again.
class SeriesIndex {
 public:
  /// Null if there is none.
  HeadSeries* find(const promql::Labels& labels) const;
  HeadSeries& add(const promql::Labels& labels);
  HeadSeries* at(std::uint32_t number) const { return series_[number].get(); }
  void remove(std::uint32_t number);

  std::size_t size() const { return by_key_.size(); }
  /// Those that all matchers accept, by number.
  std::vector<HeadSeries*> matching(std::span<const promql::Matcher> matchers) const;
  template <class Visit>
  void each(Visit visit) const {
    for (auto& series : series_) {
      if (series) visit(*series);
    }
  }
  /// Who has made so many: "http_requests_total has 81000 series, and its label user 80990 values".
  std::string offender() const;

 private:
  using Numbers = std::vector<std::uint32_t>;

  std::vector<std::unique_ptr<HeadSeries>> series_;
  std::unordered_map<std::uint64_t, Numbers> by_key_;  // by the hash of all labels
  std::unordered_map<std::string, Numbers> by_label_;  // by NAME\xffVALUE
};

}  // namespace berth::observe
