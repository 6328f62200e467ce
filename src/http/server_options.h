#pragma once

#include <cstddef>
#include <cstdint>

#include "base/log.h"
#include "base/time.h"
#include "http/h2_limits.h"
#include "http/message.h"

namespace berth::http {

/// What bounds a Server; docs/http.md says what happens at each. Rates are those of bytes that move
/// while this side waits for the peer: a handler that takes its time costs its client nothing. A
/// rate, or a count, of 0 is no limit.
struct ServerOptions {
  std::size_t connections_max = 4096;
  /// From one IPv4 address, or from one /64 of IPv6; those of a Unix path are not told apart.
  std::size_t connections_per_client_max = 1024;
  std::uint64_t requests_per_connection_max = 100'000;
  Duration head_timeout = 10s;  // from a head's first byte (or the connection's begin) to its end
  Duration idle_timeout = 60s;  // between requests
  Duration park_after = 20ms;   // of silence; then a connection of HTTP/1.1 keeps little memory
  Duration rate_grace = 30s;    // what a peer may be silent, and is ahead of the rates at most
  std::uint64_t receive_bytes_per_second_min = 240;  // of a request's content
  std::uint64_t send_bytes_per_second_min = 240;     // of answers
  HeadLimits head;
  H2Limits h2;
  Log log;  // what was refused, in words; silent unless given
};

}  // namespace berth::http
