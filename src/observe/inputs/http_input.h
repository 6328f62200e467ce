#pragma once

#include <memory>
#include <string>

#include "http/router.h"
#include "http/server.h"
#include "observe/inputs/open_places.h"

namespace berth::observe {

/// What inputs by HTTP have in common: a server that refuses other sites' pages, routes, counters.
/// Those that derive from it add their routes.
class HttpInput : public Input {
 public:
  static constexpr std::size_t body_bytes_max = 16 << 20;  // beyond: 413

  HttpInput(InputSpec spec, const InputLinks& links, OpenPlaces places);
  Deferred<void> close() override { return server_.close(); }
  InputCounters counters() const override { return counters_; }

 protected:
  const InputSpec spec_;
  World& world_;
  Log log_;
  LineQueue& lines_;
  SampleWriter& samples_;
  http::Router routes_;
  InputCounters counters_;

 private:
  http::Server server_;
};

/// The whole body, decoded where it comes by gzip or zstd. Errors: overloaded beyond `bytes_max`,
/// unsupported for another coding, invalid for what is none.
Deferred<std::string> decoded_body(http::ServerRequest& request, std::size_t bytes_max);
/// The answer to what decoded_body() failed with.
http::ServerResponse body_refused(const http::ServerRequest& request, const Error& error);

}  // namespace berth::observe
