#include "observe/promql/lexer.h"

#include <fmt/format.h>

#include <limits>

#include "base/strings.h"
#include "base/utf8.h"

namespace berth::promql {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Walks over the text once. Inside [ ] a colon stands alone, outside it belongs to names.
class Cutter {
 public:
  explicit Cutter(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> run() {
    for (;;) {
      skip_blanks();
      if (at_ >= text_.size()) break;
      begin_ = at_;
      auto done = cut_one();
      if (!done.ok()) return std::move(done).error();
    }
    if (!open_.empty()) {
      std::string_view what = open_.back() == '(' ? "parenthesis" : "brace";
      if (open_.back() == '[') what = "bracket";
      return parse_error(text_, text_.size(), fmt::format("unclosed left {}", what));
    }
    tokens_.push_back({Token::Kind::end, text_.substr(text_.size()), text_.size()});
    return std::move(tokens_);
  }

 private:
  char here(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  Error fault(std::string_view message) const { return parse_error(text_, begin_, message); }
  void add(Token::Kind kind) {
    tokens_.push_back({kind, text_.substr(begin_, at_ - begin_), begin_});
  }

  void skip_blanks() {
    for (;;) {
      while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
      if (here() != '#') return;
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    }
  }

  Result<void> cut_one() {
    char c = here();
    if (is_digit(c) || (c == '.' && is_digit(here(1)))) return cut_number();
    bool in_bracket = !open_.empty() && open_.back() == '[';
    if (is_letter(c) || (c == ':' && !in_bracket)) {
      bool colons = c == ':';
      while (is_letter(here()) || is_digit(here()) || (here() == ':' && !in_bracket)) {
        colons |= here() == ':';
        ++at_;
      }
      if (colons && !open_.empty() && open_.back() == '{') return fault("unexpected colon ':'");
      add(colons ? Token::Kind::metric : Token::Kind::identifier);
      return {};
    }
    if (c == '"' || c == '\'' || c == '`') return cut_text(c);
    return cut_symbol();
  }

  Result<void> cut_number() {
    if (here() == '0' && (here(1) == 'x' || here(1) == 'X')) {
      at_ += 2;
      while (is_digit(here()) || (lower_here() >= 'a' && lower_here() <= 'f')) ++at_;
    } else {
      while (is_digit(here())) ++at_;
      if (here() == '.') ++at_;
      while (is_digit(here())) ++at_;
      char sign = here(1);
      bool exponent = is_digit(sign) || ((sign == '+' || sign == '-') && is_digit(here(2)));
      if (lower_here() == 'e' && exponent) {
        at_ += 2;
        while (is_digit(here())) ++at_;
      }
    }
    if (!is_letter(here())) {
      add(Token::Kind::number);
      return {};
    }
    while (is_letter(here()) || is_digit(here())) ++at_;
    std::string_view word = text_.substr(begin_, at_ - begin_);
    if (!read_duration(word).ok()) {
      return fault(fmt::format("bad number or duration syntax: \"{}\"", word));
    }
    add(Token::Kind::duration);
    return {};
  }

  Result<void> cut_text(char quote) {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == quote) {
        ++at_;
        add(Token::Kind::text);
        return {};
      }
      if (quote == '`') continue;
      if (text_[at_] == '\n') break;
      if (text_[at_] == '\\') ++at_;
    }
    return fault(quote == '`' ? "unterminated raw string" : "unterminated quoted string");
  }

  Result<void> cut_symbol() {
    for (std::string_view two : {"==", "!=", ">=", "<=", "=~", "!~"}) {
      if (text_.substr(at_).starts_with(two)) {
        at_ += 2;
        add(Token::Kind::symbol);
        return {};
      }
    }
    char c = here();
    if (std::string_view("(){}[],=<>+-*/%^@:").find(c) == std::string_view::npos || c == '\0') {
      return fault(fmt::format("unexpected character: '{}'", text_.substr(at_, 1)));
    }
    ++at_;
    if (c == '(' || c == '{' || c == '[') open_ += c;
    if (c == ')' || c == '}' || c == ']') {
      char opening = c == ')' ? '(' : c == '}' ? '{' : '[';
      if (open_.empty() || open_.back() != opening) {
        std::string_view what = c == ')' ? "parenthesis" : c == '}' ? "brace" : "bracket";
        return fault(fmt::format("unexpected right {} '{}'", what, c));
      }
      open_.pop_back();
    }
    add(Token::Kind::symbol);
    return {};
  }

