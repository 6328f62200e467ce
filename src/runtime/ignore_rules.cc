#include "runtime/ignore_rules.h"

#include <span>

#include "base/strings.h"

namespace berth::runtime {
namespace {

/// Of "[a-z]..." behind the bracket: whether `c` is in it, and where it ends; npos: not closed.
std::pair<bool, std::size_t> match_class(std::string_view pattern, char c) {
  std::size_t at = 1;
  bool negated = at < pattern.size() && (pattern[at] == '^' || pattern[at] == '!');
  if (negated) ++at;
  bool found = false;
  for (bool first = true; at < pattern.size() && (first || pattern[at] != ']'); first = false) {
    char low = pattern[at];
    char high = low;
    if (at + 2 < pattern.size() && pattern[at + 1] == '-' && pattern[at + 2] != ']') {
      high = pattern[at + 2];
      at += 2;
    }
    found = found || (low <= c && c <= high);
    ++at;
  }
  if (at >= pattern.size()) return {false, std::string_view::npos};
  return {found != negated, at + 1};
}

/// One name against one segment; iterative, so that no pattern takes more than their product.
bool match_name(std::string_view pattern, std::string_view name) {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;  // where to go back to, and with how much taken
  std::size_t taken = 0;
  while (n < name.size()) {
    std::size_t next = 0;  // of the pattern, if this character fits
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = n;
      continue;
    }
    if (p < pattern.size() && pattern[p] == '[') {
      auto [fits, length] = match_class(pattern.substr(p), name[n]);
      if (fits) next = p + length;
    } else if (p + 1 < pattern.size() && pattern[p] == '\\') {
      if (pattern[p + 1] == name[n]) next = p + 2;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      next = p + 1;
    }
    if (next > 0) {
      p = next;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

/// True if the pattern holds for the path or for a folder that it is in.
bool match_path(std::span<const std::string> pattern, std::span<const std::string_view> path) {
  if (pattern.empty()) return true;
  if (pattern[0] == "**") {
    for (std::size_t skip = 0; skip <= path.size(); ++skip) {
      if (pattern.size() == 1 ? skip < path.size()
                              : match_path(pattern.subspan(1), path.subspan(skip))) {
        return true;
      }
    }
    return false;
  }
  return !path.empty() && match_name(pattern[0], path[0]) &&
         match_path(pattern.subspan(1), path.subspan(1));
}

}  // namespace

IgnoreRules IgnoreRules::parse(std::string_view text) {
  IgnoreRules rules;
  for (auto line : split(text, '\n')) {
    line = trim(line);
    if (line.empty() || line.starts_with('#')) continue;
    Rule rule;
    rule.exception = line.starts_with('!');
    if (rule.exception) line = trim(line.substr(1));
    for (auto segment : split(line, '/')) {
      if (segment.empty() || segment == ".") continue;
      bool again = segment == "**" && !rule.segments.empty() && rule.segments.back() == "**";
      if (!again) rule.segments.emplace_back(segment);
    }
    if (rule.segments.empty()) continue;
    rules.has_exceptions_ = rules.has_exceptions_ || rule.exception;
    rules.rules_.push_back(std::move(rule));
  }
  return rules;
}

bool IgnoreRules::ignored(std::string_view path) const {
  auto segments = split(path, '/');
  bool ignored = false;
  for (auto& rule : rules_) {
    if (ignored == !rule.exception) continue;  // it could not change anything
    if (match_path(rule.segments, segments)) ignored = !rule.exception;
  }
  return ignored;
}

}  // namespace berth::runtime
