#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "observe/streams/functions.h"

namespace berth::observe::streams {

/// What stands behind a stream function's name, read from left to right. From text ("rate 5s":
/// words between blanks, in quotes where they hold blanks) or given as words. Every function that
/// reads one takes the name under which an error speaks of it. Each length of time is more than
/// zero and at most `longest`.
class Arguments {
 public:
  static constexpr Duration longest = 24h * 3650;
  static constexpr std::size_t count_max = 1'000'000;

  struct Word {
    std::string text;
    bool quoted = false;
    std::size_t at = 0;  // in the text
  };

  /// invalid: a quote without end.
  static Result<Arguments> parse(std::string_view text);
  explicit Arguments(std::vector<Word> words) : words_(std::move(words)) {}

  bool empty() const { return next_ == words_.size(); }
  std::size_t left() const { return words_.size() - next_; }
  /// invalid if something is left.
  Result<void> finish() const;

  Result<std::string> word(std::string_view name);
  Result<double> number(std::string_view name);
  Result<std::size_t> count(std::string_view name);
  /// "5s", or a number of seconds.
  Result<Duration> duration(std::string_view name);
  Result<Field> field(std::string_view name);
  /// All that is left, at least one.
  Result<std::vector<std::string>> words(std::string_view name);
  /// All that is left, as one query: the text as it is, or the only word.
  Result<Query> query();
  /// One word that is a query.
  Result<Predicate> predicate(std::string_view name);
  /// All that is left: FIELD=VALUE; nil takes the field away.
  Result<Settings> settings();
  Result<Points> points();
  bool next_is_duration() const;

 private:
  Error missing(std::string_view name) const;

  std::string text_;  // empty: given as words
  std::vector<Word> words_;
  std::size_t next_ = 0;
};

/// A text with the values of fields in it: "%{service} rate". invalid: a %{ without end.
Result<Reading> read_template(std::string_view text);
/// FIELD and what it is set to, of which the text may be a number. invalid: not such a field's.
Result<Setting> read_setting(const Field& field, std::string_view value, bool quoted);

}  // namespace berth::observe::streams
