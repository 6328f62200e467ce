#include "proxy/facts.h"

#include <algorithm>

#include "base/hash.h"
#include "base/strings.h"

namespace berth::proxy {
namespace {

void shorten(std::optional<Duration>& left, Duration by) { left = left ? std::min(*left, by) : by; }

/// The u of "u=1, i" (RFC 8941 dictionary); what else stands there does not count.
std::optional<std::uint8_t> urgency_of(std::string_view priority) {
  while (!priority.empty()) {
    std::size_t comma = std::min(priority.find(','), priority.size());
    std::string_view member = trim(priority.substr(0, comma));
    if (member.size() == 3 && member.starts_with("u=") && member[2] >= '0' && member[2] <= '7')
      return static_cast<std::uint8_t>(member[2] - '0');
    priority.remove_prefix(std::min(comma + 1, priority.size()));
  }
  return std::nullopt;
}

}  // namespace

RequestFacts read_facts(const http::Headers& headers) {
  RequestFacts facts;
  for (auto& header : headers) {
    switch (header.name.size()) {
      case 8:
        if (!equal_ignoring_case(header.name, "priority")) break;
        facts.urgency = urgency_of(header.value).value_or(facts.urgency);
        break;
      case 12:
        if (!equal_ignoring_case(header.name, "grpc-timeout")) break;
        facts.grpc_timeout = true;
        if (auto left = parse_grpc_timeout(header.value)) shorten(facts.time_left, *left);
        break;
      case 15:
        if (!equal_ignoring_case(header.name, "x-berth-attempt")) break;
        if (auto number = parse_integer<std::uint32_t>(header.value); number.ok())
          facts.attempt = std::min(*number, 1000u);
        break;
      case 16: {
        if (!equal_ignoring_case(header.name, "x-berth-deadline")) break;
        constexpr std::int64_t day_ms = 86'400'000;
        auto ms = parse_integer<std::int64_t>(header.value, 0, day_ms);
        if (ms.ok()) shorten(facts.time_left, Duration(*ms * 1'000'000));
        break;
      }
      default:
        break;
    }
  }
  return facts;
}

bool is_own_field(std::string_view name) {
  switch (name.size()) {
    case 12:
      return equal_ignoring_case(name, "grpc-timeout");
    case 15:
      return equal_ignoring_case(name, "x-berth-attempt");
    case 16:
      return equal_ignoring_case(name, "x-berth-deadline");
    default:
      return false;
  }
}

namespace {
struct GrpcUnit {
  char letter;
  std::int64_t nanoseconds;
};
constexpr GrpcUnit grpc_units[] = {{'n', 1},
                                   {'u', 1'000},
                                   {'m', 1'000'000},
                                   {'S', 1'000'000'000},
                                   {'M', 60'000'000'000},
                                   {'H', 3'600'000'000'000}};
constexpr std::int64_t grpc_number_max = 99'999'999;
}  // namespace

std::optional<Duration> parse_grpc_timeout(std::string_view text) {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  auto number = parse_integer<std::int64_t>(text.substr(0, text.size() - 1), 0, grpc_number_max);
  if (!number.ok()) return std::nullopt;
  for (auto& unit : grpc_units) {
    if (unit.letter != text.back()) continue;
    constexpr std::int64_t most = 9'000'000'000'000'000'000;
    if (*number > most / unit.nanoseconds) return Duration(most);
    return Duration(*number * unit.nanoseconds);
  }
  return std::nullopt;
}

void append_grpc_timeout(std::string& out, Duration left) {
  std::int64_t ns = std::max<std::int64_t>(left.count(), 0);
  for (auto& unit : grpc_units) {
    if (ns / unit.nanoseconds > grpc_number_max) continue;
    out.append(std::to_string(ns / unit.nanoseconds)).push_back(unit.letter);
    return;
  }
  out.append("99999999H");
}

std::optional<std::string_view> cookie_value(const http::Headers& headers, std::string_view name) {
  for (auto& header : headers) {
    if (header.name.size() != 6 || !equal_ignoring_case(header.name, "cookie")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      std::size_t end = std::min(rest.find(';'), rest.size());
      std::string_view pair = trim(rest.substr(0, end));
      if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
        return pair.substr(name.size() + 1);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return std::nullopt;
}

RequestKey::RequestKey(std::string_view text) {
  if (text == "caller") kind_ = Kind::caller;
  if (text == "path") kind_ = Kind::path;
  if (text.starts_with("header:")) kind_ = Kind::header, name_ = text.substr(7);
  if (text.starts_with("cookie:")) kind_ = Kind::cookie, name_ = text.substr(7);
}

std::optional<std::uint64_t> RequestKey::of(const http::RequestHead& request,
                                            std::string_view client_ip,
                                            std::string_view caller) const {
  switch (kind_) {
    case Kind::source:
      return hash64(client_ip);
    case Kind::caller:
      return hash64(caller);
    case Kind::path:
      return hash64(request.path());
    case Kind::header: {
      auto* found = request.headers.find(name_);
      if (!found) return std::nullopt;
      return hash64(found->value);
    }
    case Kind::cookie: {
      auto found = cookie_value(request.headers, name_);
      if (!found) return std::nullopt;
      return hash64(*found);
    }
  }
  return std::nullopt;
}

}  // namespace berth::proxy
