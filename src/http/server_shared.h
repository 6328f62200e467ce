#pragma once

#include <cstdint>

#include "async/clock.h"
#include "http/date_field.h"
#include "http/refusals.h"
#include "http/server_message.h"
#include "http/server_options.h"

namespace berth::http {

/// What the connections of one Server share, whichever version they speak.
struct ServerShared {
  ServerShared(Clock& clock, const ServerOptions& options)
      : refusals(clock, options.log), date(clock) {}

  /// Counts what the client did wrong with the content of its request.
  void note_fault(const ServerRequest& request) {
    if (request.content_fault == 408) refusals.note(Refusal::content_rate, request.peer);
    if (request.content_fault == 413) refusals.note(Refusal::content_size, request.peer);
  }

  Refusals refusals;
  DateField date;
  std::uint64_t requests = 0;
};

}  // namespace berth::http
