#include "http/client_counts.h"

#include <algorithm>
#include <array>

namespace berth::http {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::uint64_t number_of(const std::uint8_t* bytes, std::size_t count) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < count; ++i) number = number << 8 | bytes[i];
  return number;
}

}  // namespace

std::optional<std::uint64_t> client_of(const Address& peer) {
  constexpr std::uint64_t ipv4_mark = 0xffff'ffff'0000'0000;  // no /64 of a host begins so
  auto& ip = peer.ip_bytes();
  switch (peer.family()) {
    case Address::Family::ipv4:
      return ipv4_mark | number_of(ip.data(), 4);
    case Address::Family::ipv6:
      if (std::equal(mapped_prefix.begin(), mapped_prefix.end(), ip.begin())) {
        return ipv4_mark | number_of(ip.data() + 12, 4);
      }
      return number_of(ip.data(), 8);
    default:
      return std::nullopt;
  }
}

ClientCounts::Counted::Counted(ClientCounts& counts, const Address& peer)
    : counts_(counts), client_(client_of(peer)) {
  if (client_) count_ = ++counts_.counts_[*client_];
}

ClientCounts::Counted::~Counted() {
  if (!client_) return;
  auto found = counts_.counts_.find(*client_);
  if (--found->second == 0) counts_.counts_.erase(found);
}

}  // namespace berth::http
