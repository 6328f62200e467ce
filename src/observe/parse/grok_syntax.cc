#include "observe/parse/grok_syntax.h"

#include <fmt/format.h>

#include <utility>

#include "base/strings.h"
#include "base/utf8.h"

namespace berth::observe {
namespace {

constexpr std::string_view word_letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

/// Reads one pattern, its own or one that it refers to; makes another of itself for each of these.
class GrokReader {
 public:
  GrokReader(const PatternSet& patterns, GrokExpression& out, std::string_view text,
             const GrokReader* outer, std::string_view name)
      : patterns_(patterns), out_(out), text_(text), outer_(outer), name_(name) {
    for (auto* each = outer; each; each = each->outer_) ++nesting_;
  }

  Result<void> read() {
    while (at_ < text_.size()) {
      if (out_.text.size() > grok_expression_bytes_max) {
        return fault(at_, fmt::format("with all that it refers to it is longer than {} bytes",
                                      grok_expression_bytes_max));
      }
      TRY(step());
    }
    if (!groups_.empty()) return fault(groups_.back().at, "this '(' is not closed");
    return {};
  }

 private:
  struct Group {
    std::size_t at;
    bool must_end = false;  // equal to what was written only if nothing follows
    bool must_be_fixed = false;
  };

  Error fault(std::size_t at, std::string_view why) const {
    std::size_t column = position_of(text_, at).column;
    std::string place = fmt::format("column {}", column);
    if (!name_.empty()) place += fmt::format(" of pattern '{}'", name_);
    return {Code::invalid, fmt::format("{}: {}", place, why)};
  }
  Error refused(std::size_t at, std::string_view what, std::string_view instead) const {
    return fault(at, fmt::format("{} cannot be matched in linear time; {}", what, instead));
  }
  bool next_is(std::string_view word) const { return text_.substr(at_).starts_with(word); }
  void put(std::string_view text, std::size_t taken) {
    out_.text += text;
    at_ += taken;
  }

  Result<void> step() {
    switch (text_[at_]) {
      case '%':
        if (next_is("%{")) return reference();
        break;
      case '\\':
        return escape();
      case '[':
        return bracket();
      case '(':
        return open();
      case ')':
        return close();
      case '*':
      case '+':
      case '?':
        return repeat(1);
      case '{':
        return braces();
      case '|':
        if (groups_.empty()) alternatives_ = true;
        note_choice();
        break;
      default:
        break;
    }
    put(text_.substr(at_, 1), 1);
    return {};
  }

  void note_choice() {
    for (auto& group : groups_) {
      if (group.must_be_fixed) group.must_end = true;
    }
  }

  Result<void> reference() {
    std::size_t begin = at_;
    std::size_t end = text_.find('}', at_);
    if (end == text_.npos) return fault(begin, "this '%{' is not closed");
    auto parts = split(text_.substr(begin + 2, end - begin - 2), ':');
    const std::string* definition = patterns_.find(parts[0]);
    if (!definition) return unknown(begin, parts[0]);
    if (nesting_ >= grok_depth_max) return fault(begin, "patterns refer to each other too deeply");
    for (const GrokReader* each = this; each; each = each->outer_) {
      if (each->name_ == parts[0]) {
        return fault(begin, fmt::format("pattern '{}' refers to itself", parts[0]));
      }
    }
    if (parts.size() > 1) {
      TRY(begin_field(begin, parts[1], parts.size() > 2 ? parts[2] : "string"));
    } else {
      out_.text += "(?:";
    }
    if (parts.size() > 3) return fault(begin, "a reference is %{NAME}, or %{NAME:field:type}");
    GrokReader inner(patterns_, out_, *definition, this, parts[0]);
    TRY(inner.read());
    note_choice();
    put(")", end + 1 - begin);
    return {};
  }

