#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/hash.h"
#include "bus/little_endian.h"
#include "bus/saved_state.h"

using namespace berth;
using namespace berth::bus;

/// Any bytes as a slot; and any bytes behind a head whose checksum holds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto check_one = [](std::string_view slot) {
    auto state = SavedState::decode(slot);
    if (!state.ok()) return;
    check(SavedState::decode(state->encode()).value() == *state, "a state changed when written");
    static_cast<void>(state->low_water());
  };
  check_one(text);
  std::string slot = "BERTHBUS";
  append_fixed(slot, std::uint32_t{1});
  append_fixed(slot, std::uint64_t{1});
  append_fixed(slot, static_cast<std::uint32_t>(size));
  append_fixed(slot, crc32c(text, crc32c(slot)));
  slot += text;
  check_one(slot);
  return 0;
}