  char lower_here() const { return static_cast<char>(here() | 0x20); }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t begin_ = 0;
  std::string open_;
  std::vector<Token> tokens_;
};

/// Takes the escape behind a backslash from the front (Go's strconv.Unquote).
Result<void> take_escape(std::string_view& rest, char quote, std::string& out) {
  auto wrong = [] { return Error(Code::invalid, "invalid syntax in a string's escape"); };
  if (rest.empty()) return wrong();
  char c = rest.front();
  constexpr std::string_view letters = "abfnrtv\\", values = "\a\b\f\n\r\t\v\\";
  if (auto found = letters.find(c); found != letters.npos || c == quote) {
    out += c == quote ? c : values[found];
    rest.remove_prefix(1);
    return {};
  }
  std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 3;
  int base = digits == 3 ? 8 : 16;
  if (base == 16) rest.remove_prefix(1);
  std::string number(rest.substr(0, digits));
  if (number.size() != digits) return wrong();
  std::uint32_t code = 0;
  auto [end, error] = std::from_chars(number.data(), number.data() + digits, code, base);
  if (error != std::errc() || end != number.data() + digits) return wrong();
  rest.remove_prefix(digits);
  if (digits <= 3) {
    if (code > 255) return wrong();
    out += static_cast<char>(code);
    return {};
  }
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return wrong();
  append_utf8(out, code);
  return {};
}

}  // namespace

Result<std::vector<Token>> cut_tokens(std::string_view text) { return Cutter(text).run(); }

Error parse_error(std::string_view text, std::size_t at, std::string_view message) {
  std::size_t line = 1, column = 1;
  for (char c : text.substr(0, at)) {
    ++column;
    if (c == '\n') {
      ++line;
      column = 1;
    }
  }
  return Error(Code::invalid, fmt::format("{}:{}: parse error: {}", line, column, message));
}

Result<std::int64_t> read_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::int64_t milliseconds;
  };
  constexpr Unit units[] = {
      {"y", 31'536'000'000}, {"w", 604'800'000}, {"d", 86'400'000}, {"h", 3'600'000},
      {"m", 60'000},         {"s", 1000},        {"ms", 1}};
  auto wrong = [whole = text] {
    return Error(Code::invalid, fmt::format("not a valid duration string: \"{}\"", whole));
  };
  if (text == "0") return 0;
  std::int64_t sum = 0;
  std::size_t next = 0;
  if (text.empty()) return wrong();
  while (!text.empty()) {
    std::size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    auto count = parse_integer<std::int64_t>(text.substr(0, digits), 0, 10'000'000'000'000);
    if (!count.ok()) return wrong();
    text.remove_prefix(digits);
    std::size_t letters = 0;
    while (letters < text.size() && is_letter(text[letters])) ++letters;
    while (next < std::size(units) && units[next].name != text.substr(0, letters)) ++next;
    if (next == std::size(units)) return wrong();
    std::int64_t part = 0;
    if (__builtin_mul_overflow(*count, units[next].milliseconds, &part) ||
        __builtin_add_overflow(sum, part, &sum) ||
        sum > std::numeric_limits<std::int64_t>::max() / 1'000'000) {
      return Error(Code::invalid, "duration out of range");
    }
    text.remove_prefix(letters);
    ++next;
  }
  return sum;
}

Result<double> read_number(std::string_view text) {
  std::string small = lower(text);
  if (small == "inf") return std::numeric_limits<double>::infinity();
  if (small == "nan") return std::numeric_limits<double>::quiet_NaN();
  auto whole = [&](std::string_view digits, int base) -> Result<double> {
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(digits.begin(), digits.end(), value, base);
    if (error != std::errc() || end != digits.end()) {
      return Error(Code::invalid, fmt::format("error parsing number: \"{}\"", text));
    }
    return static_cast<double>(value);
  };
  if (small.starts_with("0x")) return whole(std::string_view(small).substr(2), 16);
  if (small.size() > 1 && small[0] == '0' &&
      small.find_first_not_of("01234567") == std::string::npos) {
    return whole(std::string_view(small).substr(1), 8);
  }
  double value = 0;
  auto [end, error] = std::from_chars(small.data(), small.data() + small.size(), value);
  if (error == std::errc::result_out_of_range) {
    bool tiny = small.find("e-") != std::string::npos;
    return tiny ? 0 : std::numeric_limits<double>::infinity();
  }
  if (error != std::errc() || end != small.data() + small.size()) {
    return Error(Code::invalid, fmt::format("error parsing number: \"{}\"", text));
  }
  return value;
}

Result<std::string> read_text(std::string_view quoted) {
  char quote = quoted.front();
  std::string_view rest = quoted.substr(1, quoted.size() - 2);
  if (quote == '`') return std::string(rest);
  std::string out;
  while (!rest.empty()) {
    char c = rest.front();
    rest.remove_prefix(1);
    if (c != '\\') {
      out += c;
      continue;
    }
    auto taken = take_escape(rest, quote, out);
    if (!taken.ok()) return std::move(taken).error();
  }
  return out;
}

}  // namespace berth::promql
