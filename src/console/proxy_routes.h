#pragma once

#include <string>

#include "async/world.h"
#include "http/router.h"

namespace berth::console {

/// Adds what can be asked of the proxy beside this program, over its socket in the state folder
/// (docs/formats/api.md): GET /v1/proxy (its figures), /v1/proxy/sessions and /v1/proxy/slow, POST
/// /v1/proxy/purge. Its answers go on as they are, up to `proxy_answer_bytes_max`; unavailable
/// while it does not answer. One reactor; `world` outlives the router.
void add_proxy_routes(http::Router& router, World& world, std::string socket);

inline constexpr std::size_t proxy_answer_bytes_max = 32 << 20;

}  // namespace berth::console
