#pragma once

#include <string>
#include <string_view>

#include "observe/streams/query.h"

namespace berth::observe::streams {

/// Reads a query's text into its nodes by recursive descent, one function a rule of query.g4. Lives
/// for one Query::parse.
class QueryParser {
 public:
  explicit QueryParser(std::string_view text) : text_(text) {}

  Result<Query> read();

 private:
  using Node = Query::Node;
  using Kind = Query::Kind;
  using At = std::uint32_t;

  Result<At> either();
  Result<At> both();
  Result<At> unary();
  Result<At> simple();
  Result<At> comparison(Query::Operand left);
  Result<At> pattern(Kind kind, Query::Operand left);
  Result<At> truth(Query::Operand value);
  Result<Query::Operand> operand(std::string_view instead);
  Result<double> number();
  Result<std::string> string(bool expression);
  Result<void> escape(std::string& out, bool expression);

  void skip_blanks();
  std::string_view name_here() const;
  bool take_word(std::string_view word);
  bool take(std::string_view symbol);
  At add(Node node);
  Error wrong(std::string what) const;
  Error unexpected(std::string_view instead) const;

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  Query query_;
};

}  // namespace berth::observe::streams
