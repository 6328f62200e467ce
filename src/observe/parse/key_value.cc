#include "observe/parse/key_value.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace berth::observe {
namespace {

char unescaped(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    default:
      return c;
  }
}

/// What stands in quotes at the front; false if they are not closed.
bool take_quoted(std::string_view& text, std::string& out) {
  char quote = text.front();
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == quote) {
      text.remove_prefix(i + 1);
      return true;
    }
    if (text[i] == '\\' && i + 1 < text.size()) {
      out += unescaped(text[++i]);
    } else {
      out += text[i];
    }
  }
  return false;
}

std::string_view take_until(std::string_view& text, std::string_view ends) {
  std::size_t size = std::min(text.find_first_of(ends), text.size());
  std::string_view out = text.substr(0, size);
  text.remove_prefix(size);
  return out;
}

}  // namespace

bool read_key_values(std::string_view line, const KeyValueForm& form, Record& record) {
  std::vector<JsonMember> pairs;
  bool any = false;
  std::string ends = form.between_pairs + form.in_pair;
  while (!line.empty()) {
    if (form.between_pairs.contains(line.front())) {
      line.remove_prefix(1);
      continue;
    }
    std::string_view key = take_until(line, ends);
    if (line.empty() || !form.in_pair.contains(line.front())) {
      if (form.bare_keys) pairs.push_back({std::string(key), true});
      continue;
    }
    line.remove_prefix(1);
    std::string value;
    if (line.starts_with('"') || line.starts_with('\'')) {
      if (!take_quoted(line, value)) return false;
    } else {
      value = take_until(line, form.between_pairs);
    }
    if (key.empty()) continue;
    pairs.push_back({std::string(key), std::move(value)});
    any = true;
  }
  if (!any) return false;
  for (auto& pair : pairs) record.set(pair.key, std::move(pair.value));
  return true;
}

}  // namespace berth::observe
