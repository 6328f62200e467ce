#include "catalog/calls.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/json_writer.h"
#include "base/strings.h"
#include "base/units.h"
#include "catalog/policy_members.h"
#include "http/h1_scan.h"

namespace berth::catalog {
namespace {

constexpr std::string_view a_key =
    "\"source\", \"caller\", \"path\", \"header:NAME\" or \"cookie:NAME\"";

bool is_token(std::string_view text) { return text.size() <= 100 && http::scan::is_token(text); }

bool is_key_of_request(std::string_view text) {
  if (text == "source" || text == "caller" || text == "path") return true;
  return (text.starts_with("header:") || text.starts_with("cookie:")) && is_token(text.substr(7));
}

/// "2.5%" as 25; nothing if it is no share in steps of 0.1 %.
std::optional<std::uint32_t> permille_of(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  text = trim(text.substr(0, text.size() - 1));
  std::size_t point = std::min(text.find('.'), text.size());
  auto whole = parse_integer<std::uint32_t>(text.substr(0, point), 0, 1000);
  if (!whole.ok()) return std::nullopt;
  std::string_view rest = text.substr(std::min(point + 1, text.size()));
  if (point == text.size()) return *whole * 10;
  if (rest.size() != 1 || rest[0] < '0' || rest[0] > '9') return std::nullopt;
  return *whole * 10 + static_cast<std::uint32_t>(rest[0] - '0');
}

std::string written_permille(std::uint32_t value) {
  return value % 10 == 0 ? fmt::format("{}%", value / 10)
                         : fmt::format("{}.{}%", value / 10, value % 10);
}

/// What policy_members.h asks of an Io, from a table of TOML.
class CallsIn {
 public:
  template <class T>
  using Of = T;

  explicit CallsIn(TomlReader& in) : in_(in) {}

  void duration(std::string_view key, Duration& value, Duration least, Duration most) {
    auto found = in_.duration(key);
    if (!found) return;
    std::string range = fmt::format("from {} to {}", write_duration(least), write_duration(most));
    if (*found < least || *found > most)
      in_.fail(key, fmt::format("must be {}, found {}", range, write_duration(*found)), range);
    else
      value = *found;
  }
  void number(std::string_view key, std::uint32_t& value, std::uint32_t least, std::uint32_t most) {
    if (auto found = in_.integer(key, least, most)) value = static_cast<std::uint32_t>(*found);
  }
  void share(std::string_view key, std::uint32_t& value, std::uint32_t most) {
    auto found = in_.string(key);
    if (!found) return;
    auto permille = permille_of(*found);
    if (permille && *permille <= most) return void(value = *permille);
    std::string expected =
        fmt::format("a share such as \"2.5%\", at most {}", written_permille(most));
    in_.fail(key, fmt::format("must be {}, found '{}'", expected, *found), expected);
  }
  void factor(std::string_view key, std::uint32_t& value, std::uint32_t most) {
    auto found = in_.number(key);
    if (!found) return;
    double permille = std::round(*found * 1000);
    if (permille >= 0 && permille <= most && (permille == 0 || permille >= 1000))
      return void(value = static_cast<std::uint32_t>(permille));
    std::string expected = fmt::format("0 or a number from 1 to {}", most / 1000);
    in_.fail(key, fmt::format("must be {}, found {}", expected, *found), expected);
  }
  void rate(std::string_view key, double& value) {
    auto found = in_.number(key);
    if (!found) return;
    if (*found >= 0 && *found <= 1e9) return void(value = *found);
    constexpr std::string_view expected = "a number from 0 to 1000000000";
    in_.fail(key, fmt::format("must be {}, found {}", expected, *found), std::string(expected));
  }
  void size(std::string_view key, std::uint64_t& value, std::uint64_t least, std::uint64_t most) {
    auto found = in_.size(key);
    if (!found) return;
    auto bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(*found, 0));
    if (bytes >= least && bytes <= most) return void(value = bytes);
    std::string range = fmt::format("from {} to {}", format_size(static_cast<std::int64_t>(least)),
                                    format_size(static_cast<std::int64_t>(most)));
    in_.fail(key, fmt::format("must be {}, found {}", range, *found), range);
  }
  void flag(std::string_view key, bool& value) {
    if (auto found = in_.boolean(key)) value = *found;
  }
  template <class E>
  void word(std::string_view key, E& value, std::span<const std::string_view> words) {
    auto found = in_.string(key);
    if (!found) return;
    auto at = std::ranges::find(words, *found);
    if (at != words.end()) return void(value = static_cast<E>(at - words.begin()));
    unknown_word(key, *found, words);
  }
  void choice(std::string_view key, std::uint8_t& bits, std::span<const std::string_view> words) {
    auto found = in_.strings(key);
    if (!found) return;
    bits = 0;
    for (auto& each : *found) {
      auto at = std::ranges::find(words, each);
      if (at == words.end()) return unknown_word(key, each, words);
      bits |= static_cast<std::uint8_t>(1u << (at - words.begin()));
    }
  }
  void key_of_request(std::string_view key, std::string& text) {
    take(key, text, is_key_of_request, a_key);
  }
  void name(std::string_view key, std::string& text) {
    take(key, text, is_token, "a name such as \"x-user\"");
  }
  void tag(std::string_view key, std::string& text) {
    auto is_tag = [](std::string_view tag) {
      std::size_t mark = tag.find('=');
      return mark != tag.npos && is_token(tag.substr(0, mark)) && is_token(tag.substr(mark + 1));
    };
    take(key, text, is_tag, "a tag such as \"version=v3\"");
  }
  void methods(std::string_view key, std::vector<std::string>& list) {
    auto found = in_.strings(key);
    if (!found) return;
    for (auto& each : *found) {
      if (!is_token(each)) return in_.fail(key, fmt::format("must be methods, found '{}'", each));
    }
    list = std::move(*found);
  }
  template <class T>
  void compiled(std::string_view, T&) {}
  template <class T>
  void table(std::string_view key, T& policy) {
    auto in = in_.table(key);
    if (!in) return;
    CallsIn inner(*in);
    members(inner, policy);
    in->finish();
  }

