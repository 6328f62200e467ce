#pragma once

#include "observe/inputs/line_server.h"
#include "observe/inputs/open_places.h"

namespace berth::observe {

/// Graphite's plaintext protocol by TCP, TLS and UDP, each line a sample. What is wrong is counted,
/// and told now and then.
class GraphiteInput final : public Input {
 public:
  GraphiteInput(InputSpec spec, const InputLinks& links, OpenPlaces places);
  Deferred<void> close() override { return server_.close(); }
  InputCounters counters() const override;

 private:
  void take(std::string_view line);

  const InputSpec spec_;
  World& world_;
  Log log_;
  SampleWriter& samples_;
  LineServer server_;
  InputCounters counters_;
  MonotonicTime tell_after_{};
};

}  // namespace berth::observe
