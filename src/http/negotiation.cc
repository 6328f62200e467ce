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

/// The weight among the parameters of an element (section 12.4.2), in thousandths.
int weight_of(std::span<const std::string_view> parameters) {
  for (auto parameter : parameters) {
    auto weight = trim(parameter);
    if (!weight.starts_with("q=") && !weight.starts_with("Q=")) continue;
    weight.remove_prefix(2);
    if (weight.empty() || weight.size() > 5 || (weight[0] != '0' && weight[0] != '1')) return 1000;
    int thousandths = (weight[0] - '0') * 1000;
    if (weight.size() > 1 && weight[1] != '.') return 1000;
    int place = 100;
    for (char digit : weight.substr(std::min<std::size_t>(2, weight.size()))) {
      if (digit < '0' || digit > '9') return 1000;
      thousandths += (digit - '0') * place;
      place /= 10;
    }
    return std::min(thousandths, 1000);
  }
  return 1000;
}

/// What Accept-Encoding says of `coding` by its name, else by "*".
std::optional<int> weight_of_coding(const Headers& headers, std::string_view coding) {
  std::optional<int> of_any;
  for (auto& [name, value] : headers) {
    if (!equal_ignoring_case(name, "accept-encoding")) continue;
    for (auto element : split(value, ',')) {
      auto parts = split(element, ';');
      auto named = trim(parts.front());
      auto parameters = std::span<const std::string_view>(parts).subspan(1);
      if (equal_ignoring_case(named, coding)) return weight_of(parameters);
      if (named == "*") of_any = weight_of(parameters);
    }
  }
  return of_any;
}

}  // namespace

std::string_view choose_coding(const Headers& headers, std::span<const std::string_view> offered) {
  std::string_view best;
  // Who says nothing of identity takes it, but likes what it names better.
  int best_weight = 0;
  for (auto coding : offered) {
    int weight = weight_of_coding(headers, coding).value_or(0);
    if (weight > best_weight) {
      best = coding;
      best_weight = weight;
    }
  }
  bool of_identity = false;
  for (auto& [name, value] : headers) {
    of_identity = of_identity || (equal_ignoring_case(name, "accept-encoding") &&
                                  lower(value).contains("identity"));
  }
  if (of_identity && weight_of_coding(headers, "identity").value_or(0) > best_weight) return {};
  return best;
}

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
