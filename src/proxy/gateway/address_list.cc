#include "proxy/gateway/address_list.h"

#include <algorithm>
#include <string>

#include "base/strings.h"

namespace berth::proxy::gateway {

/// IPv4 as IPv6 has it: ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2).
AddressList::Key AddressList::key_of(const Address& address) {
  if (address.family() == Address::Family::ipv6) return address.ip_bytes();
  Key key{};
  key[10] = key[11] = 0xff;
  std::copy_n(address.ip_bytes().begin(), 4, key.begin() + 12);
  return key;
}

Result<void> AddressList::add(std::string_view block) {
  auto bad = [&](std::string_view why) {
    return Error(Code::invalid, "'" + std::string(block) + "' is no block of addresses" +
                                    std::string(why) + "; write 10.0.0.0/8, 2001:db8::/32");
  };
  std::string_view ip = block.substr(0, block.find('/'));
  auto address = Address::parse(ip);
  if (!address.ok() || address->family() == Address::Family::unix_path || address->port() != 0 ||
      ip.ends_with(":0") || ip.starts_with('[')) {
    return bad("");
  }
  bool v4 = address->family() == Address::Family::ipv4;
  unsigned bits = v4 ? 32 : 128;
  if (ip.size() < block.size()) {
    auto length = parse_integer<unsigned>(block.substr(ip.size() + 1), 0, bits);
    if (!length.ok()) return bad(": its length is none");
    bits = *length;
  }
  if (v4) bits += 96;
  Range range{key_of(*address), key_of(*address)};
  for (unsigned bit = bits; bit < 128; ++bit) {
    auto mask = static_cast<std::uint8_t>(0x80 >> (bit % 8));
    if (range.first[bit / 8] & mask) return bad(": it has bits behind its length");
    range.last[bit / 8] |= mask;
  }
  ranges_.push_back(range);
  std::ranges::sort(ranges_, {}, &Range::first);
  std::vector<Range> apart;
  for (auto& each : ranges_) {
    if (!apart.empty() && each.first <= apart.back().last) {
      apart.back().last = std::max(apart.back().last, each.last);
    } else {
      apart.push_back(each);
    }
  }
  ranges_ = std::move(apart);
  return {};
}

bool AddressList::contains(const Address& address) const {
  if (ranges_.empty() || address.family() == Address::Family::none ||
      address.family() == Address::Family::unix_path) {
    return false;
  }
  Key key = key_of(address);
  auto after = std::ranges::upper_bound(ranges_, key, {}, &Range::first);
  return after != ranges_.begin() && key <= (after - 1)->last;
}

}  // namespace berth::proxy::gateway
