#include "observe/parse/pattern_set.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"
#include "observe/parse/core_patterns.h"

namespace berth::observe {
namespace {

bool word_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Of "legacy|ecs" the one that is asked for.
std::string_view chosen(std::string_view both, FieldNames names) {
  auto sides = split_once(both, '|');
  if (!sides) return both;
  return names == FieldNames::legacy ? sides->first : sides->second;
}

/// The definition with one field's name in each place where there are two.
std::string with_names(std::string_view text, FieldNames names) {
  std::string out;
  while (!text.empty()) {
    bool reference = text.starts_with("%{");
    bool named =
        text.starts_with("(?<") && text.size() > 3 && (word_letter(text[3]) || text[3] == '|');
    std::size_t end = reference ? text.find('}') : named ? text.find('>') : text.npos;
    if (end == text.npos) {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    std::string_view inner = text.substr(reference ? 2 : 3, end - (reference ? 2 : 3));
    auto parts = split_once(inner, ':');
    if (named) {
      std::string_view name = chosen(inner, names);
      out += name.empty() ? "(?:" : fmt::format("(?<{}>", name);
    } else if (parts && !chosen(parts->second, names).empty()) {
      out += fmt::format("%{{{}:{}}}", parts->first, chosen(parts->second, names));
    } else {
      out += fmt::format("%{{{}}}", parts ? parts->first : inner);
    }
    text.remove_prefix(end + 1);
  }
  return out;
}

PatternSet made(void (*fill)(PatternSet&)) {
  PatternSet set;
  fill(set);
  return set;
}

}  // namespace

const PatternSet& PatternSet::core(FieldNames names) {
  static const PatternSet legacy = made([](PatternSet& set) {
    for (auto text : core_pattern_texts()) set.add_core(text, FieldNames::legacy);
  });
  static const PatternSet ecs = made([](PatternSet& set) {
    for (auto text : core_pattern_texts()) set.add_core(text, FieldNames::ecs);
  });
  return names == FieldNames::legacy ? legacy : ecs;
}

void PatternSet::add_core(std::string_view text, FieldNames names) {
  for (std::string_view line : split(text, '\n')) {
    if (line.empty() || line.starts_with('#')) continue;
    auto parts = split_once(line, ' ');
    check(parts.has_value(), "a core pattern has no definition");
    if (parts->first == "legacy" || parts->first == "ecs") {
      if ((parts->first == "legacy") != (names == FieldNames::legacy)) continue;
      parts = split_once(parts->second, ' ');
      check(parts.has_value(), "a core pattern has no definition");
    }
    check(add(parts->first, with_names(parts->second, names)).ok(), "a core pattern is refused");
  }
}

Result<void> PatternSet::add(std::string_view name, std::string_view definition) {
  if (name.empty() || !std::ranges::all_of(name, word_letter)) {
    return Error(Code::invalid,
                 fmt::format("a pattern's name has letters, digits and '_'; '{}' is none", name));
  }
  if (definition.size() > definition_bytes_max || definitions_.size() >= patterns_max) {
    return Error(Code::invalid, fmt::format("pattern '{}': at most {} patterns of {} bytes each",
                                            name, patterns_max, definition_bytes_max));
  }
  definitions_[std::string(name)] = definition;
  return {};
}

const std::string* PatternSet::find(std::string_view name) const {
  auto found = definitions_.find(name);
  return found == definitions_.end() ? nullptr : &found->second;
}

std::vector<std::string_view> PatternSet::names() const {
  std::vector<std::string_view> out;
  for (auto& each : definitions_) out.push_back(each.first);
  return out;
}

}  // namespace berth::observe
