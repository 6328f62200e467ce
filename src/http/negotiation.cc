#include "http/negotiation.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"

namespace berth::http {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  auto parsed = parse_integer<std::uint64_t>(text);
  if (!parsed.ok()) return std::nullopt;
  return *parsed;
}

}  // namespace

bool accepts_coding(const Headers& headers, std::string_view coding) {
  for (auto& [name, value] : headers) {
    if (!equal_ignoring_case(name, "accept-encoding")) continue;
    for (auto element : split(value, ',')) {
      auto parts = split(element, ';');
      if (!equal_ignoring_case(trim(parts.front()), coding)) continue;
      return std::ranges::none_of(parts, [](std::string_view part) {
        auto weight = trim(part);
        bool is_weight = weight.starts_with("q=") || weight.starts_with("Q=");
        return is_weight && weight.find_first_not_of("0.", 2) == weight.npos;
      });
    }
  }
  return false;
}

bool lists_etag(const Headers& headers, std::string_view name, std::string_view etag, bool strong) {
  for (auto& field : headers) {
    if (!equal_ignoring_case(field.name, name)) continue;
    for (auto element : split(field.value, ',')) {
      auto known = trim(element);
      if (!strong && known.starts_with("W/")) known.remove_prefix(2);
      if (known == etag || known == "*") return true;
    }
  }
  return false;
}

RangeChoice choose_range(std::string_view field, std::uint64_t size) {
  using Kind = RangeChoice::Kind;
  auto unit = split_once(field, '=');
  if (!unit || !equal_ignoring_case(trim(unit->first), "bytes")) return {};
  auto ends = split_once(trim(unit->second), '-');
  if (!ends) return {};
  auto [from, to] = *ends;
  auto first = number(from);
  auto last = number(to);
  if ((!from.empty() && !first) || (!to.empty() && !last) || (!first && !last)) return {};
  if (!first) {  // the last bytes
    std::uint64_t length = std::min(*last, size);
    if (length == 0) return {Kind::unsatisfiable};
    return {Kind::part, size - length, length};
  }
  if (last && *last < *first) return {};
  if (*first >= size) return {Kind::unsatisfiable};
  std::uint64_t end = last ? std::min(*last, size - 1) : size - 1;
  return {Kind::part, *first, end - *first + 1};
}

}  // namespace berth::http
