#include "base/strings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace berth {

namespace {
constexpr std::size_t word_bytes_max = 64;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// The start of what a user wrote, short enough to stand in a message.
std::string_view quotable(std::string_view text) { return text.substr(0, 60); }
}  // namespace

std::string_view trim(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  std::size_t first = text.find_first_not_of(blank);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (;;) {
    std::size_t at = text.find(separator);
    pieces.push_back(text.substr(0, at));
    if (at == text.npos) return pieces;
    text.remove_prefix(at + 1);
  }
}

std::optional<std::pair<std::string_view, std::string_view>> split_once(std::string_view text,
                                                                        char separator) {
  std::size_t at = text.find(separator);
  if (at == text.npos) return std::nullopt;
  return std::pair(text.substr(0, at), text.substr(at + 1));
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

Result<__int128> detail::parse_integer(std::string_view text, __int128 least, __int128 most) {
  bool negative = text.starts_with('-');
  std::string_view digits = text.substr(negative);
  bool all_digits =
      !digits.empty() && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  if (!all_digits)
    return Error(Code::invalid, fmt::format("'{}' is not a whole number", quotable(text)));
  std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size() - 1);
  digits.remove_prefix(zeros);
  __int128 value = most + 1;
  if (digits.size() <= 20) {
    value = 0;
    for (char c : digits) value = value * 10 + (c - '0');
    if (negative) value = -value;
  } else if (negative) {
    value = least - 1;
  }
  if (value < least || value > most)
    return Error(Code::invalid,
                 fmt::format("{} is out of range: it must be from {} to {}", quotable(text),
                             static_cast<std::int64_t>(least), static_cast<std::uint64_t>(most)));
  return value;
}

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most) {
  if (a.size() > word_bytes_max || b.size() > word_bytes_max) return a == b ? 0 : most + 1;
  std::array<std::array<std::size_t, word_bytes_max + 1>, 3> rows{};
  for (std::size_t j = 0; j <= b.size(); j++) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); i++) {
    auto& row = rows[i % 3];
    auto& before = rows[(i + 2) % 3];
    auto& before_that = rows[(i + 1) % 3];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); j++) {
      std::size_t replaced = before[j - 1] + (a[i - 1] != b[j - 1]);
      row[j] = std::min({before[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_that[j - 2] + 1);
    }
  }
  return std::min(rows[a.size() % 3][b.size()], most + 1);
}

std::string_view nearest_word(std::string_view word, std::span<const std::string_view> words) {
  std::string_view nearest;
  std::size_t least = 4;
  for (std::string_view candidate : words) {
    std::size_t distance = edit_distance(word, candidate);
    bool alike = distance * 2 <= std::max(word.size(), candidate.size());
    if (distance < least && alike) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace berth
