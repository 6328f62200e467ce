#pragma once

#include <string>
#include <vector>

#include "async/clock.h"
#include "proxy/acme/challenges.h"
#include "proxy/acme/conversation.h"

namespace berth::proxy::acme {

inline constexpr Duration order_timeout = 10min;  // from the order to the certificate
inline constexpr Duration poll_first = 1s;        // where the directory does not say it
inline constexpr Duration poll_most = 30s;

/// One order from its beginning to the certificate (RFC 8555 section 7.4): each name is validated
/// by HTTP-01, whose answers stand in `challenges` meanwhile. Resolves with the new key and the
/// chain, leaf first, as one text. Errors: those of Conversation; denied (a name was not validated:
/// why the directory says), timed_out.
Deferred<std::string> order_certificate(Clock& clock, Conversation& conversation,
                                        Challenges& challenges, std::vector<std::string> names);

}  // namespace berth::proxy::acme
