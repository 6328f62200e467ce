#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/address.h"

namespace berth::proxy::gateway {

/// A set of IP addresses, written as blocks: "10.0.0.0/8", "2001:db8::/32", "192.0.2.7". An IPv4
/// address within IPv6 ("::ffff:192.0.2.7") is the IPv4 one. Looks one up by bisection. Immutable
/// once filled; any thread.
class AddressList {
 public:
  AddressList() = default;

  /// Errors: invalid, with what is wrong with the block; a block whose address has bits behind its
  /// length is refused, since it is a mistake more often than not.
  Result<void> add(std::string_view block);
  /// False for addresses that are no IP address (Unix sockets).
  bool contains(const Address& address) const;
  bool empty() const { return ranges_.empty(); }

 private:
  using Key = std::array<std::uint8_t, 16>;
  struct Range {
    Key first;
    Key last;
  };
  static Key key_of(const Address& address);

  std::vector<Range> ranges_;  // in order, apart from each other
};

}  // namespace berth::proxy::gateway
