#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace berth {

/// An id of 26 characters of Crockford's base 32 (a ULID): 48 bits of milliseconds since 1970, then
/// 80 of `random_high` and the low 16 of `random_low`. Ids sort by their time.
std::string make_id(WallTime time, std::uint64_t random_high, std::uint64_t random_low);
/// True for what make_id can give.
bool is_id(std::string_view text);

}  // namespace berth
