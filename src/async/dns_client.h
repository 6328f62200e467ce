#pragma once

#include "async/clock.h"
#include "async/network.h"
#include "async/random.h"
#include "base/dns_message.h"
#include "base/resolver_files.h"

namespace berth {

/// Asks DNS servers, RFC 1035 section 4.2 and 7: over UDP from a new port each time (RFC 5452), and
/// again over TCP where the answer was cut. Does not recurse: that is the servers' work. A plain
/// value of references that outlive it; each question belongs to whoever awaits it.
class DnsClient {
 public:
  DnsClient(Clock& clock, Network& network, Random& random)
      : clock_(clock), network_(network), random_(random) {}

  /// The first answer that says whether the name is there (no_error or name_error): each server is
  /// asked in turn, for `attempts` rounds. Errors: timed_out if none answered in time, unavailable
  /// if they said something else; the message names the last server and what it said.
  Deferred<DnsMessage> ask(ResolverConfig config, DnsQuestion question);

 private:
  Deferred<DnsMessage> ask_server(Address server, DnsMessage query);
  Deferred<DnsMessage> ask_by_udp(Address server, DnsMessage query);
  Deferred<DnsMessage> ask_by_tcp(Address server, DnsMessage query);

  Clock& clock_;
  Network& network_;
  Random& random_;
};

}  // namespace berth
