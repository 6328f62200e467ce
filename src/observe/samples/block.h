#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "observe/promql/sample_source.h"
#include "observe/samples/sketch.h"

namespace berth::observe {

/// Where one series stands in a block.
struct BlockEntry {
  std::uint32_t series = 0;  // as who reads the block numbers them
  std::uint32_t times = 0;   // number of the column of times
  std::uint32_t frame = 0;   // in which its values stand
  std::uint32_t offset = 0;  // in the frame, when it is unpacked
  std::uint32_t count = 0;   // samples
};

/// Writes a block: all samples of a span of time, series in the order of their labels, values of
/// neighbours packed together by zstd, times that several series share once
/// (docs/formats/samples.md). Made for one block.
class BlockWriter {
 public:
  BlockWriter(std::int64_t from, std::int64_t to) : from_(from), to_(to) {}

  /// Samples ascending by time, at least one. Series whose values are alike are best neighbours.
  void add(const promql::Labels& labels, std::span<const promql::Sample> samples);
  /// The same of distributions; `base` is what had been recorded before the first, encoded.
  void add(const promql::Labels& labels, std::string_view base,
           std::span<const SketchPoint> points);
  std::uint64_t samples() const { return samples_; }
  /// The whole file.
  std::string take();

 private:
  void end_frame();
  void place(const promql::Labels& labels, std::span<const std::int64_t> times,
             std::string_view column_text);

  std::int64_t from_;
  std::int64_t to_;
  std::string out_;
  std::string frame_;   // not yet packed
  std::string frames_;  // of the index: packed and unpacked size, checksum
  std::uint64_t frame_count_ = 0;
  std::string times_;
  std::vector<std::pair<std::string, std::uint64_t>> columns_;
  std::unordered_map<std::string, std::uint32_t> column_numbers_;
  std::string entries_;
  std::uint64_t entry_count_ = 0;
  std::vector<std::string> words_;
  std::unordered_map<std::string, std::uint32_t> word_numbers_;
  std::uint64_t samples_ = 0;
};

/// What is kept of a block in memory: where what stands. Immutable; shared by queries under way.
class Block {
 public:
  struct Frame {
    std::uint64_t offset = 0;  // in the file
    std::uint32_t packed = 0;
    std::uint32_t unpacked = 0;
    std::uint32_t checksum = 0;  // of what is packed
  };
  static constexpr std::size_t footer_bytes = 64;
  static constexpr std::size_t index_bytes_max = 512 << 20;
  static constexpr std::size_t frame_bytes_max = 16 << 20;

  struct Footer {
    std::int64_t from;
    std::int64_t to;
    std::uint64_t samples;
    std::uint64_t index_offset;
    std::uint64_t index_packed;
    std::uint64_t index_unpacked;
    std::uint32_t index_checksum;
  };
  /// Of the file's last bytes; invalid if it is none.
  static Result<Footer> read_footer(std::string_view text);
  using NumberOf = std::function<std::uint32_t(const promql::Labels&)>;
  /// `index`: the packed index; invalid where it is damaged.
  static Result<std::shared_ptr<const Block>> read(const Footer& footer, std::string_view index,
                                                   const NumberOf& number_of);

  std::int64_t from() const { return footer_.from; }
  std::int64_t to() const { return footer_.to; }  // not included
  std::uint64_t samples() const { return footer_.samples; }
  /// By number of series.
  const std::vector<BlockEntry>& entries() const { return entries_; }
  /// Null if the series is not in it.
  const BlockEntry* find(std::uint32_t series) const;
  const Frame& frame(std::uint32_t number) const { return frames_[number]; }
  std::size_t frames() const { return frames_.size(); }

  /// The entry's samples from `from` to `to`, both included, appended; `frame` is its unpacked
  /// frame.
  Result<void> read_entry(const BlockEntry& entry, std::string_view frame, std::int64_t from,
                          std::int64_t to, std::vector<promql::Sample>& out) const;
  /// The same of a series of distributions.
  Result<void> read_entry(const BlockEntry& entry, std::string_view frame, std::int64_t from,
                          std::int64_t to, SketchSeries& out) const;
  static Result<std::string> unpack(const Frame& frame, std::string_view packed);

 private:
  explicit Block(const Footer& footer) : footer_(footer) {}
  Result<void> read_index(std::string_view text, const NumberOf& number_of);

  Footer footer_;
  std::vector<Frame> frames_;
  std::vector<std::pair<std::string, std::size_t>> columns_;  // encoded times, and how many
  std::vector<BlockEntry> entries_;
};

}  // namespace berth::observe
