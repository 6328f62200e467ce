#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "observe/parse/grok_syntax.h"
#include "observe/parse/pattern_set.h"
#include "observe/parse/record.h"

namespace re2 {
class RE2;
}

namespace berth::observe {

/// A compiled grok pattern. Matching is RE2's: its time is linear in the line's length, whatever
/// the pattern. May be used from several threads at once.
class Grok {
 public:
  static constexpr std::int64_t memory_bytes_max = 32 << 20;  // of one compiled pattern

  /// invalid: what read_grok refuses, or what RE2 says.
  static Result<Grok> compile(const PatternSet& patterns, std::string_view pattern);
  Grok(Grok&&) noexcept;
  Grok& operator=(Grok&&) noexcept;
  ~Grok();

  /// Finds the pattern anywhere in `text` (UTF-8) and adds its fields to the record: those that
  /// matched something, of their types; two of one name become an array. False if it is not there.
  bool match(std::string_view text, Record& record) const;
  const std::string& pattern() const { return pattern_; }
  const std::vector<GrokField>& fields() const { return fields_; }

 private:
  Grok(std::string pattern, GrokExpression expression);

  std::string pattern_;
  std::vector<GrokField> fields_;
  bool names_differ_;
  std::unique_ptr<re2::RE2> expression_;
};

}  // namespace berth::observe
