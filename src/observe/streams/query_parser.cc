#include "observe/streams/query_parser.h"

#include <re2/re2.h>

#include <charconv>
#include <limits>

#include "base/strings.h"
#include "base/utf8.h"

namespace berth::observe::streams {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == ','; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// May stand in a name but not begin it: query.g4's SYMBOL_REST, without = < > !, so that blanks
/// around them are not needed.
bool in_name(char c) {
  return !is_blank(c) && !std::string_view("^`'\"#~@/%()[]{}=<>!").contains(c);
}

}  // namespace

Result<Query> Query::parse(std::string_view text) { return QueryParser(text).read(); }

Result<Query> QueryParser::read() {
  if (text_.size() > Query::text_bytes_max) {
    return Error(Code::invalid, "parse error: the query has " + std::to_string(text_.size()) +
                                    " bytes; " + std::to_string(Query::text_bytes_max) +
                                    " are the most");
  }
  query_.root_ = TRY(either());
  skip_blanks();
  if (at_ < text_.size()) return unexpected("'and', 'or' or the end");
  query_.text_ = trim(text_);
  return std::move(query_);
}

Result<QueryParser::At> QueryParser::either() {
  At left = TRY(both());
  while (take_word("or")) {
    At right = TRY(both());
    left = add({.kind = Kind::either, .left = left, .right = right});
  }
  return left;
}

Result<QueryParser::At> QueryParser::both() {
  At left = TRY(unary());
  while (take_word("and")) {
    At right = TRY(unary());
    left = add({.kind = Kind::both, .left = left, .right = right});
  }
  return left;
}

Result<QueryParser::At> QueryParser::unary() {
  if (++depth_ > Query::depth_max) return wrong("the query is nested too deeply");
  Result<At> out = [&]() -> Result<At> {
    if (take_word("not")) {
      At inner = TRY(unary());
      return add({.kind = Kind::negated, .left = inner});
    }
    if (take("(")) {
      At inner = TRY(either());
      if (!take(")")) return unexpected("')', 'and' or 'or'");
      return inner;
    }
    return simple();
  }();
  --depth_;
  return out;
}

Result<QueryParser::At> QueryParser::simple() {
  if (take_word("tagged")) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != '"') return unexpected("a tag in quotes");
    std::string tag = TRY(string(false));
    return add({.kind = Kind::tagged, .text = std::move(tag)});
  }
  Query::Operand left = TRY(operand("a condition"));
  return comparison(std::move(left));
}

Result<QueryParser::At> QueryParser::comparison(Query::Operand left) {
  if (take("=~")) return pattern(Kind::like, std::move(left));
  if (take("~=")) return pattern(Kind::found, std::move(left));
  for (auto [symbol, kind] : {std::pair("<=", Kind::less_equal),
                              {">=", Kind::greater_equal},
                              {"<", Kind::less},
                              {">", Kind::greater}}) {
    if (!take(symbol)) continue;
    double right = TRY(number());
    return add({.kind = kind, .a = std::move(left), .number = right});
  }
  for (auto [symbol, kind] : {std::pair("!=", Kind::unequal), {"=", Kind::equal}}) {
    if (!take(symbol)) continue;
    Query::Operand right = TRY(operand("a value"));
    return add({.kind = kind, .a = std::move(left), .b = std::move(right)});
  }
  return truth(std::move(left));
}

Result<QueryParser::At> QueryParser::truth(Query::Operand value) {
  if (value.field) return add({.kind = Kind::present, .a = std::move(value)});
  bool holds = value.boolean ? *value.boolean : value.literal.index() != 0;
  return add({.kind = holds ? Kind::always : Kind::never});
}

Result<QueryParser::At> QueryParser::pattern(Kind kind, Query::Operand left) {
  skip_blanks();
  std::size_t begin = at_;
  if (at_ >= text_.size() || text_[at_] != '"') return unexpected("a pattern in quotes");
  Node node{.kind = kind, .a = std::move(left)};
  node.text = TRY(string(kind == Kind::found));
  if (kind == Kind::found) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(1 << 20);
    auto compiled = std::make_shared<re2::RE2>(node.text, options);
    if (!compiled->ok()) {
      at_ = begin;
      return wrong("no regular expression: " + compiled->error());
    }
    node.expression = std::move(compiled);
  }
  return add(std::move(node));
}

