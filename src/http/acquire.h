#pragma once

#include "http/client_pool.h"
#include "http/progress.h"

namespace berth::http::detail {

/// A way for one request that no idle connection takes: a new connection, a place on the shared one
/// of HTTP/2, or what became free meanwhile. The first connection of a route tells which version
/// its origin speaks; until then, and while a shared one is opened, others wait for it. All outlive
/// it. Errors: those of dial; overloaded (too many wait); unsupported (no HTTP/2 where it must be).
Deferred<Carrier> acquire(ClientPool& pool, const Route& route, Progress& progress);

}  // namespace berth::http::detail
