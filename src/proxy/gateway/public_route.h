#pragma once

#include <string>

#include "base/toml_reader.h"
#include "catalog/model.h"
#include "proxy/gateway/route.h"

namespace berth::proxy::gateway {

/// Reads a table of `public` in berth.toml (docs/formats/berth-toml.md) and ends with finish(): for
/// placement::SystemFiles::route_keys. Its `host` is for the caller to look at.
void check_public_route(TomlReader& table);

/// The route that a service of this name makes public below `domain`. Errors: invalid; placement
/// has refused such a one before.
Result<Route> public_route(const catalog::PublicRoute& route, const std::string& service,
                           const std::string& domain);

}  // namespace berth::proxy::gateway
