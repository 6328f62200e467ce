#pragma once

#include <deque>

#include "async/scope.h"
#include "observe/inputs/input_spec.h"
#include "observe/inputs/scrape_target.h"

namespace berth::observe {

/// Asks targets for their metrics (ScrapeTarget). Listens on nothing.
class ScrapeInput final : public Input {
 public:
  ScrapeInput(InputSpec spec, const InputLinks& links, tls::ClientContext tls);
  Deferred<void> close() override;
  InputCounters counters() const override;

 private:
  const InputSpec spec_;
  SampleWriter& samples_;
  http::Session session_;
  std::deque<ScrapeTarget> targets_;
  Scope scope_;
};

}  // namespace berth::observe
