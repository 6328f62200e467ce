#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/time.h"

namespace berth {

/// /etc/hosts (hosts(5)): the addresses of each name, in the order of the file, port 0. Names are
/// in small letters without a dot at their end. Lines that cannot be read are skipped, as libc
/// does.
using HostsFile = std::map<std::string, std::vector<Address>, std::less<>>;
HostsFile parse_hosts_file(std::string_view text);

/// /etc/resolv.conf (resolv.conf(5)), with its limits: 3 servers, 6 search domains.
struct ResolverConfig {
  static constexpr std::size_t servers_max = 3;
  static constexpr std::size_t search_max = 6;

  std::vector<Address> servers;     // at least one: 127.0.0.1:53 where none is named
  std::vector<std::string> search;  // without dots at their ends
  std::size_t dots_min = 1;         // a name with as many dots is asked for as it is first
  Duration timeout = 5s;            // of one question to one server
  std::size_t attempts = 2;         // rounds over all servers
  bool rotate = false;              // begin each time with another server
};

/// Never fails: what it does not know it skips, and values beyond libc's limits (ndots 15, timeout
/// 30 s, 5 attempts) are cut to them.
ResolverConfig parse_resolver_config(std::string_view text);

/// What a name is asked for as, in turn: itself and with each search domain, in the order that
/// its dots decide; a name that ends with a dot only as it is. Without dots at the end.
std::vector<std::string> search_names(const ResolverConfig& config, std::string_view name);

}  // namespace berth
