#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "observe/parse/date_format.h"
#include "observe/parse/pattern_set.h"
#include "observe/parse/record.h"
#include "observe/parse/redact.h"

namespace re2 {
class RE2;
}

namespace berth::observe {

/// A field that matches an expression (RE2, anywhere in it).
struct FieldCondition {
  std::string field;
  std::string matches;
  std::uint32_t one_in = 0;  // of sampling: one of so many is kept; 0: all are dropped
};

struct FieldReplacement {
  std::string field;
  std::string pattern;
  std::string with;  // \1 is the first group
};

/// What is done with each line of a source, in this order. As written in docs/formats/parse.md.
struct PipelineSpec {
  FieldNames names = FieldNames::legacy;
  std::vector<std::pair<std::string, std::string>> patterns;  // own ones
  /// Tried in their order: "haproxy", "apache", "nginx", "json", "logfmt", "syslog",
  /// "grok PATTERN", "dissect PATTERN", "csv a,b,c", "key_value & =".
  std::vector<std::string> parsers;
  std::string date_field;
  std::vector<std::string> date_forms;
  std::string date_zone;  // as in the time zone database; empty: UTC
  std::vector<std::pair<std::string, std::string>> rename;
  std::vector<std::pair<std::string, std::string>> convert;  // to int, float, string, bool
  std::vector<std::pair<std::string, std::string>> set;      // %{field} is that field's text
  std::vector<FieldReplacement> replace;
  std::vector<std::string> lower;
  std::vector<std::string> upper;
  std::vector<std::string> remove;
  std::vector<FieldCondition> drop;
  std::vector<FieldCondition> sample;
  Redaction redaction;
};

/// The parsers and steps for one source's lines, compiled. Belongs to one thread; sampling counts.
class Pipeline {
 public:
  enum class Fate : std::uint8_t { kept, dropped, sampled_out };
  struct Outcome {
    Record record;
    std::string_view parser;  // empty: none fitted; borrowed from the pipeline
    Fate fate = Fate::kept;
    std::size_t redacted = 0;  // places
  };

  /// `zones` gives a zone by its name; its error is told. invalid: "parsers[1]: column 12: ...".
  static Result<Pipeline> compile(PipelineSpec spec,
                                  const std::function<Result<TimeZone>(const std::string&)>& zones);
  Pipeline(Pipeline&&) noexcept;
  Pipeline& operator=(Pipeline&&) noexcept;
  ~Pipeline();

  /// Line to record. Never fails: what fits no parser is tagged _parsefailure (and
  /// _grokparsefailure where there is a grok pattern), a date that is none _dateparsefailure.
  Outcome run(std::string line, WallTime now);

  std::size_t parsers() const { return parsers_.size(); }
  std::string_view parser_name(std::size_t index) const { return parsers_[index].name; }
  /// One parser alone; the record gets its fields.
  bool parse_with(std::size_t index, std::string_view line, WallTime now, Record& record) const;

 private:
  using Parse = std::function<bool(std::string_view, const DateContext&, Record&)>;
  struct Parser {
    std::string name;
    Parse parse;
    bool grok = false;
  };
  struct Condition {
    std::string field;
    std::shared_ptr<const re2::RE2> expression;
    std::uint32_t one_in = 0;
    std::uint64_t seen = 0;
  };

  Pipeline() = default;
  static Result<Parser> parser_of(const std::string& text, const PatternSet& patterns,
                                  FieldNames names);
  static Result<Parser> plain_parser(const std::string& text, FieldNames names);
  Result<void> compile_steps();
  static Result<std::vector<Condition>> conditions(const std::vector<FieldCondition>& of,
                                                   std::string_view where);
  void read_date(Record& record) const;
  void change(Record& record) const;
  Fate fate_of(const Record& record);

  PipelineSpec spec_;
  std::vector<Parser> parsers_;
  std::vector<DateFormat> dates_;
  DateContext context_;
  std::vector<std::shared_ptr<const re2::RE2>> replacements_;
  std::vector<Condition> drops_;
  std::vector<Condition> samples_;
};

}  // namespace berth::observe
