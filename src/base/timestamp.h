#pragma once

#include <string>

#include "base/time.h"

namespace berth {

/// "2026-11-24T11:56:21.123456Z" (RFC 3339, UTC, microseconds).
std::string write_timestamp(WallTime time);

}  // namespace berth
