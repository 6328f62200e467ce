#pragma once

#include <cstdint>
#include <string_view>

namespace berth {

/// XXH3 of 64 bits: fast and well mixed, the same on every host, no secret. For tables and for
/// spreading; not against an attacker who chooses keys.
std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);

/// The checksum of everything on disk (CRC-32C, Castagnoli, as in RFC 3720 B.4); to go on with
/// more bytes, pass what came out for those before.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

}  // namespace berth
