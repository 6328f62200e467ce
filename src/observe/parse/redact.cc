#include "observe/parse/redact.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/strings.h"

namespace berth::observe {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
constexpr auto words = [] {
  std::array<bool, 256> out{};
  for (int c = 0; c < 256; ++c) {
    bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    out[static_cast<std::size_t>(c)] = letter || (c >= '0' && c <= '9') || c == '_';
  }
  return out;
}();
bool word(char c) { return words[static_cast<unsigned char>(c)]; }

struct Span {
  std::size_t begin;
  std::size_t end;
  std::string_view label;
};

// A name that ends so holds a secret: access_token, DB_PASSWORD.
constexpr std::array<std::string_view, 9> secret_names{"password", "passwd",  "passphrase",
                                                       "secret",   "token",   "api_key",
                                                       "apikey",   "api-key", "authorization"};
// What such keys begin with, and how many letters follow at least.
struct KeyForm {
  std::string_view begin;
  std::size_t least;
};
constexpr std::array<KeyForm, 14> key_forms{{{"AKIA", 16},
                                             {"ASIA", 16},
                                             {"ghp_", 20},
                                             {"gho_", 20},
                                             {"ghs_", 20},
                                             {"ghu_", 20},
                                             {"github_pat_", 20},
                                             {"glpat-", 16},
                                             {"xoxb-", 16},
                                             {"xoxp-", 16},
                                             {"sk_live_", 16},
                                             {"rk_live_", 16},
                                             {"sk_test_", 16},
                                             {"SG.", 20}}};

bool is_secret_name(std::string_view name) {
  // Most names of a line end otherwise, and cost no more.
  if (name.size() < 5 || !std::string_view("detny").contains(static_cast<char>(name.back() | 0x20)))
    return false;
  return std::ranges::any_of(secret_names, [&](auto end) {
    return name.size() >= end.size() &&
           equal_ignoring_case(name.substr(name.size() - end.size()), end);
  });
}

/// By the ranges that issuers have; not every number with a right check digit is a card.
bool issued(std::string_view digits) {
  std::size_t size = digits.size();
  int two = (digits[0] - '0') * 10 + digits[1] - '0';
  int four = two * 100 + (digits[2] - '0') * 10 + digits[3] - '0';
  if (digits[0] == '4') return size == 13 || size == 16 || size == 19;
  if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return size == 16;
  if (two == 34 || two == 37) return size == 15;
  if (two == 36 || two == 38 || two == 30) return size == 14;
  if (two == 35) return size == 16;
  return (two == 62 || two == 65 || four == 6011 || (four >= 6440 && four <= 6499)) && size >= 16;
}

bool luhn(std::string_view digits) {
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    int value = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 1) value = value > 4 ? value * 2 - 9 : value * 2;
    sum += value;
  }
  return sum % 10 == 0;
}

/// Walks over a text once and notes what is to go.
class Search {
 public:
  Search(std::string_view text, const Redaction& redaction) : text_(text), redaction_(redaction) {}

  std::vector<Span> run() {
    while (at_ < text_.size()) {
      char c = text_[at_];
      bool begins = word(c) && (at_ == 0 || !word(text_[at_ - 1]));
      if (begins && digit(c) && redaction_.cards && card()) continue;
      if (begins && redaction_.tokens && token()) continue;
      if (c == '@' && redaction_.mails && mail()) continue;
      ++at_;
    }
    return std::move(spans_);
  }

 private:
  bool found(std::size_t begin, std::size_t end, std::string_view label) {
    spans_.push_back({begin, end, label});
    at_ = end;
    return true;
  }
  std::size_t last_end() const { return spans_.empty() ? 0 : spans_.back().end; }

  /// Digits, one blank or '-' between groups of them.
  bool card() {
    std::string digits;
    std::size_t i = at_;
    for (;; ++i) {
      while (i < text_.size() && digits.size() <= 19 && digit(text_[i])) digits += text_[i++];
      bool ends = i == text_.size() || !word(text_[i]);
      if (ends && digits.size() >= 13 && digits.size() <= 19 && issued(digits) && luhn(digits)) {
        return found(at_, i, "[card]");
      }
      bool more = ends && digits.size() < 19 && i + 1 < text_.size() && digit(text_[i + 1]);
      if (!more || (text_[i] != ' ' && text_[i] != '-')) break;
    }
    // Not looked at again from its middle, digit by digit.
    while (at_ < text_.size() && digit(text_[at_])) ++at_;
    return true;
  }

  std::size_t span(std::size_t from, std::string_view more) const {
    std::size_t i = from;
    while (i < text_.size() && (word(text_[i]) || more.contains(text_[i]))) ++i;
    return i;
  }

