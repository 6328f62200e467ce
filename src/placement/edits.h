#pragma once

#include <cstdint>

#include "placement/records.h"

// What users do to one service, as edits of its record without any I/O; changes.h commits them.

namespace berth::placement {

/// A service that is deployed for the first time.
DesiredService first_deploy(const ServiceSpec& spec, std::uint32_t vip_host, WallTime now);
/// A new version where instances must be replaced, else a change of the version that is to run.
/// `used`: versions that instances still run, which are kept. False: nothing changes.
bool deploy(DesiredService& service, const ServiceSpec& spec, WallTime now,
            const std::vector<std::uint64_t>& used);
/// `to` 0: the last good version before the target. not_found, conflict.
Result<void> roll_back(DesiredService& service, std::uint64_t to, WallTime now);
/// invalid: more than 1000. False: it is so already.
Result<bool> scale(DesiredService& service, std::uint32_t instances);
/// conflict: it is being removed.
Result<void> restart(DesiredService& service, WallTime now);
void remove(DesiredService& service, WallTime now);

}  // namespace berth::placement
