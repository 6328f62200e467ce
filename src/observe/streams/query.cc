#include "observe/streams/query.h"

#include <re2/re2.h>

#include <charconv>

namespace berth::observe::streams {
namespace {

/// A number, or the number that an attribute's text is.
std::optional<double> number_of(const Value& value, bool attribute) {
  if (auto* number = std::get_if<double>(&value)) return *number;
  auto* text = std::get_if<std::string_view>(&value);
  if (!text || !attribute) return std::nullopt;
  double out = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), out);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return out;
}

}  // namespace

bool like(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0;
  std::size_t star = pattern.npos, star_text = 0;  // where the last % began to match
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      star = ++p;
      star_text = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p, ++t;
    } else if (star != pattern.npos) {
      p = star;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

bool Query::equals(const Node& node, const Event& event) {
  if (node.a.boolean || node.b.boolean) return node.a.boolean == node.b.boolean;
  Value a = node.a.get(event), b = node.b.get(event);
  if (equal(a, b)) return true;
  auto is_attribute = [](const Operand& side) {
    return side.field && side.field->kind() == Field::Kind::attribute;
  };
  bool a_attribute = is_attribute(node.a), b_attribute = is_attribute(node.b);
  if (a_attribute == b_attribute) return false;
  auto first = number_of(a, a_attribute), second = number_of(b, b_attribute);
  return first && second && *first == *second;
}

bool Query::compares(const Node& node, const Event& event) {
  bool attribute = node.a.field && node.a.field->kind() == Field::Kind::attribute;
  auto number = number_of(node.a.get(event), attribute);
  if (!number) return false;
  switch (node.kind) {
    case Kind::less:
      return *number < node.number;
    case Kind::greater:
      return *number > node.number;
    case Kind::less_equal:
      return *number <= node.number;
    default:
      return *number >= node.number;
  }
}

bool Query::holds(std::uint32_t at, const Event& event) const {
  const Node& node = nodes_[at];
  switch (node.kind) {
    case Kind::always:
      return true;
    case Kind::never:
      return false;
    case Kind::present:
      return !is_nothing(node.a.get(event));
    case Kind::both:
      return holds(node.left, event) && holds(node.right, event);
    case Kind::either:
      return holds(node.left, event) || holds(node.right, event);
    case Kind::negated:
      return !holds(node.left, event);
    case Kind::equal:
      return equals(node, event);
    case Kind::unequal:
      return !equals(node, event);
    case Kind::tagged:
      return has_tag(event, node.text);
    case Kind::like: {
      Value value = node.a.get(event);
      auto* text = std::get_if<std::string_view>(&value);
      return text && like(node.text, *text);
    }
    case Kind::found: {
      Value value = node.a.get(event);
      auto* text = std::get_if<std::string_view>(&value);
      return text && re2::RE2::PartialMatch({text->data(), text->size()}, *node.expression);
    }
    default:
      return compares(node, event);
  }
}

std::optional<std::pair<std::string_view, std::string_view>> Query::host_and_service() const {
  const Node& root = nodes_[root_];
  if (root.kind != Kind::both) return std::nullopt;
  std::optional<std::string_view> host, service;
  for (std::uint32_t side : {root.left, root.right}) {
    const Node& node = nodes_[side];
    if (node.kind != Kind::equal || !node.a.field) return std::nullopt;
    auto* text = std::get_if<std::string>(&node.b.literal);
    if (!text || node.b.field) return std::nullopt;
    if (node.a.field->kind() == Field::Kind::host) host = *text;
    if (node.a.field->kind() == Field::Kind::service) service = *text;
  }
  if (!host || !service) return std::nullopt;
  return std::pair(*host, *service);
}

}  // namespace berth::observe::streams
