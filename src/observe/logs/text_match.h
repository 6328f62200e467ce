#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "observe/logs/line_words.h"

namespace re2 {
class FilteredRE2;
}

namespace berth::observe {

/// The whole text as a number, with a point and an exponent.
std::optional<double> number_of(std::string_view text);

/// What is known of a block before it is unpacked: which of a query's words it may have, and which
/// sequences of bytes. Without grams everything may be there.
struct BlockFacts {
  std::vector<bool> words;  // by place in LogQuery::words(); empty: all may be there
  const GramSet* grams = nullptr;
};

/// A condition on one text: words side by side, a part of a word, a regular expression, the whole
/// text, a number's size, or that there is a text at all. Case counts only for regular expressions
/// (unless they say (?i)) and `same`. A value; may be read from several threads.
class TextMatch {
 public:
  enum class Kind : std::uint8_t { words, regex, same, exists, less, at_most, more, at_least };

  /// `open_begin`: a word may have begun before; `open_end`: it may go on.
  static TextMatch words(std::string_view text, bool open_begin = false, bool open_end = false);
  static TextMatch same(std::string_view text);
  static TextMatch exists() { return TextMatch(Kind::exists); }
  static TextMatch number(Kind kind, double value);
  /// invalid: why RE2 refuses it.
  static Result<TextMatch> regex(std::string_view expression);

  Kind kind() const { return kind_; }
  const std::string& needle() const { return needle_; }

  bool holds(std::string_view text, std::string_view lower) const;
  /// What must stand in a line, made small, for this to hold of it or of a value in it; nothing
  /// where that is not known.
  std::string_view must_stand() const;
  bool stands_in(std::string_view lower) const;

  /// Puts the words that must be there behind `words`.
  void note_words(std::vector<std::uint64_t>& words);
  /// False: no text of the block holds.
  bool may_hold(const BlockFacts& facts) const;

 private:
  explicit TextMatch(Kind kind) : kind_(kind) {}

  Kind kind_;
  bool open_begin_ = false;
  bool open_end_ = false;
  double number_ = 0;
  std::string needle_;  // as it was written
  std::string lower_;
  std::shared_ptr<const RE2> regex_;
  std::shared_ptr<const re2::FilteredRE2> filtered_;
  std::vector<std::string> atoms_;
  std::size_t first_word_ = 0;
  std::size_t word_count_ = 0;
};

}  // namespace berth::observe
