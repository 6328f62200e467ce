#include "observe/logs/log_query.h"

#include <algorithm>

#include "base/strings.h"
#include "observe/parse/json_line.h"
#include "observe/parse/key_value.h"

namespace berth::observe {
namespace {

/// `pattern` is small; * stands for any run of bytes.
bool fits(std::string_view pattern, std::string_view text) {
  std::size_t star = std::string_view::npos;
  std::size_t back = 0;
  std::size_t p = 0;
  std::size_t t = 0;
  auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      back = t;
    } else if (p < pattern.size() && pattern[p] == small(text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++back;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

/// Words are numbered, and what stands in every matching line is found.
void LogQuery::settle() {
  for (Node& node : nodes_) {
    if (node.kind != Kind::text && node.kind != Kind::field) continue;
    needs_texts_ = true;
    node.match.note_words(words_);
    auto kind = node.match.kind();
    needs_grams_ = needs_grams_ || kind == TextMatch::Kind::regex ||
                   kind == TextMatch::Kind::words || kind == TextMatch::Kind::same;
  }
  required_ = required_of(root_);
}

std::string_view LogQuery::required_of(std::uint32_t at) const {
  const Node& node = nodes_[at];
  if (node.kind == Kind::text) return node.match.must_stand();
  if (node.kind != Kind::both) return {};
  std::string_view left = required_of(node.left);
  std::string_view right = required_of(node.right);
  return left.size() >= right.size() ? left : right;
}

bool LogQuery::matches(const LineBatch& batch, std::size_t line, std::string_view lower) const {
  return matches(nodes_[root_], batch, line, lower);
}

bool LogQuery::matches(const Node& node, const LineBatch& batch, std::size_t line,
                       std::string_view lower) const {
  switch (node.kind) {
    case Kind::all:
      return true;
    case Kind::both:
      return matches(nodes_[node.left], batch, line, lower) &&
             matches(nodes_[node.right], batch, line, lower);
    case Kind::either:
      return matches(nodes_[node.left], batch, line, lower) ||
             matches(nodes_[node.right], batch, line, lower);
    case Kind::negated:
      return !matches(nodes_[node.left], batch, line, lower);
    case Kind::text:
      return node.match.holds(batch.text(line), lower);
    case Kind::level:
      return (node.levels >> static_cast<unsigned>(batch.level(line)) & 1) != 0;
    case Kind::field:
      return field_matches(node, batch, line, lower);
    case Kind::source:
      break;
  }
  auto& source = batch.source(line);
  if (node.of == Of::host) return fits(node.pattern, source.host);
  return fits(node.pattern, node.of == Of::service ? source.service : source.instance);
}

/// Fields that came with the line go before those that stand in its text as JSON or logfmt. What is
/// looked for must stand in the text as it is written there, so that most texts need not be read.
bool LogQuery::field_matches(const Node& node, const LineBatch& batch, std::size_t line,
                             std::string_view lower) const {
  std::string small;
  bool given = false;
  for (auto& [name, value] : batch.fields(line)) {
    if (name != node.name) continue;
    given = true;
    lower_into(value, small);
    if (node.match.holds(value, small)) return true;
  }
  if (given || !node.match.stands_in(lower)) return false;
  std::string_view text = trim(batch.text(line));
  Record record;
  bool read = text.starts_with('{')
                  ? read_json_line(text, record)
                  : text.find('=') != text.npos && read_key_values(text, KeyValueForm(), record);
  if (!read || !record.find(node.name)) return false;
  std::string value = record.text_of(node.name);
  lower_into(value, small);
  return node.match.holds(value, small);
}

bool LogQuery::may_match(std::span<const LogSource> sources,
                         std::span<const std::uint64_t, 4> levels, const BlockFacts& facts) const {
  return may_match(nodes_[root_], sources, levels, facts);
}

bool LogQuery::may_match(const Node& node, std::span<const LogSource> sources,
                         std::span<const std::uint64_t, 4> levels, const BlockFacts& facts) const {
  switch (node.kind) {
    case Kind::all:
    case Kind::negated:
      return true;
    case Kind::both:
      return may_match(nodes_[node.left], sources, levels, facts) &&
             may_match(nodes_[node.right], sources, levels, facts);
    case Kind::either:
      return may_match(nodes_[node.left], sources, levels, facts) ||
             may_match(nodes_[node.right], sources, levels, facts);
    case Kind::level:
      for (std::size_t i = 0; i < 4; ++i) {
        if ((node.levels >> i & 1) != 0 && levels[i] > 0) return true;
      }
      return false;
    case Kind::source:
      return std::ranges::any_of(sources, [&](const LogSource& source) {
        if (node.of == Of::host) return fits(node.pattern, source.host);
        return fits(node.pattern, node.of == Of::service ? source.service : source.instance);
      });
    case Kind::text:
      return node.match.may_hold(facts);
    case Kind::field:
      break;
  }
  // Of a value in a text only what must stand there as it is tells something.
  return node.match.kind() == TextMatch::Kind::regex || node.match.may_hold(facts);
}

}  // namespace berth::observe
