#include "observe/samples/remote_write_routes.h"

#include <fmt/format.h>

namespace berth::observe {
namespace {

using http::ServerRequest;
using http::ServerResponse;

Deferred<ServerResponse> write(ServerRequest& request, SampleStore& store,
                               RemoteWriteReader& reader) {
  std::string_view coding = request.head.headers.value("content-encoding");
  if (!coding.empty() && coding != "snappy") {
    co_return ServerResponse::problem(415, "remote write 1.0 is compressed by snappy");
  }
  std::string_view type = request.head.headers.value("content-type");
  if (type.contains("proto=") && !type.contains("proto=prometheus.WriteRequest")) {
    co_return ServerResponse::problem(415, "remote write 1.0 only: prometheus.WriteRequest");
  }
  std::size_t most = reader.limits().body_bytes_max;
  auto body = co_await request.body(most).result();
  if (!body.ok() && body.error().is(Code::overloaded)) {
    co_return ServerResponse::problem(413,
                                      fmt::format("a request may have at most {} bytes", most));
  }
  std::string text = co_await or_return(std::move(body));
  auto outcome = reader.read(text);
  // What stands before the fault is taken, and so it is logged.
  auto committed = co_await store.commit().result();
  if (!outcome.ok()) co_return ServerResponse::problem(400, outcome.error().message());
  if (!committed.ok()) co_return ServerResponse::problem(503, committed.error().message());
  if (outcome->refused > 0) {
    co_return ServerResponse::problem(
        outcome->later ? 503 : 400,
        fmt::format("{} of {} samples are refused: {}", outcome->refused,
                    outcome->refused + outcome->taken, outcome->first));
  }
  ServerResponse done;
  done.status = 204;
  co_return done;
}

}  // namespace

void add_remote_write_route(http::Router& router, SampleStore& store, const std::string& prefix,
                            RemoteWriteLimits limits) {
  auto reader = std::make_shared<RemoteWriteReader>(store, limits);
  router.add("POST", prefix + "/api/v1/write",
             [reader, &store](ServerRequest& request) { return write(request, store, *reader); });
}

}  // namespace berth::observe
