#include <fmt/format.h>
#include <re2/re2.h>

#include "observe/promql/vector_functions.h"

namespace berth::promql {
namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// What a capture's name or number stands for; empty if there is none of it.
std::string_view captured(std::string_view name, const re2::RE2& pattern,
                          const std::vector<re2::StringPiece>& groups) {
  std::size_t index = groups.size();
  if (!name.empty() && name.find_first_not_of("0123456789") == name.npos && name.size() < 6) {
    index = static_cast<std::size_t>(std::stoi(std::string(name)));
  } else if (auto found = pattern.NamedCapturingGroups().find(std::string(name));
             found != pattern.NamedCapturingGroups().end()) {
    index = static_cast<std::size_t>(found->second);
  }
  if (index >= groups.size()) return {};
  return {groups[index].data(), groups[index].size()};
}

/// Go's regexp.Expand: $1, ${1}, $name (the longest name that it can be), $$.
std::string expand(std::string_view form, const re2::RE2& pattern,
                   const std::vector<re2::StringPiece>& groups) {
  std::string out;
  while (!form.empty()) {
    std::size_t dollar = std::min(form.find('$'), form.size());
    out += form.substr(0, dollar);
    form.remove_prefix(dollar);
    if (form.size() < 2) {
      out += form;
      break;
    }
    if (form[1] == '$') {
      out += '$';
      form.remove_prefix(2);
      continue;
    }
    bool braces = form[1] == '{';
    std::size_t begin = braces ? 2 : 1, end = begin;
    while (end < form.size() && is_word(form[end])) ++end;
    bool good = end > begin && (!braces || (end < form.size() && form[end] == '}'));
    if (!good) {
      out += '$';
      form.remove_prefix(1);
      continue;
    }
    out += captured(form.substr(begin, end - begin), pattern, groups);
    form.remove_prefix(end + (braces ? 1 : 0));
  }
  return out;
}

}  // namespace

Result<Value> label_replace(std::vector<Value> arguments, const Steps& steps) {
  Value& of = arguments[0];
  const std::string& target = arguments[1].text;
  const std::string& form = arguments[2].text;
  const std::string& source = arguments[3].text;
  const std::string& text = arguments[4].text;
  auto pattern = compile_pattern(text);
  if (!pattern.ok()) {
    return Error(Code::invalid,
                 fmt::format("invalid regular expression in label_replace(): {}", text));
  }
  if (!is_label_name(target)) {
    return Error(Code::invalid,
                 fmt::format("invalid destination label name in label_replace(): {}", target));
  }
  const re2::RE2& re = **pattern;
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(re.NumberOfCapturingGroups()) + 1);
  ColumnSet out(steps.count);
  for (auto& column : of.columns) {
    std::string value(column.labels.value(source));
    bool found = re.Match(value, 0, value.size(), re2::RE2::ANCHOR_BOTH, groups.data(),
                          static_cast<int>(groups.size()));
    if (found) {
      column.labels = column.labels.with(target, expand(form, re, groups));
    }
    out.add(column.labels, column.values);
  }
  of.columns = TRY(out.take());
  return std::move(of);
}

Result<Value> label_join(std::vector<Value> arguments, const Steps& steps) {
  const std::string& target = arguments[1].text;
  const std::string& separator = arguments[2].text;
  for (std::size_t i = 3; i < arguments.size(); ++i) {
    if (!is_label_name(arguments[i].text)) {
      return Error(Code::invalid,
                   fmt::format("invalid source label name in label_join(): {}", arguments[i].text));
    }
  }
  if (!is_label_name(target)) {
    return Error(Code::invalid,
                 fmt::format("invalid destination label name in label_join(): {}", target));
  }
  ColumnSet out(steps.count);
  for (auto& column : arguments[0].columns) {
    std::string joined;
    for (std::size_t i = 3; i < arguments.size(); ++i) {
      if (i > 3) joined += separator;
      joined += column.labels.value(arguments[i].text);
    }
    out.add(column.labels.with(target, joined), column.values);
  }
  arguments[0].columns = TRY(out.take());
  return std::move(arguments[0]);
}

}  // namespace berth::promql
