#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/dns_client.h"
#include "async/resolver.h"
#include "async/scope.h"
#include "async/sync.h"
#include "async/wait_list.h"

namespace berth {

class Disk;

struct DnsResolverOptions {
  std::string hosts_path = "/etc/hosts";
  std::string config_path = "/etc/resolv.conf";
  Duration files_age_max = 5s;  // then they are read again
  std::size_t file_bytes_max = 1 << 20;
  std::size_t names_max = 4096;        // in the cache; beyond, old ones go
  std::size_t lookups_max = 256;       // under way; beyond, a new name is refused: overloaded
  Duration ttl_max = 1h;               // whatever a server says
  Duration negative_ttl_max = 60s;     // of "there is no such name" (RFC 2308)
  Duration half_ttl_max = 5s;          // where only one family answered in time
  Duration second_family_wait = 50ms;  // for IPv6 once IPv4 is there (RFC 8305 section 3)
};

/// Names as libc resolves them, on the reactor: IP addresses, localhost (RFC 6761), the hosts file,
/// then DNS with the search list, A and AAAA side by side. What servers answer is kept for its time
/// to live; those who ask for a name that is being asked for share the answer. IPv6 and IPv4
/// addresses alternate (RFC 8305 section 4). The files are read when they are needed: a missing one
/// is an empty one. Owned by one reactor; references outlive it. Destroying it answers `closed`.
class DnsResolver final : public Resolver {
 public:
  DnsResolver(Clock& clock, Network& network, Disk& disk, Random& random,
              DnsResolverOptions options = {});
  ~DnsResolver();

  Deferred<std::vector<Address>> resolve(std::string host, std::uint16_t port) override;

 private:
  struct Found {
    std::vector<Address> addresses;
    std::optional<Error> error;  // instead of them
    Duration ttl{};
  };
  struct Kept {
    Found found;
    MonotonicTime until{};
  };
  struct Lookup {
    WaitList<std::vector<Address>> waiting;
  };

  Deferred<void> read_files();
  Deferred<std::vector<Address>> look_up(std::string host);
  Deferred<void> run_lookup(std::string host);
  Deferred<Found> search(std::string host);
  /// The addresses of one name, without search.
  Deferred<Found> ask(std::string name);
  void keep(const std::string& host, Found found);

  Clock& clock_;
  Disk& disk_;
  DnsClient client_;
  DnsResolverOptions options_;
  HostsFile hosts_;
  ResolverConfig config_;
  std::string config_text_;
  std::optional<MonotonicTime> files_read_;
  Lock reading_;
  std::map<std::string, Kept, std::less<>> cache_;
  std::map<std::string, Lookup, std::less<>> lookups_;
  Scope scope_;  // last: what it runs uses everything above
};

}  // namespace berth
