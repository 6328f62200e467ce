#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "observe/parse/record.h"

namespace berth::observe {

/// A line taken apart at fixed texts, as Logstash's dissect filter does: "%{date} %{+date}
/// [%{level}] %{message}". %{name} takes all up to the text behind it; %{+name} is appended to an
/// earlier one with the text between them (%{+name/2} tells the order); %{?name} and %{} take and
/// forget; %{*key} and %{&key} give a field's name and its value; a "->" at a name's end skips
/// repeats of the text behind it. Linear in time.
class Dissect {
 public:
  static constexpr std::size_t fields_max = 100;

  /// invalid: "column 5: ...".
  static Result<Dissect> compile(std::string_view pattern);
  /// False, and nothing added, unless all of the pattern's texts stand there in their order.
  bool match(std::string_view line, Record& record) const;

 private:
  enum class Kind : unsigned char { plain, appended, skipped, key, value };
  struct Part {
    std::string name;
    Kind kind = Kind::plain;
    std::size_t order = 0;  // of appended ones
    bool skip_repeats = false;
    std::string text_behind;  // empty for the last: it takes the rest
  };

  static Result<Part> part_of(std::string_view inner, std::size_t column);
  void add(const std::vector<std::string_view>& values, Record& record) const;

  std::string text_before_;
  std::vector<Part> parts_;
};

}  // namespace berth::observe
