#pragma once

#include <string_view>

#include "base/address.h"
#include "base/result.h"

namespace berth {

/// A place to connect to as one string, after Twisted's client endpoints: "tcp:127.0.0.1:8000",
/// "tcp:[::1]:8000", "tcp:localhost:8000" (127.0.0.1), "unix:/run/x.sock". Errors name the text and
/// what is wrong with it: invalid; unsupported for other names (they are not resolved yet) and for
/// "tls:" and "ssl:".
Result<Address> client_endpoint(std::string_view text);

/// A place to listen on, after Twisted's server endpoints: as above, and "tcp:8000" for 127.0.0.1.
/// Unlike Twisted, all interfaces are taken only when told so: "tcp:0.0.0.0:8000", "tcp:[::]:8000".
/// Port 0 is any free one.
Result<Address> server_endpoint(std::string_view text);

}  // namespace berth
