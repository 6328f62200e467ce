#include "base/id.h"

#include <algorithm>

namespace berth {

namespace {
constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t id_characters = 26;
}  // namespace

std::string make_id(WallTime time, std::uint64_t random_high, std::uint64_t random_low) {
  auto milliseconds = static_cast<std::uint64_t>(time.nanoseconds / 1'000'000) & 0xffff'ffff'ffff;
  unsigned __int128 value = milliseconds;
  value = (value << 64) | random_high;
  value = (value << 16) | (random_low & 0xffff);
  std::string out(id_characters, '0');
  for (std::size_t i = id_characters; i-- > 0; value >>= 5)
    out[i] = alphabet[static_cast<std::size_t>(value & 31)];
  return out;
}

bool is_id(std::string_view text) {
  return text.size() == id_characters && text[0] <= '7' &&
         std::ranges::all_of(text, [](char c) { return alphabet.find(c) != alphabet.npos; });
}

}  // namespace berth
