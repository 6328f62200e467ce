#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "observe/promql/labels.h"

namespace re2 {
class RE2;
}

namespace berth::promql {

/// One condition on a label: `job="api"`. A label that a series has not counts as empty. Regular
/// expressions are RE2's, hold for the whole value, and take linear time. Immutable; copies share.
class Matcher {
 public:
  enum class Kind : std::uint8_t { equal, not_equal, matches, matches_not };

  static constexpr std::size_t pattern_bytes_max = 10'000;

  /// invalid: the regular expression is wrong.
  static Result<Matcher> make(Kind kind, std::string name, std::string value);
  static Matcher equal(std::string_view name, std::string_view value) {
    return Matcher(Kind::equal, std::string(name), std::string(value));
  }

  Kind kind() const { return kind_; }
  const std::string& name() const { return name_; }
  const std::string& value() const { return value_; }
  bool accepts(std::string_view value) const;
  bool accepts(const Labels& labels) const { return accepts(labels.value(name_)); }

 private:
  Matcher(Kind kind, std::string name, std::string value)
      : kind_(kind), name_(std::move(name)), value_(std::move(value)) {}

  Kind kind_;
  std::string name_;
  std::string value_;
  std::shared_ptr<const re2::RE2> pattern_;
};

/// `text` as RE2 reads it, held for the whole of a text; invalid with RE2's reason.
Result<std::shared_ptr<const re2::RE2>> compile_pattern(std::string_view text);

}  // namespace berth::promql
