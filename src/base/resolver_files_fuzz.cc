#include <cstdint>

#include "base/check.h"
#include "base/resolver_files.h"

// Whatever a file says, what is read of it keeps the limits.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& [name, addresses] : parse_hosts_file(text))
    check(!addresses.empty(), "a name without an address");
  ResolverConfig config = parse_resolver_config(text);
  check(!config.servers.empty() && config.servers.size() <= ResolverConfig::servers_max,
        "servers beyond the limit");
  check(config.search.size() <= ResolverConfig::search_max, "domains beyond the limit");
  check(config.attempts >= 1 && config.timeout >= 1s, "a question that is never asked");
  return 0;
}
