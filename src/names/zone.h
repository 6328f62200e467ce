#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "async/random.h"
#include "base/dns_message.h"
#include "base/time.h"
#include "catalog/model.h"

namespace berth::names {

/// Names and addresses of one catalog snapshot as a DNS zone. A plain value over a shared snapshot;
/// does no I/O. With the zone `berth`:
///
///     users.berth              A or AAAA: the service's VIP
///     1.users.berth            A or AAAA: the address of the instance users/1, in any health
///     users.berth              SRV: port and name of each healthy instance, in random order, with
///     _http._tcp.users.berth        their addresses as additional records
///     berth                    SOA; its serial is the snapshot's revision
///
/// That a name or record is not there is never cached (the SOA's minimum is 0), so that a new
/// service is found at once.
class Zone {
 public:
  /// `ttl` is rounded down to seconds.
  Zone(DnsName name, std::shared_ptr<const catalog::Snapshot> snapshot, Duration ttl);

  const DnsName& name() const { return name_; }
  /// The answer to a query, RFC 1035 with RFC 2308 (negative answers), 2782 (SRV), 6891 (EDNS).
  /// Refused: other zones (nothing is forwarded), other classes, zone transfers.
  DnsMessage answer(const DnsMessage& query, Random& random) const;

 private:
  void look_up(const DnsQuestion& question, Random& random, DnsMessage& out) const;
  void add_service(const DnsQuestion& question, const catalog::Service& service, Random& random,
                   DnsMessage& out) const;
  void add_instances(const DnsQuestion& question, const catalog::Service& service, Random& random,
                     DnsMessage& out) const;
  void add_address(const DnsQuestion& question, const Address& address,
                   std::vector<DnsRecord>& to) const;
  DnsRecord start_of_authority() const;

  DnsName name_;
  std::shared_ptr<const catalog::Snapshot> snapshot_;
  std::uint32_t ttl_seconds_;
};

}  // namespace berth::names
