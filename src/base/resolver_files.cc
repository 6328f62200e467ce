#include "base/resolver_files.h"

#include <algorithm>

#include "base/strings.h"

namespace berth {
namespace {

/// The words of a line, up to a comment.
std::vector<std::string_view> words(std::string_view line, std::string_view comment) {
  line = line.substr(0, line.find_first_of(comment));
  std::vector<std::string_view> all;
  for (;;) {
    std::size_t begin = line.find_first_not_of(" \t\r\v\f");
    if (begin == line.npos) return all;
    line.remove_prefix(begin);
    std::size_t end = std::min(line.find_first_of(" \t\r\v\f"), line.size());
    all.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

std::string_view without_dot(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

/// An IP address without a port. A scope ("fe80::1%eth0") is not understood.
Result<Address> ip(std::string_view text) {
  bool six = std::ranges::count(text, ':') > 1;
  return Address::parse(six ? "[" + std::string(text) + "]" : std::string(text));
}

bool is_ip(const Result<Address>& address) {
  return address.ok() && address->family() != Address::Family::unix_path && address->port() == 0;
}

void set_option(ResolverConfig& config, std::string_view option) {
  auto number = [&](std::string_view name, std::size_t least, std::size_t most, auto set) {
    if (!option.starts_with(name)) return;
    auto value = parse_integer<std::uint32_t>(option.substr(name.size()));
    if (value.ok()) set(std::clamp<std::size_t>(*value, least, most));
  };
  number("ndots:", 0, 15, [&](std::size_t value) { config.dots_min = value; });
  number("timeout:", 1, 30, [&](std::size_t value) {
    config.timeout = std::chrono::seconds(static_cast<std::int64_t>(value));
  });
  number("attempts:", 1, 5, [&](std::size_t value) { config.attempts = value; });
  if (option == "rotate") config.rotate = true;
}

}  // namespace

HostsFile parse_hosts_file(std::string_view text) {
  HostsFile hosts;
  for (std::string_view line : split(text, '\n')) {
    auto all = words(line, "#");
    if (all.size() < 2) continue;
    auto address = ip(all.front());
    if (!is_ip(address)) continue;
    for (std::size_t i = 1; i < all.size(); ++i) {
      auto& of = hosts[lower(without_dot(all[i]))];
      if (std::ranges::find(of, *address) == of.end()) of.push_back(*address);
    }
  }
  return hosts;
}

ResolverConfig parse_resolver_config(std::string_view text) {
  ResolverConfig config;
  for (std::string_view line : split(text, '\n')) {
    auto all = words(line, "#;");
    if (all.size() < 2) continue;
    if (all[0] == "nameserver") {
      auto address = ip(all[1]);
      if (is_ip(address) && config.servers.size() < ResolverConfig::servers_max)
        config.servers.push_back(address->with_port(53));
    } else if (all[0] == "search" || all[0] == "domain") {
      config.search.clear();  // the last line of both counts
      for (std::size_t i = 1; i < all.size() && i <= ResolverConfig::search_max; ++i) {
        if (auto domain = without_dot(all[i]); !domain.empty())
          config.search.push_back(lower(domain));
      }
    } else if (all[0] == "options") {
      for (std::size_t i = 1; i < all.size(); ++i) set_option(config, all[i]);
    }
  }
  if (config.servers.empty()) config.servers.push_back(Address::loopback(53));
  return config;
}

std::vector<std::string> search_names(const ResolverConfig& config, std::string_view name) {
  std::string plain = lower(without_dot(name));
  if (name.ends_with('.')) return {plain};
  std::vector<std::string> all;
  for (const std::string& domain : config.search) all.push_back(plain + "." + domain);
  bool first = static_cast<std::size_t>(std::ranges::count(plain, '.')) >= config.dots_min;
  all.insert(first ? all.begin() : all.end(), plain);
  return all;
}

}  // namespace berth
