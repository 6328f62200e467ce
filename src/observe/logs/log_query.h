#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "observe/logs/line_batch.h"
#include "observe/logs/text_match.h"

namespace berth::observe {

/// Where a query is wrong: a byte of its text, counted from 0.
struct QueryFault {
  std::size_t at = 0;
  std::string text;
};

/// Which lines somebody looks for (docs/formats/log_lines.md): words, "phrases", /expressions/,
/// name:value, level>=warn, with AND, OR, NOT and brackets; side by side means and. Nothing means
/// all lines. Read once, then it may be used from several threads; matching is linear in the line.
class LogQuery {
 public:
  static constexpr std::size_t bytes_max = 4096;
  static constexpr std::size_t terms_max = 100;
  static constexpr std::size_t depth_max = 50;

  LogQuery() = default;
  /// invalid: the message begins with the column; `fault` gets the place, where it is given.
  static Result<LogQuery> parse(std::string_view text, QueryFault* fault = nullptr);

  /// `lower_text` is the line's text made small.
  bool matches(const LineBatch& batch, std::size_t line, std::string_view lower_text) const;

  /// False: no line of the block can match.
  bool may_match(std::span<const LogSource> sources, std::span<const std::uint64_t, 4> levels,
                 const BlockFacts& facts) const;
  /// Hashes of the words that the facts are about.
  const std::vector<std::uint64_t>& words() const { return words_; }
  bool needs_grams() const { return needs_grams_; }
  bool needs_texts() const { return needs_texts_; }
  /// What every matching line has in its text, made small; may be empty.
  std::string_view required() const { return required_; }

 private:
  friend class LogQueryParser;
  enum class Kind : std::uint8_t { all, both, either, negated, text, source, level, field };
  enum class Of : std::uint8_t { host, service, instance };
  struct Node {
    Kind kind = Kind::all;
    std::uint32_t left = 0;  // both, either, negated
    std::uint32_t right = 0;
    Of of = Of::service;
    std::uint8_t levels = 0;  // of a level: a bit for each LogLevel
    std::string name;         // of a field
    std::string pattern;      // of a source: small, * stands for anything
    TextMatch match = TextMatch::exists();
  };

  void settle();
  std::string_view required_of(std::uint32_t at) const;
  bool matches(const Node& node, const LineBatch& batch, std::size_t line,
               std::string_view lower) const;
  bool field_matches(const Node& node, const LineBatch& batch, std::size_t line,
                     std::string_view lower) const;
  bool may_match(const Node& node, std::span<const LogSource> sources,
                 std::span<const std::uint64_t, 4> levels, const BlockFacts& facts) const;

  std::vector<Node> nodes_ = std::vector<Node>(1);
  std::uint32_t root_ = 0;
  std::vector<std::uint64_t> words_;
  bool needs_grams_ = false;
  bool needs_texts_ = false;
  std::string required_;
};

}  // namespace berth::observe
