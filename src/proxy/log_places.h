#pragma once

#include <memory>

#include "proxy/log_outputs.h"

namespace berth::proxy {

/// Errors: those of binding a datagram socket. `world` outlives it.
Result<std::shared_ptr<LogPlace>> make_log_place(World& world, Log log,
                                                 const gateway::LogSpec& spec,
                                                 const LogRelay& relay);

}  // namespace berth::proxy
