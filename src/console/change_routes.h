#pragma once

#include "console/sources.h"
#include "http/router.h"

namespace berth::console {

/// Adds the changes of docs/formats/api.md to a router: rollback, scale, restart, rm and kill. Each
/// answers 202 once it is durable. `sources` outlives the server.
void add_change_routes(http::Router& router, const Sources& sources);

/// 202 with {"revision": n, "text": "…"}.
http::ServerResponse changed_answer(std::uint64_t revision, std::string_view text);

}  // namespace berth::console
