#pragma once

#include <memory>

#include "http/client_pool.h"
#include "http/progress.h"

namespace berth::http::detail {

/// Opens a connection by `route`: name, address, the proxy's tunnel, TLS. All outlive it.
Deferred<std::unique_ptr<ByteStream>> dial(ClientPool& pool, const Route& route,
                                           Progress& progress);

}  // namespace berth::http::detail