  Error unknown(std::size_t at, std::string_view name) const {
    auto nearest = nearest_word(name, patterns_.names());
    return fault(at,
                 fmt::format("there is no pattern '{}'{}", name,
                             nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
  }

  Result<void> begin_field(std::size_t at, std::string_view name, std::string_view type) {
    GrokField field;
    field.name = name;
    if (name.starts_with('[')) {
      field.name.clear();
      for (char c : name.substr(1)) {
        if (c == '[') field.name += '.';
        if (c != '[' && c != ']') field.name += c;
      }
    }
    if (field.name.empty()) return fault(at, "a field's name is missing");
    if (type == "int" || type == "integer") {
      field.type = GrokType::integer;
    } else if (type == "float") {
      field.type = GrokType::floating;
    } else if (type != "string") {
      return fault(at, fmt::format("a type is string, int or float, not '{}'", type));
    }
    if (out_.fields.size() >= grok_fields_max) {
      return fault(at, fmt::format("more than {} fields", grok_fields_max));
    }
    out_.fields.push_back(std::move(field));
    out_.text += '(';
    return {};
  }

  Result<void> escape() {
    if (at_ + 1 >= text_.size()) return fault(at_, "a '\\' stands at the end");
    char c = text_[at_ + 1];
    switch (c) {
      case 'h':
        return put("[0-9A-Fa-f]", 2), Result<void>();
      case 'H':
        return put("[^0-9A-Fa-f]", 2), Result<void>();
      case 'Z':
        return put("(?:\\n?\\z)", 2), Result<void>();
      case 'R':
        return put("(?:\\r\\n|[\\n\\v\\f\\r])", 2), Result<void>();
      case 'e':
        return put("\\x1b", 2), Result<void>();
      case 'u':
        return unicode();
      case 'k':
      case 'g':
        return refused(at_, "a reference to what a group matched (\\k, \\g)", "write it out");
      case 'G':
      case 'K':
      case 'X':
        return fault(at_, fmt::format("\\{} has no counterpart here", c));
      default:
        break;
    }
    if (c >= '1' && c <= '9') return refused(at_, "a backreference", "write the text out");
    constexpr std::string_view known = "afnrtvdDsSwWbBAzpPx0";
    bool letter = word_letters.contains(c);
    if (letter && !known.contains(c)) return put(text_.substr(at_ + 1, 1), 2), Result<void>();
    return put(text_.substr(at_, 2), 2), Result<void>();
  }

  Result<void> unicode() {
    std::string_view digits = text_.substr(at_ + 2, 4);
    if (digits.size() != 4 || digits.find_first_not_of("0123456789abcdefABCDEF") != digits.npos) {
      return fault(at_, "\\u is followed by four hex digits");
    }
    return put(fmt::format("\\x{{{}}}", digits), 6), Result<void>();
  }

  Result<void> bracket() {
    std::size_t begin = at_;
    put("[", 1);
    if (next_is("^")) put("^", 1);
    if (next_is("]")) put("\\]", 1);
    while (at_ < text_.size()) {
      if (next_is("]")) return put("]", 1), Result<void>();
      if (next_is("[:")) {
        std::size_t end = text_.find(":]", at_);
        if (end == text_.npos) return fault(at_, "this '[:' is not closed");
        put(text_.substr(at_, end + 2 - at_), end + 2 - at_);
      } else if (next_is("[")) {
        return fault(at_, "a class within a class: write all in one, or '\\['");
      } else if (next_is("&&")) {
        return fault(at_, "'&&' in a class: write out what is left of it");
      } else if (next_is("\\h")) {
        put("0-9A-Fa-f", 2);
      } else if (next_is("\\b")) {
        put("\\x08", 2);
      } else if (next_is("\\")) {
        TRY(escape());
      } else {
        put(text_.substr(at_, 1), 1);
      }
    }
    return fault(begin, "this '[' is not closed");
  }

  Result<void> open() {
    Group group{at_};
    std::string_view rest = text_.substr(at_);
    if (rest.starts_with("(?#")) return skip_comment();
    if (!rest.starts_with("(?")) {
      put("(?:", 1);
    } else if (rest.starts_with("(?:")) {
      put("(?:", 3);
    } else if (rest.starts_with("(?>")) {
      group.must_be_fixed = true;
      put("(?:", 3);
    } else if (rest.starts_with("(?=")) {
      if (alternatives_ || !groups_.empty() || outer_) return look(group.at);
      group.must_end = true;
      put("(?:", 3);
    } else if (rest.starts_with("(?!") || rest.starts_with("(?<=") || rest.starts_with("(?<!")) {
      return look(group.at);
    } else if (rest.starts_with("(?<") || rest.starts_with("(?P<") || rest.starts_with("(?'")) {
      TRY(named());
    } else {
      TRY(flags());
      if (text_[at_ - 1] == ')') return {};
    }
    groups_.push_back(group);
    return {};
  }

  Error look(std::size_t at) const {
    return refused(at, "lookahead and lookbehind",
                   "match what stands there, or \\b for the edge of a word");
  }

  Result<void> skip_comment() {
    std::size_t end = text_.find(')', at_);
    if (end == text_.npos) return fault(at_, "this comment is not closed");
    at_ = end + 1;
    return {};
  }

  Result<void> named() {
    std::size_t begin = at_;
    std::size_t name_at = text_.find_first_of("<'", at_) + 1;
    std::size_t end = text_.find_first_of(">'", name_at);
    if (end == text_.npos) return fault(begin, "a group's name is not closed");
    std::string_view name = text_.substr(name_at, end - name_at);
    auto parts = split(name, ':');
    TRY(begin_field(begin, parts[0], parts.size() > 1 ? parts[1] : "string"));
    at_ = end + 1;
    return {};
  }

  /// (?i), (?i-m:...): Ruby's m is RE2's s; x, free spacing, is refused.
  Result<void> flags() {
    std::size_t begin = at_;
    std::string made = "(?";
    for (at_ += 2; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == 'm') {
        made += 's';
      } else if (c == 'i' || c == '-') {
        made += c;
      } else if (c == ':' || c == ')') {
        put(made + c, 1);
        return {};
      } else {
        break;
      }
    }
    return fault(begin,
                 "this kind of group is not known; (?:...), (?<name>...), (?i) and (?m) are");
  }

  Result<void> close() {
    if (groups_.empty()) return fault(at_, "this ')' closes nothing");
    Group group = groups_.back();
    groups_.pop_back();
    put(")", 1);
    if (group.must_end) {
      // Behind the end of a whole pattern nothing can ask the group for another match.
      if (at_ == text_.size() && !outer_ && groups_.empty()) return {};
      if (!group.must_be_fixed) return look(group.at);
      return refused(group.at, "an atomic group (?>...) of more than fixed text",
                     "write (?:...) if other matches of it are as good");
    }
    return {};
  }

  Result<void> repeat(std::size_t taken) {
    note_choice();
    std::size_t begin = at_;
    put(text_.substr(at_, taken), taken);
    if (next_is("+")) {
      if (at_ + 1 == text_.size() && !outer_ && groups_.empty()) return ++at_, Result<void>();
      return refused(begin, "a possessive repeat", "leave the second '+' out");
    }
    if (next_is("?")) put("?", 1);
    return {};
  }

  /// {2}, {2,}, {2,5}, {,5}; any other '{' is itself.
  Result<void> braces() {
    std::size_t end = text_.find('}', at_);
    std::string_view inner = end == text_.npos ? "" : text_.substr(at_ + 1, end - at_ - 1);
    if (inner.empty() || inner.find_first_not_of("0123456789,") != inner.npos || inner == ",") {
      return put("\\{", 1), Result<void>();
    }
    note_choice();
    put(fmt::format("{{{}{}}}", inner.starts_with(',') ? "0" : "", inner), inner.size() + 2);
    if (next_is("?")) put("?", 1);
    return {};
  }

  const PatternSet& patterns_;
  GrokExpression& out_;
  std::string_view text_;
  const GrokReader* outer_;
  std::string_view name_;
  std::size_t nesting_ = 0;
  std::size_t at_ = 0;
  std::vector<Group> groups_;
  bool alternatives_ = false;
};

}  // namespace

Result<GrokExpression> read_grok(const PatternSet& patterns, std::string_view pattern) {
  GrokExpression out;
  out.text = "(?m)";  // in Ruby '^' and '$' stand at line ends too
  GrokReader reader(patterns, out, pattern, nullptr, "");
  auto read = reader.read();
  if (!read.ok()) return std::move(read).error();
  return out;
}

}  // namespace berth::observe
