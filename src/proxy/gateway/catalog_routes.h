#pragma once

#include <memory>

#include "catalog/model.h"
#include "proxy/gateway/gateway.h"

namespace berth::proxy::gateway {

/// The public side of a system: what its services make public (catalog::PublicRoute), at one
/// address. Paths are compared and passed on as they came, or where a route has rules in their
/// normal form.
std::shared_ptr<const Gateway> gateway_of(const catalog::Snapshot& snapshot,
                                          const Address& address);
/// True if gateway_of would make the same of both.
bool same_routes(const catalog::Snapshot& a, const catalog::Snapshot& b);

}  // namespace berth::proxy::gateway
