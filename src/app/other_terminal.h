#pragma once

#include <string>

namespace berth::app {

/// What a terminal that was just opened needs before "berth ps" works for the system in `folder`:
/// "cd ~/shop", or an alias where this berth is not the one in PATH. For the first screen.
std::string other_terminal_needs(const std::string& folder);

}  // namespace berth::app
