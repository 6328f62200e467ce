#pragma once

#include "observe/inputs/http_input.h"
#include "observe/inputs/otlp.h"

namespace berth::observe {

/// OTLP/HTTP (opentelemetry.io/docs/specs/otlp): POST /v1/logs and /v1/metrics, protobuf or JSON,
/// with gzip or not. Answered once what was taken is safe: 200, with a partial success where
/// something was rejected for good; 400 for no such message, 503 where it may be sent again.
class OtlpInput final : public HttpInput {
 public:
  OtlpInput(InputSpec spec, const InputLinks& links, OpenPlaces places);

 private:
  Deferred<http::ServerResponse> take(http::ServerRequest& request, OtlpSignal signal);
  void take_logs(const OtlpResource& resource);
  void take_log(const OtlpResource& resource, const OtlpLog& log);
};

}  // namespace berth::observe
