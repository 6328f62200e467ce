#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/result.h"

namespace berth {

/// A place to connect to or to listen on.
struct Endpoint {
  Address address;         // family none: `host` is a name, which is to be resolved
  std::string host;        // as it was written, without brackets; empty for a path
  std::uint16_t port = 0;  // of a host
  bool secured = false;    // by TLS

  /// As it can be read again.
  std::string text() const;
};

/// A place to connect to as one string, after Twisted's client endpoints: "tcp:127.0.0.1:8000",
/// "tcp:[::1]:8000", "tcp:users:8000", "tcp:localhost:8000" (127.0.0.1), "unix:/run/x.sock";
/// "tls:users:8443" is a tcp: one with TLS, for which the host's certificate is wanted ("ssl:"
/// means the same). async/connect.h and tls/endpoint.h connect to it. Errors name the text and what
/// is wrong with it: invalid.
Result<Endpoint> client_endpoint(std::string_view text);

/// A place to listen on, after Twisted's server endpoints: as above, and "tcp:8000" for 127.0.0.1;
/// its host is an address or localhost. Unlike Twisted, all interfaces are taken only when told so:
/// "tcp:0.0.0.0:8000", "tcp:[::]:8000". Port 0 is any free one. The certificate of "tls:8443" is
/// the program's to give. Errors: invalid; unsupported for names.
Result<Endpoint> server_endpoint(std::string_view text);

}  // namespace berth
