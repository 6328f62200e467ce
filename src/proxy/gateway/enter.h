#pragma once

#include <memory>
#include <optional>

#include "async/clock.h"
#include "async/network.h"
#include "proxy/gateway/gateway.h"
#include "tls/context.h"

namespace berth::proxy::gateway {

inline constexpr Duration proxy_header_timeout = 3s;

/// What a connection of the public is, once it came in: behind the PROXY header where the entrance
/// asks for one, and within TLS where it is secured (`context` is given then). Errors: denied (a
/// peer that may not say who stands behind it), invalid (no PROXY header), timed_out, those of
/// tls::accept. The connection is closed then.
Deferred<std::unique_ptr<ByteStream>> enter(Clock& clock, std::shared_ptr<const Entrance> entrance,
                                            std::optional<tls::ServerContext> context,
                                            std::unique_ptr<ByteStream> stream);

}  // namespace berth::proxy::gateway
