#include "observe/streams/arguments.h"

#include <charconv>

#include "base/strings.h"
#include "base/units.h"

namespace berth::observe::streams {
namespace {

std::optional<double> whole_number(std::string_view text) {
  double out = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

}  // namespace

Result<Arguments> Arguments::parse(std::string_view text) {
  std::vector<Word> words;
  std::size_t at = 0;
  while (at < text.size()) {
    if (is_blank(text[at])) {
      ++at;
      continue;
    }
    Word word{"", false, at};
    bool inside = false;
    for (; at < text.size() && (inside || !is_blank(text[at])); ++at) {
      if (text[at] == '"') {
        inside = !inside;
        word.quoted = true;
      } else if (text[at] == '\\' && inside && at + 1 < text.size()) {
        word.text += text[++at];
      } else {
        word.text += text[at];
      }
    }
    if (inside) {
      return Error(Code::invalid, "the quote in " + quoted(text.substr(word.at)) + " has no end");
    }
    words.push_back(std::move(word));
  }
  Arguments out(std::move(words));
  out.text_ = text;
  return out;
}

Error Arguments::missing(std::string_view name) const {
  return Error(Code::invalid, "its " + std::string(name) + " is missing");
}

Result<void> Arguments::finish() const {
  if (empty()) return {};
  return Error(Code::invalid, quoted(words_[next_].text) + " is one argument too many");
}

Result<std::string> Arguments::word(std::string_view name) {
  if (empty()) return missing(name);
  return words_[next_++].text;
}

Result<double> Arguments::number(std::string_view name) {
  std::string text = TRY(word(name));
  auto number = whole_number(text);
  if (!number) {
    return Error(Code::invalid,
                 "its " + std::string(name) + " must be a number, found " + quoted(text));
  }
  return *number;
}

Result<std::size_t> Arguments::count(std::string_view name) {
  std::string text = TRY(word(name));
  auto read = parse_integer<std::size_t>(text, 0, count_max);
  if (read.ok()) return *read;
  return Error(Code::invalid, "its " + std::string(name) + " must be a whole number from 0 to " +
                                  std::to_string(count_max) + ", found " + quoted(text));
}

Result<Duration> Arguments::duration(std::string_view name) {
  std::string text = TRY(word(name));
  Duration out{};
  if (auto number = whole_number(text)) {
    if (*number > 0 && *number <= seconds_of(longest)) out = ttl_of_seconds(*number);
  } else {
    out = parse_duration(text).value_or(Duration(0));
  }
  if (out > Duration(0) && out <= longest) return out;
  return Error(Code::invalid, "its " + std::string(name) +
                                  " must be a length of time such as 10s, "
                                  "more than zero, found " +
                                  quoted(text));
}

bool Arguments::next_is_duration() const {
  if (empty()) return false;
  auto& text = words_[next_].text;
  return whole_number(text) || parse_duration(text).ok();
}

Result<Field> Arguments::field(std::string_view name) { return Field(TRY(word(name))); }

Result<std::vector<std::string>> Arguments::words(std::string_view name) {
  if (empty()) return missing(name);
  std::vector<std::string> out;
  while (!empty()) out.push_back(words_[next_++].text);
  return out;
}

Result<Query> Arguments::query() {
  if (empty()) return missing("condition");
  std::string text = text_.empty() ? words_[next_].text : text_.substr(words_[next_].at);
  if (text_.empty() && left() > 1) {
    return Error(Code::invalid, quoted(words_[next_ + 1].text) + " is one argument too many");
  }
  next_ = words_.size();
  return Query::parse(text);
}

Result<Predicate> Arguments::predicate(std::string_view name) {
  return Predicate(TRY(Query::parse(TRY(word(name)))));
}

Result<Settings> Arguments::settings() {
  if (empty()) return missing("FIELD=VALUE");
  Settings out;
  while (!empty()) {
    Word& word = words_[next_++];
    auto pair = split_once(word.text, '=');
    if (!pair || pair->first.empty()) {
      return Error(Code::invalid, quoted(word.text) + " must be FIELD=VALUE");
    }
    out.push_back(TRY(read_setting(pair->first, pair->second, word.quoted)));
  }
  return out;
}

Result<Points> Arguments::points() {
  if (empty()) return missing("points, such as 0.5 0.95");
  Points out;
  while (!empty()) {
    std::string text = TRY(word("point"));
    auto pair = split_once(text, '=');
    std::string_view at = pair ? pair->first : std::string_view(text);
    auto number = whole_number(at);
    if (!number || *number < 0 || *number > 1) {
      return Error(Code::invalid, "a point must be a number from 0 to 1, found " + quoted(at));
    }
    std::string suffix = pair ? std::string(pair->second) : " " + text_of(FieldValue(*number));
    out.push_back({*number, std::move(suffix)});
  }
  return out;
}

Result<Setting> read_setting(const Field& field, std::string_view value, bool quoted_value) {
  if (value == "nil" && !quoted_value) return Setting{field, {}};
  if (field.kind() == Field::Kind::tags) {
    std::vector<std::string> tags;
    for (auto tag : split(value, ',')) {
      if (!trim(tag).empty()) tags.emplace_back(trim(tag));
    }
    return Setting{field, std::move(tags)};
  }
  if (field.is_text()) return Setting{field, std::string(value)};
  auto number = whole_number(value);
  if (!number && field.kind() == Field::Kind::ttl) {
    auto duration = parse_duration(value);
    if (duration.ok()) number = seconds_of(*duration);
  }
  if (number) return Setting{field, *number};
  return Error(Code::invalid, "the " + field.name() + " must be a number, found " + quoted(value));
}

Result<Reading> read_template(std::string_view text) {
  struct Piece {
    std::string text;
    std::optional<Field> field;
  };
  std::vector<Piece> pieces;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t begin = text.find("%{", at);
    if (begin > at) pieces.push_back({std::string(text.substr(at, begin - at)), std::nullopt});
    if (begin == text.npos) break;
    std::size_t end = text.find('}', begin);
    if (end == text.npos) {
      return Error(Code::invalid, "the %{ in " + quoted(text) + " has no }");
    }
    pieces.push_back({"", Field(text.substr(begin + 2, end - begin - 2))});
    at = end + 1;
  }
  return Reading("\"" + std::string(text) + "\"",
                 [pieces = std::move(pieces)](const Event& event) -> Result<FieldValue> {
                   std::string out;
                   FieldValue value;
                   for (auto& piece : pieces) {
                     out += piece.text;
                     if (!piece.field) continue;
                     keep(value, piece.field->get(event));
                     out += text_of(value);
                   }
                   return FieldValue(std::move(out));
                 });
}

}  // namespace berth::observe::streams
