#include "observe/log_level.h"

#include <array>

#include "base/strings.h"

namespace berth::observe {
namespace {

struct Word {
  std::string_view text;
  LogLevel level;
};
constexpr std::array<Word, 12> words{{{"error", LogLevel::error},
                                      {"err", LogLevel::error},
                                      {"fatal", LogLevel::error},
                                      {"critical", LogLevel::error},
                                      {"panic", LogLevel::error},
                                      {"emerg", LogLevel::error},
                                      {"alert", LogLevel::error},
                                      {"severe", LogLevel::error},
                                      {"warning", LogLevel::warning},
                                      {"warn", LogLevel::warning},
                                      {"debug", LogLevel::debug},
                                      {"trace", LogLevel::debug}}};

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool capitals(std::string_view text) {
  for (char c : text) {
    if (c < 'A' || c > 'Z') return false;
  }
  return true;
}

/// A level's word counts when it stands in capitals, or behind level= or "level":, or before a
/// colon at the line's begin.
bool counts(std::string_view line, std::size_t begin, std::size_t end) {
  std::string_view word = line.substr(begin, end - begin);
  if (capitals(word) && word.size() >= 4) return true;
  std::string_view before = line.substr(0, begin);
  while (!before.empty() &&
         (before.back() == '"' || before.back() == '\'' || before.back() == ' ')) {
    before.remove_suffix(1);
  }
  if (!before.empty() && (before.back() == '=' || before.back() == ':')) {
    before.remove_suffix(1);
    while (!before.empty() && (before.back() == '"' || before.back() == '\''))
      before.remove_suffix(1);
    for (std::string_view key : {"level", "severity", "lvl", "loglevel"}) {
      if (before.size() >= key.size() &&
          equal_ignoring_case(before.substr(before.size() - key.size()), key)) {
        return true;
      }
    }
  }
  return begin == 0 && end < line.size() && line[end] == ':';
}

}  // namespace

LogLevel log_level_of(std::string_view line) {
  line = line.substr(0, 512);
  if (line.starts_with("Traceback (most recent call last)")) return LogLevel::error;
  for (std::size_t i = 0; i < line.size();) {
    if (!letter(line[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < line.size() && letter(line[end])) ++end;
    for (auto& word : words) {
      if (end - i == word.text.size() && equal_ignoring_case(line.substr(i, end - i), word.text) &&
          counts(line, i, end)) {
        return word.level;
      }
    }
    i = end;
  }
  return LogLevel::info;
}

}  // namespace berth::observe
