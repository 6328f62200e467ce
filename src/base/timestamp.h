#pragma once

#include <string>

#include "base/time.h"

namespace berth {

/// "2026-11-24T11:56:21.123456Z" (RFC 3339, UTC); `decimals` of a second, 0 to 9, the rest cut off.
std::string write_timestamp(WallTime time, int decimals = 6);

}  // namespace berth
