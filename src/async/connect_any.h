#pragma once

#include <memory>
#include <vector>

#include "async/clock.h"
#include "async/network.h"

namespace berth {

/// How long an attempt to connect is alone before the next address is tried beside it (RFC 8305
/// section 5: Connection Attempt Delay).
inline constexpr Duration connection_attempt_delay = 250ms;

/// Connects to one host that has several addresses: happy eyeballs (RFC 8305). The addresses are
/// tried in turn, IPv6 and IPv4 alternately beginning with the first one's family, each begun when
/// the one before has failed or after connection_attempt_delay; the first to connect wins and the
/// others are dropped. Without a limit of its own: with_timeout bounds it. The stream's
/// peer_address() says which it was. Errors: of a single address its own; otherwise, when all have
/// failed, the code of the first with what was wrong with each; invalid: there was no address.
Deferred<std::unique_ptr<ByteStream>> connect_any(Clock& clock, Network& network,
                                                  std::vector<Address> addresses);

}  // namespace berth
