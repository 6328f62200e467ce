#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "observe/logs/log_line.h"

namespace berth::observe {

/// Lines by columns, as they stand in memory and, packed, in a block.
struct LineColumns {
  std::vector<std::int64_t> times;     // nanoseconds
  std::vector<std::uint32_t> sources;  // by place in source_names
  std::vector<std::uint8_t> levels;    // LogLevel
  std::string texts;                   // each with a line end
  std::vector<std::uint32_t> text_ends;
  std::string fields;                     // number of name, size, value; nothing for none
  std::vector<std::uint32_t> field_ends;  // empty while no line has fields
  std::vector<LogSource> source_names;
  std::vector<std::string> field_names;
};

/// Some lines in the order in which they came: what is collected before it becomes a block
/// (line_block.h), and what a block was unpacked to. A value; limits are its owner's.
class LineBatch {
 public:
  static constexpr std::size_t sources_max = 4096;  // beyond: full()
  static constexpr std::size_t names_max = 1024;    // of fields; a new one beyond is left out

  explicit LineBatch(std::uint64_t first_sequence = 1) : first_sequence_(first_sequence) {}
  LineBatch(std::uint64_t first_sequence, LineColumns columns);

  void add(const StoredLine& line);
  std::size_t size() const { return columns_.times.size(); }
  bool empty() const { return columns_.times.empty(); }
  bool full() const { return columns_.source_names.size() >= sources_max; }
  std::size_t bytes() const { return columns_.texts.size() + columns_.fields.size(); }

  std::uint64_t first_sequence() const { return first_sequence_; }
  std::uint64_t next_sequence() const { return first_sequence_ + size(); }
  std::int64_t oldest() const { return oldest_; }
  std::int64_t newest() const { return newest_; }

  const LineColumns& columns() const { return columns_; }
  LogCursor cursor(std::size_t i) const { return {columns_.times[i], first_sequence_ + i}; }
  LogLevel level(std::size_t i) const { return static_cast<LogLevel>(columns_.levels[i]); }
  const LogSource& source(std::size_t i) const {
    return columns_.source_names[columns_.sources[i]];
  }
  std::size_t text_begin(std::size_t i) const { return i == 0 ? 0 : columns_.text_ends[i - 1]; }
  std::string_view text(std::size_t i) const {
    std::size_t begin = text_begin(i);
    return std::string_view(columns_.texts).substr(begin, columns_.text_ends[i] - begin - 1);
  }
  /// The line that this place in columns().texts belongs to.
  std::size_t line_at(std::size_t offset) const;
  std::vector<LogLineField> fields(std::size_t i) const;
  FoundLine found(std::size_t i) const;
  /// A copy of the lines from `begin` on.
  LineBatch from(std::size_t begin) const;

 private:
  std::uint32_t source_number(const StoredLine& line);
  void add_fields(std::span<const LogLineField> fields);

  std::uint64_t first_sequence_;
  LineColumns columns_;
  std::int64_t oldest_ = INT64_MAX;
  std::int64_t newest_ = INT64_MIN;
  std::unordered_map<std::string, std::uint32_t> source_numbers_;
  std::unordered_map<std::string, std::uint32_t> name_numbers_;
  std::string key_;
};

}  // namespace berth::observe
