#pragma once

#include <memory>

#include "async/network.h"
#include "async/world.h"
#include "base/endpoint.h"

namespace berth {

/// Connects to an endpoint, by address, or by name through the world's resolver to whichever of its
/// addresses answers first (async/connect_any.h). Errors: those of both; unsupported for a name
/// where the world has no resolver, and for "tls:" (tls/endpoint.h knows it).
Deferred<std::unique_ptr<ByteStream>> connect(World& world, Endpoint endpoint);

}  // namespace berth
