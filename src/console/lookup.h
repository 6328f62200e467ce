#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/result.h"
#include "console/sources.h"

namespace berth::console {

/// not_found: "there is no service 'order'; did you mean 'orders'?"
Error no_such_service(const placement::ClusterState& state, std::string_view name);
/// The service of that name, or no_such_service.
Result<const placement::DesiredService*> find_service(const placement::ClusterState& state,
                                                      std::string_view name);

/// GET /v1/resolve/NAME: a service's VIP and instances. `name` may end in ".berth". not_found also
/// for a service without a port: it has no address.
Result<std::string> resolve_json(const Sources& sources, std::string_view name);

}  // namespace berth::console
