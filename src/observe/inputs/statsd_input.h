#pragma once

#include "async/scope.h"
#include "observe/inputs/line_server.h"
#include "observe/inputs/open_places.h"
#include "observe/inputs/statsd_table.h"

namespace berth::observe {

/// StatsD by UDP and TCP. Each `flush` what was told becomes samples; a close flushes once more.
class StatsdInput final : public Input {
 public:
  StatsdInput(InputSpec spec, const InputLinks& links, OpenPlaces places);
  Deferred<void> close() override;
  InputCounters counters() const override;

 private:
  void take(std::string_view text);
  void flush();
  Deferred<void> flush_forever();

  const InputSpec spec_;
  World& world_;
  Log log_;
  SampleWriter& samples_;
  StatsdTable table_;
  StatsdLine line_;
  LineServer server_;
  InputCounters counters_;
  MonotonicTime tell_after_{};
  Scope scope_;
};

}  // namespace berth::observe
