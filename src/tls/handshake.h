#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/clock.h"
#include "async/network.h"
#include "tls/context.h"

namespace berth::tls {

/// The server's side of a handshake on a connection that was accepted; the answer is a tls::Stream.
/// It takes at most the context's `handshake_timeout`, by `clock`. Cancelled or dropped at any time
/// it closes the connection. Errors, which name the peer: timed_out; reset (the peer has gone);
/// denied (its certificate); refused (it has sent an alert); invalid (what it sent, or nothing in
/// common: version, cipher, protocol), those of the stream. `clock` outlives it; how many are under
/// way is the caller's to bound (Listener does).
Deferred<std::unique_ptr<ByteStream>> accept(ServerContext context, Clock& clock,
                                             std::unique_ptr<ByteStream> stream);

/// The client's side, on a connection that stands; `host` is what the certificate must be for, and
/// the name that is asked for (SNI). `protocols` are offered by ALPN instead of the context's, if
/// there are any. Errors as accept; invalid too for a host that is no name or address.
Deferred<std::unique_ptr<ByteStream>> connect(ClientContext context, Clock& clock,
                                              std::unique_ptr<ByteStream> stream, std::string host,
                                              const std::vector<std::string>& protocols = {});

/// What turns a connection to `host` into a secured one, whose protocol() is one of `protocols`, or
/// empty: for those who know nothing of TLS.
using Secure = std::function<Deferred<std::unique_ptr<ByteStream>>(
    std::unique_ptr<ByteStream> stream, std::string host, std::vector<std::string> protocols)>;
Secure secure_with(ClientContext context, Clock& clock);

}  // namespace berth::tls
