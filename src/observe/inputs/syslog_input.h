#pragma once

#include "observe/inputs/open_places.h"
#include "observe/syslog_server.h"

namespace berth::observe {

/// Syslog (RFC 3164 and 5424) by UDP, TCP, TLS (RFC 5425) and Unix sockets, each message a line.
class SyslogInput final : public Input {
 public:
  SyslogInput(InputSpec spec, const InputLinks& links, OpenPlaces places);
  Deferred<void> close() override { return server_.close(); }
  InputCounters counters() const override;

 private:
  const InputSpec spec_;
  LineQueue& lines_;
  SyslogServer server_;
};

}  // namespace berth::observe
