#pragma once

#include "base/json.h"
#include "runtime/driver.h"

namespace berth::runtime {

/// What of a LaunchSpec is kept with the instance (in the shim's spec, in a label), so that it is
/// known again after a restart: all but the environment. docs/formats/shim.md, "launch".
Json to_json(const LaunchSpec& spec);
/// invalid names the member.
Result<LaunchSpec> launch_from_json(const Json& json);

}  // namespace berth::runtime
