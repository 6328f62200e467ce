#pragma once

#include <string>
#include <string_view>

#include "observe/logs/log_query.h"

namespace berth::observe {

/// Reads a query's text by recursive descent:
///
///   either  = both { "OR" both }
///   both    = one { [ "AND" ] one }
///   one     = ( "-" | "NOT" ) one | "(" either ")" | term
///   term    = [ name ( ":" | "=" | "!=" | ">" | ">=" | "<" | "<=" ) ] value
///   value   = word | "phrase" | /expression/ | *part*
///
/// Lives for one LogQuery::parse.
class LogQueryParser {
 public:
  LogQueryParser(std::string_view text, QueryFault& fault) : text_(text), fault_(fault) {}

  /// False: `fault` says where and why.
  bool read(LogQuery& out);

 private:
  using Node = LogQuery::Node;
  using Kind = LogQuery::Kind;
  using At = std::uint32_t;

  bool either(At& out);
  bool both(At& out);
  bool one(At& out);
  bool term(At& out);
  bool named(std::string_view name, std::string_view compare, std::size_t begin, At& out);
  bool level(std::string_view compare, std::size_t begin, At& out);
  bool number(std::string_view compare, TextMatch& out);
  bool value(TextMatch& out, std::string* written = nullptr);
  bool phrase(std::string& out);
  bool expression(TextMatch& out);
  bool word(TextMatch& out, std::string* written);
  std::string_view take_bare();

  void skip_blanks();
  bool at_keyword(std::string_view word) const;
  bool take_keyword(std::string_view word);
  bool expression_here() const;
  std::size_t name_here(std::string_view& name, std::string_view& compare) const;
  At add(Node node);
  bool wrong(std::size_t at, std::string text);

  std::string_view text_;
  QueryFault& fault_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  LogQuery query_;
};

}  // namespace berth::observe