 private:
  template <class Fits>
  void take(std::string_view key, std::string& text, Fits&& fits, std::string_view expected) {
    auto found = in_.string(key);
    if (!found) return;
    if (fits(*found)) return void(text = std::move(*found));
    in_.fail(key, fmt::format("must be {}, found '{}'", expected, *found), std::string(expected));
  }
  void unknown_word(std::string_view key, std::string_view found,
                    std::span<const std::string_view> words) {
    std::string expected = fmt::format("one of {}", fmt::join(words, ", "));
    in_.fail(key, fmt::format("must be {}, found '{}'", expected, found), expected,
             std::string(nearest_word(found, words)));
  }

  TomlReader& in_;
};

/// And into written settings.
class CallsOut {
 public:
  template <class T>
  using Of = const T;

  CallsOut(std::string prefix, std::vector<std::pair<std::string, std::string>>& out)
      : prefix_(std::move(prefix)), out_(out) {}

  void duration(std::string_view key, Duration value, Duration, Duration) {
    add(key, quoted(write_duration(value)));
  }
  void number(std::string_view key, std::uint32_t value, std::uint32_t, std::uint32_t) {
    add(key, fmt::format("{}", value));
  }
  void share(std::string_view key, std::uint32_t value, std::uint32_t) {
    add(key, quoted(written_permille(value)));
  }
  void factor(std::string_view key, std::uint32_t value, std::uint32_t) {
    add(key, fmt::format("{}", static_cast<double>(value) / 1000));
  }
  void rate(std::string_view key, double value) { add(key, fmt::format("{}", value)); }
  void size(std::string_view key, std::uint64_t value, std::uint64_t, std::uint64_t) {
    add(key, quoted(write_size(static_cast<std::int64_t>(value))));
  }
  void flag(std::string_view key, bool value) { add(key, value ? "true" : "false"); }
  template <class E>
  void word(std::string_view key, E value, std::span<const std::string_view> words) {
    add(key, quoted(words[static_cast<std::size_t>(value)]));
  }
  void choice(std::string_view key, std::uint8_t bits, std::span<const std::string_view> words) {
    std::vector<std::string> list;
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (bits & (1u << i)) list.push_back(quoted(words[i]));
    }
    add(key, fmt::format("[{}]", fmt::join(list, ", ")));
  }
  void key_of_request(std::string_view key, const std::string& text) { add(key, quoted(text)); }
  void name(std::string_view key, const std::string& text) {
    add(key, text.empty() ? "" : quoted(text));
  }
  void tag(std::string_view key, const std::string& text) { name(key, text); }
  void methods(std::string_view key, const std::vector<std::string>& list) {
    std::vector<std::string> texts;
    for (auto& each : list) texts.push_back(quoted(each));
    add(key, list.empty() ? "" : fmt::format("[{}]", fmt::join(texts, ", ")));
  }
  void compiled(std::string_view key, bool value) { add(key, value ? "true" : ""); }
  void compiled(std::string_view key, const std::vector<std::string>& list) { methods(key, list); }
  template <class T>
  void table(std::string_view key, const T& policy) {
    CallsOut inner(prefix_ + std::string(key) + ".", out_);
    members(inner, policy);
  }

 private:
  static std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
  }
  void add(std::string_view key, std::string value) {
    out_.emplace_back(prefix_ + std::string(key), std::move(value));
  }

  std::string prefix_;
  std::vector<std::pair<std::string, std::string>>& out_;
};

}  // namespace

void read_calls(TomlReader& in, RoutingPolicy& calls) {
  CallsIn io(in);
  members(io, calls);
  if (calls.balance.canary_permille > 0 && calls.balance.canary_tag.empty())
    in.fail("balance", "has a canary_share, but no canary that says by its tag who gets it");
}

std::vector<std::pair<std::string, std::string>> written_calls(const RoutingPolicy& calls) {
  std::vector<std::pair<std::string, std::string>> out;
  CallsOut io("calls.", out);
  members(io, calls);
  return out;
}

}  // namespace berth::catalog
