#pragma once

#include <memory>

#include "async/network.h"
#include "async/world.h"
#include "base/endpoint.h"
#include "tls/context.h"

namespace berth::tls {

/// Connects to an endpoint; to a "tls:" one with TLS, for its host. Errors: those of
/// berth::connect and tls::connect.
Deferred<std::unique_ptr<ByteStream>> connect(World& world, ClientContext context,
                                              Endpoint endpoint);

/// Listens on an endpoint; on a "tls:" one with TLS. Errors: those of Network::listen.
Result<std::unique_ptr<berth::Listener>> listen(World& world, ServerContext context,
                                                const Endpoint& endpoint);

}  // namespace berth::tls
