#pragma once

#include <string>

#include "async/network.h"
#include "base/json.h"

namespace berth::runtime {

/// Sends one command to the shim behind a socket and yields its answer (docs/formats/shim.md,
/// "Socket"). refused, unavailable, reset: no shim is there. Waits as long as it takes.
Deferred<Json> ask_shim(Network& network, std::string socket_path, std::string command);

}  // namespace berth::runtime