Result<Query::Operand> QueryParser::operand(std::string_view instead) {
  skip_blanks();
  if (at_ >= text_.size()) return unexpected(instead);
  Query::Operand out;
  if (text_[at_] == '"') {
    out.literal = TRY(string(false));
    return out;
  }
  std::string_view name = name_here();
  bool digits = is_digit(text_[at_]) || (text_[at_] == '-' && name.size() > 1 && is_digit(name[1]));
  if (digits || name == "Infinity" || name == "-Infinity" || name == "NaN") {
    out.literal = TRY(number());
    return out;
  }
  if (name.empty() || name == "and" || name == "or" || name == "not" || name == "tagged") {
    return unexpected(instead);
  }
  at_ += name.size();
  if (name == "true" || name == "false") {
    out.boolean = name == "true";
  } else if (name != "nil" && name != "null") {
    out.field = Field(name);
  }
  return out;
}

Result<double> QueryParser::number() {
  skip_blanks();
  std::string_view name = name_here();
  if (name == "Infinity" || name == "-Infinity" || name == "NaN") {
    at_ += name.size();
    double infinite = std::numeric_limits<double>::infinity();
    if (name == "NaN") return std::numeric_limits<double>::quiet_NaN();
    return name[0] == '-' ? -infinite : infinite;
  }
  const char* begin = text_.data() + at_;
  double out = 0;
  auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), out);
  if (error == std::errc::result_out_of_range) return wrong("the number is too large or too small");
  bool begins = begin != end && (is_digit(*begin) || (*begin == '-' && is_digit(begin[1])));
  if (error != std::errc() || !begins) return unexpected("a number");
  at_ += static_cast<std::size_t>(end - begin);
  if (at_ < text_.size() && std::string_view("lLnN").contains(text_[at_])) ++at_;
  if (at_ < text_.size() && in_name(text_[at_])) return unexpected("the end of the number");
  return out;
}

Result<std::string> QueryParser::string(bool expression) {
  std::size_t begin = at_++;
  std::string out;
  for (;;) {
    if (at_ >= text_.size()) {
      at_ = begin;
      return wrong("the text that begins here has no end");
    }
    char c = text_[at_++];
    if (c == '"') return out;
    if (c == '\\') {
      TRY(escape(out, expression));
    } else {
      out += c;
    }
  }
}

// As edn reads them. In a regular expression an unknown one stays as it is: "\d" means what it
// says.
Result<void> QueryParser::escape(std::string& out, bool expression) {
  if (at_ >= text_.size()) return wrong("the text ends in the middle of an escape");
  char c = text_[at_++];
  constexpr std::string_view letters = "btnfr\"\\", meanings = "\b\t\n\f\r\"\\";
  std::size_t found = letters.find(c);
  if (found != letters.npos && !(expression && c == 'b')) {
    out += meanings[found];
    return {};
  }
  if (c == 'u' && at_ + 4 <= text_.size()) {
    std::uint32_t code = 0;
    const char* begin = text_.data() + at_;
    if (std::from_chars(begin, begin + 4, code, 16).ptr == begin + 4) {
      at_ += 4;
      append_utf8(out, code);
      return {};
    }
  }
  if (!expression) {
    at_ -= 2;
    return wrong(std::string("there is no escape '\\") + c + "'");
  }
  out += '\\';
  out += c;
  return {};
}

void QueryParser::skip_blanks() {
  while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
}

std::string_view QueryParser::name_here() const {
  std::size_t end = at_;
  while (end < text_.size() && in_name(text_[end])) ++end;
  return text_.substr(at_, end - at_);
}

bool QueryParser::take_word(std::string_view word) {
  skip_blanks();
  if (name_here() != word) return false;
  at_ += word.size();
  return true;
}

bool QueryParser::take(std::string_view symbol) {
  skip_blanks();
  if (!text_.substr(at_).starts_with(symbol)) return false;
  at_ += symbol.size();
  return true;
}

QueryParser::At QueryParser::add(Node node) {
  query_.nodes_.push_back(std::move(node));
  return static_cast<At>(query_.nodes_.size() - 1);
}

Error QueryParser::wrong(std::string what) const {
  return Error(Code::invalid, "parse error: column " + std::to_string(at_ + 1) + ": " + what);
}

Error QueryParser::unexpected(std::string_view instead) const {
  std::string found = "the end";
  if (at_ < text_.size()) {
    std::string_view name = name_here();
    found = "'" + std::string(name.empty() ? text_.substr(at_, 1) : name.substr(0, 40)) + "'";
  }
  return wrong("expected " + std::string(instead) + ", found " + found);
}

}  // namespace berth::observe::streams
