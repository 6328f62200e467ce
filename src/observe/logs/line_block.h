#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "observe/logs/line_batch.h"
#include "observe/logs/line_words.h"

namespace berth::observe {

/// Where a part of a block stands, counted from the block's begin.
struct BlockPart {
  std::uint64_t offset = 0;
  std::uint64_t packed = 0;
  std::uint64_t size = 0;  // unpacked
  std::uint32_t sum = 0;   // CRC-32C of what is packed
};

/// What is known of a block without unpacking it: the head that it begins with
/// (docs/formats/log_lines.md), kept in memory while the block is on disk.
struct BlockHead {
  std::uint64_t first_sequence = 0;
  std::uint64_t lines = 0;
  std::int64_t oldest = 0;  // nanoseconds
  std::int64_t newest = 0;
  std::array<std::uint64_t, 4> levels{};  // lines of each LogLevel
  std::vector<LogSource> sources;
  BlockPart words;  // WordFilter
  BlockPart grams;  // GramSet
  BlockPart about;  // times, sources, levels
  BlockPart texts;
  BlockPart fields;         // size 0: no line has any
  std::uint64_t bytes = 0;  // of the whole block

  static constexpr std::size_t bytes_max = 4 << 20;
  /// How many bytes the head takes that begins like this (at least 8 bytes of it).
  static std::size_t bytes_of(std::string_view begin);
  static Result<BlockHead> read(std::string_view text);
};

/// A batch as a block: head and parts, in one piece. Takes about as long as zstd -3 does and half
/// of that again.
std::string pack_block(const LineBatch& batch);

/// The lines of a block from its parts as they were read. Texts and fields may be left out (empty)
/// where nobody looks at them: then each line's is empty. invalid: damaged.
Result<LineBatch> unpack_block(const BlockHead& head, std::string_view about,
                               std::string_view texts, std::string_view fields);

}  // namespace berth::observe
