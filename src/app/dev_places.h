#pragma once

#include <string>
#include <vector>

#include "app/dev.h"
#include "app/local_system.h"
#include "app/state_folder.h"

namespace berth::app {

/// Chooses where a system is reached: as asked, as last time, or the next free ports and network
/// from the defaults on. What is not the default is told in `notes`, a sentence each. in_use: one
/// that was asked for is taken.
Result<SystemPlaces> choose_places(const DevArguments& arguments, StateFolder& state,
                                   PortClaims& claims, std::vector<std::string>& notes);

}  // namespace berth::app
