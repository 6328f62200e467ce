#pragma once

#include <string>

#include "observe/parse/time_zone.h"

namespace berth::app {

/// A zone of the system's time zone database, by its name. Blocks.
Result<observe::TimeZone> zone_called(const std::string& name);

}  // namespace berth::app