  /// Keys and web tokens, by how they begin.
  bool key() {
    std::string_view rest = text_.substr(at_);
    for (auto& form : key_forms) {
      if (!rest.starts_with(form.begin)) continue;
      std::size_t end = span(at_, "-.");
      if (end - at_ >= form.begin.size() + form.least) return found(at_, end, "[token]");
    }
    if (!rest.starts_with("eyJ")) return false;
    std::size_t end = span(at_, "-.");
    auto jwt = text_.substr(at_, end - at_);
    bool whole = std::ranges::count(jwt, '.') == 2 && jwt.size() > 20;
    return whole && found(at_, end, "[token]");
  }

  bool token() {
    if (std::string_view("AgxsrSe").contains(text_[at_]) && key()) return true;
    std::size_t end = span(at_, "-");
    std::string_view name = text_.substr(at_, end - at_);
    if (name.size() == 6 && equal_ignoring_case(name, "bearer") && end < text_.size() &&
        text_[end] == ' ') {
      std::size_t value = span(end + 1, "-.~+/=");
      if (value >= end + 9) return found(end + 1, value, "[token]");
    }
    if (name.size() <= 64 && is_secret_name(name) && value_behind(end)) return true;
    at_ = end;
    return true;
  }

  /// NAME=value, NAME: value, "NAME":"value".
  bool value_behind(std::size_t i) {
    auto skip_any = [&](std::string_view which, std::size_t most) {
      for (; most > 0 && i < text_.size() && which.contains(text_[i]); --most) ++i;
    };
    skip_any("\"'\\", 2);
    skip_any(" ", 2);
    std::size_t sign = i;
    skip_any("=:", 1);
    if (i == sign) return false;
    skip_any(">", 1);
    skip_any(" ", 2);
    std::string_view scheme = text_.substr(i, 7);
    if (equal_ignoring_case(scheme, "bearer ") || equal_ignoring_case(scheme, "digest ")) i += 7;
    if (equal_ignoring_case(scheme.substr(0, 6), "basic ")) i += 6;
    skip_any("\\", 1);
    char quote = i < text_.size() && (text_[i] == '"' || text_[i] == '\'') ? text_[i++] : '\0';
    std::size_t end = quote ? text_.find(quote, i) : text_.find_first_of(" ,;&\"'}])\t\n", i);
    end = std::min(end, text_.size());
    std::string_view value = text_.substr(i, end - i);
    if (value.empty() || value == "null" || value == "-" || value == "true" || value == "false" ||
        value.starts_with('[')) {
      return false;
    }
    return found(i, end, "[token]");
  }

  bool mail() {
    std::size_t begin = at_;
    auto of_local = [](char c) { return word(c) || std::string_view(".+-%").contains(c); };
    while (begin > last_end() && of_local(text_[begin - 1])) --begin;
    std::size_t end = span(at_ + 1, "-.");
    while (end > at_ + 1 && !word(text_[end - 1])) --end;
    std::string_view domain = text_.substr(at_ + 1, end - at_ - 1);
    if (begin == at_ || domain.find('.') == domain.npos) return false;
    return found(begin, end, "[mail]");
  }

  std::string_view text_;
  const Redaction& redaction_;
  std::size_t at_ = 0;
  std::vector<Span> spans_;
};

std::size_t redact(Json& value, const Redaction& redaction) {
  if (auto* text = value.string()) {
    std::string copy = *text;
    std::size_t count = redact(copy, redaction);
    if (count > 0) value = std::move(copy);
    return count;
  }
  if (!value.is_array()) return 0;
  std::size_t count = 0;
  Json out = Json::array();
  for (auto& item : value.items()) {
    Json copy = item;
    count += redact(copy, redaction);
    out.add(std::move(copy));
  }
  if (count > 0) value = std::move(out);
  return count;
}

}  // namespace

std::size_t redact(std::string& text, const Redaction& redaction) {
  std::vector<Span> spans = Search(text, redaction).run();
  if (spans.empty()) return 0;
  std::string out;
  std::size_t at = 0;
  for (auto& span : spans) {
    out.append(text, at, span.begin - at);
    out += span.label;
    at = span.end;
  }
  out.append(text, at);
  text = std::move(out);
  return spans.size();
}

std::size_t redact(Record& record, const Redaction& redaction) {
  if (!redaction.any()) return 0;
  std::size_t count = redact(record.line, redaction);
  for (auto& field : record.fields) {
    if (redaction.tokens && field.value.is_string() && is_secret_name(field.key)) {
      field.value = Json("[token]");
      ++count;
    } else {
      count += redact(field.value, redaction);
    }
  }
  return count;
}

}  // namespace berth::observe
