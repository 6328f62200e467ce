#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/toml_reader.h"
#include "catalog/policy.h"

namespace berth::catalog {

/// Reads what stands in [service.NAME.calls] over the defaults; what is wrong goes to the reader's
/// errors.
void read_calls(TomlReader& in, RoutingPolicy& calls);

/// Every setting as it would be written in berth.toml: "calls.retry.budget" and "20%"; an empty
/// value where nothing would be written.
std::vector<std::pair<std::string, std::string>> written_calls(const RoutingPolicy& calls);

}  // namespace berth::catalog
