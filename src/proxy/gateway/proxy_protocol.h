#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"

namespace berth::proxy::gateway {

/// What a connection begins with on a listener that asks for the PROXY protocol (HAProxy's
/// proxy-protocol.txt, versions 1 and 2).
struct ProxyHeader {
  static constexpr std::size_t v1_bytes_max = 107;      // with its line end, section 2.1
  static constexpr std::size_t v2_bytes_max = 4 << 10;  // with addresses and further fields

  std::size_t size = 0;  // the connection's own bytes begin behind it
  /// The connection is the proxy's own (LOCAL, UNKNOWN): the socket's addresses count.
  bool local = false;
  Address source;
  Address destination;
  std::string_view authority;  // PP2_TYPE_AUTHORITY: the name that TLS asked the proxy for
  bool secured = false;        // PP2_TYPE_SSL: the client came to the proxy by TLS
};

/// Reads the header at the front of what was received: nothing while more is needed. Errors:
/// invalid, as soon as it can be no header any more; a wrong checksum among them.
Result<std::optional<ProxyHeader>> read_proxy_header(std::string_view received);

/// Version 1, with its line end; addresses that are not of IP are UNKNOWN (section 2.1).
std::string write_proxy_line(const Address& source, const Address& destination);
/// Version 2 for TCP, as it is sent to whoever asks for it.
std::string write_proxy_header(const Address& source, const Address& destination);

}  // namespace berth::proxy::gateway
