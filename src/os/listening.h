#pragma once

#include <cstdint>
#include <vector>

#include "base/address.h"

namespace berth::os {

/// Where `pid`, its descendants and the members of its process group listen for TCP connections, as
/// their own network name space has it (/proc/PID/net/tcp). Sorted; empty if it is gone or not ours
/// to look at. Reads /proc: some milliseconds. From any thread.
std::vector<Address> listening_addresses(std::int64_t pid);

}  // namespace berth::os
