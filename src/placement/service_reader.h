#pragma once

#include <string>

#include "base/toml_reader.h"
#include "placement/spec.h"
#include "placement/system_text.h"

namespace berth::placement {

/// The most that one service's spec may take as JSON: so that all its kept versions fit into one
/// entry of the Store.
inline constexpr std::size_t spec_bytes_max = 64 << 10;

/// Reads one [service.NAME] by its keys (docs/formats/berth-toml.md); what is wrong in itself is
/// added to `errors`.
ServiceSpec read_service(const ServiceText& text, const SystemFiles& files, TomlErrors& errors);

/// What is wrong between services: needs that are not there or go round in a ring, one public
/// route for two. `specs` are those read from `texts`, in the same order.
void check_together(const std::vector<ServiceText>& texts, const std::vector<ServiceSpec>& specs,
                    TomlErrors& errors);

}  // namespace berth::placement
