#pragma once

#include <string>

#include "base/json_writer.h"
#include "console/overview.h"
#include "console/sources.h"

namespace berth::console {

/// What is needed to show a service; all outlive it.
struct Shown {
  const Sources& sources;
  const ApiOptions& options;
  const Overview& overview;
};

/// Writes the members of SERVICE (docs/formats/api.md), without the braces.
void write_service(JsonWriter& out, const Shown& shown, const ServiceNow& service);
/// Writes what GET /v1/services/NAME has in addition: rollouts, paths, statuses, slow.
void write_detail(JsonWriter& out, const Shown& shown, const placement::DesiredService& desired);

/// The address of a public route: "http://api.shop.localhost:8080/orders".
std::string public_url(const Shown& shown, const catalog::PublicRoute& route);

/// A number, or null where it is not known.
void write_number(JsonWriter& out, std::string_view name, const std::optional<double>& value);

}  // namespace berth::console
