#include "http/access_record.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace berth::http {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::size_t fixed_bytes = offsetof(AccessRecord, frontend);

std::array<std::string_view, 6> texts_of(const AccessRecord& r) {
  return {r.frontend, r.backend, r.server,
          r.caller,   r.method,  r.target.substr(0, access_record_target_bytes_max)};
}

}  // namespace

std::size_t encoded_size(const AccessRecord& record) {
  std::size_t size = 1 + fixed_bytes;
  for (auto text : texts_of(record)) size += 2 + std::min<std::size_t>(text.size(), 4096);
  return size;
}

std::size_t encode(const AccessRecord& record, std::span<char> out) {
  char* at = out.data();
  *at++ = static_cast<char>(version);
  std::memcpy(at, &record, fixed_bytes);
  at += fixed_bytes;
  for (auto text : texts_of(record)) {
    auto size = static_cast<std::uint16_t>(std::min<std::size_t>(text.size(), 4096));
    std::memcpy(at, &size, 2);
    std::memcpy(at + 2, text.data(), size);
    at += 2 + size;
  }
  return static_cast<std::size_t>(at - out.data());
}

std::optional<AccessRecord> decode_access_record(std::string_view bytes) {
  if (bytes.size() < 1 + fixed_bytes || bytes[0] != version) return std::nullopt;
  AccessRecord record;
  std::memcpy(static_cast<void*>(&record), bytes.data() + 1, fixed_bytes);
  bytes.remove_prefix(1 + fixed_bytes);
  for (auto* text : {&record.frontend, &record.backend, &record.server, &record.caller,
                     &record.method, &record.target}) {
    std::uint16_t size;
    if (bytes.size() < 2) return std::nullopt;
    std::memcpy(&size, bytes.data(), 2);
    if (bytes.size() - 2 < size) return std::nullopt;
    *text = bytes.substr(2, size);
    bytes.remove_prefix(2 + std::size_t{size});
  }
  if (!bytes.empty()) return std::nullopt;
  return record;
}

bool is_tcp(const AccessRecord& record) { return record.method.empty() && record.status == 0; }

}  // namespace berth::http
