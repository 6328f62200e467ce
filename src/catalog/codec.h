#pragma once

#include "base/json.h"
#include "catalog/model.h"

namespace berth::catalog {

/// "starting", "healthy", "unhealthy", "draining".
std::string_view health_name(Health health);

/// A policy's form; a member that is missing or of another type keeps its default.
Json to_json(const RoutingPolicy& policy);
RoutingPolicy routing_policy_from_json(const Json& json);
/// The forms of docs/formats/catalog.md; reading gives invalid with the member that is wrong.
Json to_json(const Service& service);
Result<Service> service_from_json(const Json& json);
Json to_json(const Instance& instance);
Result<Instance> instance_from_json(const Json& json);

/// A whole snapshot (`full`), or what changed between two: the services that are new or other, and
/// the names of those that went.
Json snapshot_json(const Snapshot& snapshot);
Json delta_json(const Snapshot& from, const Snapshot& to);
/// Applies either form to `before` (null: only a whole one fits).
Result<std::shared_ptr<const Snapshot>> apply_json(const Snapshot* before, const Json& json);

}  // namespace berth::catalog
