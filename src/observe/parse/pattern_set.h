#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::observe {

/// Which names the fields of the core patterns have: those that grok's users have always had
/// (`clientip`), or those of the Elastic Common Schema (`source.address`).
enum class FieldNames : unsigned char { legacy, ecs };

/// Named grok patterns, e.g. INT is [+-]?[0-9]+. The core patterns have the names and fields of
/// Logstash's; definitions are our own (src/observe/parse/patterns). A plain value.
class PatternSet {
 public:
  static constexpr std::size_t patterns_max = 10'000;
  static constexpr std::size_t definition_bytes_max = 16 << 10;

  PatternSet() = default;
  /// All core patterns; parsed once a program.
  static const PatternSet& core(FieldNames names);

  /// Its own pattern, or one in the place of another. invalid: a name that is not letters, digits
  /// and '_', or one of the limits.
  Result<void> add(std::string_view name, std::string_view definition);
  /// Null pointer when there is none.
  const std::string* find(std::string_view name) const;
  std::size_t size() const { return definitions_.size(); }
  std::vector<std::string_view> names() const;

 private:
  void add_core(std::string_view text, FieldNames names);

  std::map<std::string, std::string, std::less<>> definitions_;
};

}  // namespace berth::observe
