#include "observe/logs/log_query_parser.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "base/strings.h"

namespace berth::observe {
namespace {

constexpr std::array<std::string_view, 7> comparisons{"!=", ">=", "<=", ":", "=", ">", "<"};

bool blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool name_begins(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '@';
}
bool name_goes_on(char c) {
  return name_begins(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

/// The bits of levels from the words of loggers; 0: no such level.
std::uint8_t level_bit(std::string_view word) {
  if (equal_ignoring_case(word, "debug") || equal_ignoring_case(word, "trace")) return 1;
  if (equal_ignoring_case(word, "info") || equal_ignoring_case(word, "notice")) return 2;
  if (equal_ignoring_case(word, "warn") || equal_ignoring_case(word, "warning")) return 4;
  if (equal_ignoring_case(word, "error") || equal_ignoring_case(word, "fatal")) return 8;
  return 0;
}

std::string between_stars(std::string_view text) {
  std::string out = "(?i)";
  bool first = true;
  for (std::string_view piece : split(text, '*')) {
    if (!first) out += "[^\\s\"]*";
    first = false;
    out += RE2::QuoteMeta(re2::StringPiece(piece.data(), piece.size()));
  }
  return out;
}

}  // namespace

Result<LogQuery> LogQuery::parse(std::string_view text, QueryFault* fault) {
  QueryFault own;
  QueryFault& place = fault ? *fault : own;
  LogQuery out;
  if (LogQueryParser(text, place).read(out)) return out;
  return Error(Code::invalid, fmt::format("column {}: {}", place.at + 1, place.text));
}

bool LogQueryParser::read(LogQuery& out) {
  if (text_.size() > LogQuery::bytes_max) {
    return wrong(LogQuery::bytes_max,
                 fmt::format("a query has at most {} bytes", LogQuery::bytes_max));
  }
  skip_blanks();
  if (at_ < text_.size()) {
    if (!either(query_.root_)) return false;
    if (at_ < text_.size()) return wrong(at_, "this bracket closes nothing");
  }
  query_.settle();
  out = std::move(query_);
  return true;
}

bool LogQueryParser::wrong(std::size_t at, std::string text) {
  fault_ = {at, std::move(text)};
  return false;
}

void LogQueryParser::skip_blanks() {
  while (at_ < text_.size() && blank(text_[at_])) ++at_;
}

LogQueryParser::At LogQueryParser::add(Node node) {
  query_.nodes_.push_back(std::move(node));
  return static_cast<At>(query_.nodes_.size() - 1);
}

bool LogQueryParser::at_keyword(std::string_view word) const {
  std::string_view rest = text_.substr(at_);
  if (!rest.starts_with(word)) return false;
  return rest.size() == word.size() || blank(rest[word.size()]) || rest[word.size()] == '(';
}

bool LogQueryParser::take_keyword(std::string_view word) {
  if (!at_keyword(word)) return false;
  at_ += word.size();
  skip_blanks();
  return true;
}

bool LogQueryParser::either(At& out) {
  if (!both(out)) return false;
  while (take_keyword("OR")) {
    At right = 0;
    if (!both(right)) return false;
    out = add({.kind = Kind::either, .left = out, .right = right});
  }
  return true;
}

bool LogQueryParser::both(At& out) {
  if (!one(out)) return false;
  for (;;) {
    if (!take_keyword("AND") && (at_ >= text_.size() || text_[at_] == ')' || at_keyword("OR"))) {
      return true;
    }
    At right = 0;
    if (!one(right)) return false;
    out = add({.kind = Kind::both, .left = out, .right = right});
  }
}

bool LogQueryParser::one(At& out) {
  if (at_ >= text_.size()) return wrong(at_, "something to look for is missing here");
  if (query_.nodes_.size() > LogQuery::terms_max * 2) {
    return wrong(at_, fmt::format("a query has at most {} terms", LogQuery::terms_max));
  }
  std::size_t begin = at_;
  bool dash = text_[at_] == '-' && at_ + 1 < text_.size() && !blank(text_[at_ + 1]);
  if (dash) ++at_;
  bool bracket = !dash && text_[at_] == '(';
  if (!dash && !bracket && !take_keyword("NOT")) {
    if (at_keyword("AND") || at_keyword("OR")) {
      return wrong(at_, "something to look for is missing before this");
    }
    return term(out);
  }
  if (++depth_ > LogQuery::depth_max) return wrong(begin, "brackets and NOT are too deep");
  if (!bracket) {
    At inner = 0;
    if (!one(inner)) return false;
    out = add({.kind = Kind::negated, .left = inner});
  } else {
    ++at_;
    skip_blanks();
    if (!either(out)) return false;
    if (at_ >= text_.size()) return wrong(begin, "this bracket is not closed");
    ++at_;
    skip_blanks();
  }
  --depth_;
  return true;
}

/// The length of "name:" here, or 0 where no name is compared.
std::size_t LogQueryParser::name_here(std::string_view& name, std::string_view& compare) const {
  std::string_view rest = text_.substr(at_);
  if (rest.empty() || !name_begins(rest[0])) return 0;
  std::size_t end = 1;
  while (end < rest.size() && name_goes_on(rest[end])) ++end;
  name = rest.substr(0, end);
  std::string_view behind = rest.substr(end);
  for (std::string_view each : comparisons) {
    if (!behind.starts_with(each)) continue;
    std::string_view found = behind.substr(each.size());
    // level:>=warn is as good as level>=warn.
    for (std::string_view inner : comparisons) {
      if (each == ":" && inner != ":" && found.starts_with(inner)) {
        compare = inner;
        return end + 1 + inner.size();
      }
    }
    // "Error: it failed" and "http://x" are text.
    if (found.empty() || blank(found[0]) || found[0] == ')') return 0;
    if (each == ":" && (found.starts_with("//") || found[0] == ':')) return 0;
    compare = each;
    return end + each.size();
  }
  return 0;
}

bool LogQueryParser::term(At& out) {
  std::string_view name;
  std::string_view compare;
  std::size_t begin = at_;
  if (std::size_t length = name_here(name, compare)) {
    at_ += length;
    if (at_ >= text_.size() || blank(text_[at_])) {
      return wrong(at_, fmt::format("a value is missing behind '{}'", name));
    }
    if (!named(name, compare, begin, out)) return false;
  } else {
    Node node{.kind = Kind::text};
    if (!value(node.match)) return false;
    if (node.match.kind() == TextMatch::Kind::exists) node.kind = Kind::all;
    out = add(std::move(node));
  }
  skip_blanks();
  return true;
}

bool LogQueryParser::named(std::string_view name, std::string_view compare, std::size_t begin,
                           At& out) {
  bool negated = compare == "!=";
  if (name == "level") return level(compare, begin, out);
  if (name == "service" || name == "instance" || name == "host") {
    if (compare != ":" && compare != "=" && !negated) {
      return wrong(begin + name.size(), fmt::format("'{}' has no order: use : or !=", name));
    }
    std::string written;
    std::size_t at = at_;
    TextMatch match = TextMatch::exists();
    if (expression_here())
      return wrong(at, fmt::format("'{}' takes a name, with * for anything", name));
    if (!value(match, &written)) return false;
    Node node{.kind = Kind::source, .pattern = lower(written)};
    node.of = name == "service" ? LogQuery::Of::service
              : name == "host"  ? LogQuery::Of::host
                                : LogQuery::Of::instance;
    out = add(std::move(node));
  } else {
    Node node{.kind = Kind::field, .name = std::string(name)};
    if (compare == ":") {
      if (!value(node.match)) return false;
    } else if (compare == "=" || negated) {
      std::string written;
      if (!value(node.match, &written)) return false;
      if (node.match.kind() == TextMatch::Kind::words) node.match = TextMatch::same(written);
    } else if (!number(compare, node.match)) {
      return false;
    }
    // A line's own words go before a field of the same name.
    if (name == "text" || name == "message") node.kind = Kind::text;
    out = add(std::move(node));
  }
  if (negated) out = add({.kind = Kind::negated, .left = out});
  return true;
}

bool LogQueryParser::level(std::string_view compare, std::size_t begin, At& out) {
  std::size_t at = at_;
  std::string written;
  TextMatch match = TextMatch::exists();
  if (!value(match, &written)) return false;
  std::uint8_t bit = level_bit(written);
  if (bit == 0) return wrong(at, "a level is error, warn, info or debug");
  auto below = static_cast<std::uint8_t>(bit - 1);
  std::uint8_t levels = bit;
  if (compare == ">=") levels = static_cast<std::uint8_t>(15 & ~below);
  if (compare == ">") levels = static_cast<std::uint8_t>(15 & ~(below | bit));
  if (compare == "<=") levels = static_cast<std::uint8_t>(below | bit);
  if (compare == "<") levels = below;
  if (compare == "!=") levels = static_cast<std::uint8_t>(15 & ~bit);
  std::ignore = begin;
  out = add({.kind = Kind::level, .levels = levels});
  return true;
}

bool LogQueryParser::number(std::string_view compare, TextMatch& out) {
  std::size_t at = at_;
  std::string text(take_bare());
  char* end = nullptr;
  double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(value)) {
    return wrong(at, fmt::format("a number must stand behind '{}'", compare));
  }
  auto kind = compare == "<"    ? TextMatch::Kind::less
              : compare == "<=" ? TextMatch::Kind::at_most
              : compare == ">"  ? TextMatch::Kind::more
                                : TextMatch::Kind::at_least;
  out = TextMatch::number(kind, value);
  return true;
}

/// What stands up to a blank or a bracket.
std::string_view LogQueryParser::take_bare() {
  std::size_t begin = at_;
  while (at_ < text_.size() && !blank(text_[at_]) && text_[at_] != '(' && text_[at_] != ')') ++at_;
  return text_.substr(begin, at_ - begin);
}

/// A path is no expression: /…/ ends with a blank, a bracket or i behind it.
bool LogQueryParser::expression_here() const {
  if (text_[at_] != '/') return false;
  for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
    if (text_[i] == '\\') {
      ++i;
    } else if (text_[i] == '/') {
      std::string_view behind = text_.substr(i + 1);
      if (i == at_ + 1) return false;
      if (behind.starts_with('i')) behind.remove_prefix(1);
      if (behind.empty() || blank(behind[0]) || behind[0] == ')') return true;
      // A slash in brackets or in words goes on.
    }
  }
  return false;
}

bool LogQueryParser::value(TextMatch& out, std::string* written) {
  if (at_ >= text_.size()) return wrong(at_, "something to look for is missing here");
  if (text_[at_] == '"') {
    std::string text;
    if (!phrase(text)) return false;
    if (written) *written = text;
    out = TextMatch::words(text);
    return true;
  }
  if (expression_here()) return expression(out);
  return word(out, written);
}

bool LogQueryParser::phrase(std::string& out) {
  std::size_t begin = at_++;
  while (at_ < text_.size() && text_[at_] != '"') {
    if (text_[at_] == '\\' && at_ + 1 < text_.size() &&
        (text_[at_ + 1] == '"' || text_[at_ + 1] == '\\')) {
      ++at_;
    }
    out += text_[at_++];
  }
  if (at_ >= text_.size()) return wrong(begin, "this quote is not closed");
  ++at_;
  if (out.empty()) return wrong(begin, "nothing stands between the quotes");
  return true;
}

bool LogQueryParser::expression(TextMatch& out) {
  std::size_t begin = at_++;
  std::string text;
  for (;; ++at_) {
    if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
      if (text_[at_ + 1] != '/') text += '\\';
      text += text_[++at_];
      continue;
    }
    std::string_view behind = text_.substr(at_ + 1);
    if (text_[at_] == '/') {
      bool small = behind.starts_with('i');
      if (small) behind.remove_prefix(1);
      if (behind.empty() || blank(behind[0]) || behind[0] == ')') {
        at_ += small ? 2 : 1;
        if (small) text.insert(0, "(?i)");
        break;
      }
    }
    text += text_[at_];
  }
  auto match = TextMatch::regex(text);
  if (!match.ok()) {
    return wrong(begin, fmt::format("the expression is wrong: {}", match.error().message()));
  }
  out = std::move(*match);
  return true;
}

bool LogQueryParser::word(TextMatch& out, std::string* written) {
  std::size_t begin = at_;
  std::string_view text = take_bare();
  if (text.empty()) return wrong(begin, "something to look for is missing here");
  if (text.find('"') != text.npos) {
    return wrong(begin + text.find('"'), "a quote within a word: put all of it in quotes");
  }
  if (written) *written = text;
  if (text.find_first_not_of('*') == text.npos) {
    out = TextMatch::exists();
    return true;
  }
  bool open_begin = text.starts_with('*');
  bool open_end = text.ends_with('*');
  std::string_view inner = text.substr(open_begin ? 1 : 0);
  if (open_end) inner.remove_suffix(1);
  if (inner.find('*') == inner.npos) {
    out = TextMatch::words(inner, open_begin, open_end);
    return true;
  }
  auto match = TextMatch::regex(between_stars(text));
  if (!match.ok()) return wrong(begin, std::string(match.error().message()));
  out = std::move(*match);
  return true;
}

}  // namespace berth::observe
