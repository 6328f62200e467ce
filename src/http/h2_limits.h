#pragma once

#include <cstddef>

#include "base/time.h"

namespace berth::http {

/// What bounds one HTTP/2 connection on the server's side (RFC 9113 section 10.5), besides the
/// HeadLimits and timeouts that hold for HTTP/1.1 too. Who passes a limit of rate or count is told
/// ENHANCE_YOUR_CALM and disconnected. A rate may be passed for `burst_seconds` at once.
struct H2Limits {
  std::size_t streams_max = 100;                  // open, or still answered; beyond: REFUSED_STREAM
  std::size_t stream_window_bytes = 256 << 10;    // sent ahead of a handler that does not read
  std::size_t connection_window_bytes = 1 << 20;  // the same for all streams together
  std::size_t continuations_max = 8;              // CONTINUATION frames of one head
  std::size_t acks_max = 100;                     // answers that the peer does not read
  double resets_per_second_max = 50;              // streams reset by the peer, or by its faults
  double control_frames_per_second_max = 50;      // SETTINGS, PING, PRIORITY, empty DATA
  double burst_seconds = 10;
  Duration goodbye_timeout = 1s;  // for what is on its way when the connection is to end
};

/// What bounds one HTTP/2 connection on the client's side, besides the HeadLimits. How many
/// requests it carries at once the server says; further ones wait.
struct H2ClientLimits {
  std::size_t stream_window_bytes = 1 << 20;  // of an answer, sent ahead of who reads it
  std::size_t continuations_max = 8;          // CONTINUATION frames of one head
  std::size_t acks_max = 100;                 // answers that the peer does not read
  std::size_t informational_max = 16;         // 1xx heads before an answer
  /// Silence while an answer is waited for; then the peer is asked by PING, and after as much again
  /// the connection is given up.
  Duration ping_after = 20s;
};

}  // namespace berth::http
