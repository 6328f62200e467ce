#include "base/sealed.h"

#include <bit>
#include <cstdint>
#include <cstring>

#include "base/hash.h"

namespace berth {
namespace {

static_assert(std::endian::native == std::endian::little);
struct Seal {
  std::uint32_t size;
  std::uint32_t sum;
};

}  // namespace

void append_sealed(std::string& out, std::string_view body) {
  Seal seal{static_cast<std::uint32_t>(body.size()), crc32c(body)};
  out.append(reinterpret_cast<const char*>(&seal), sizeof seal);
  out += body;
}

std::optional<std::string_view> take_sealed(std::string_view& text, std::size_t bytes_max) {
  Seal seal;
  if (text.size() < sizeof seal) return std::nullopt;
  std::memcpy(&seal, text.data(), sizeof seal);
  if (seal.size > bytes_max || text.size() - sizeof seal < seal.size) return std::nullopt;
  std::string_view body = text.substr(sizeof seal, seal.size);
  if (crc32c(body) != seal.sum) return std::nullopt;
  text.remove_prefix(sizeof seal + seal.size);
  return body;
}

}  // namespace berth
