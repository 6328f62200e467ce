#pragma once

#include <string>

#include "http/router.h"
#include "observe/samples/remote_write.h"

namespace berth::observe {

/// POST PREFIX/api/v1/write, Prometheus' remote write 1.0: 204 once the samples are in the log; 400
/// for what will never be taken (the sender drops it), 503 for what may be sent again. `store`
/// outlives the router.
void add_remote_write_route(http::Router& router, SampleStore& store, const std::string& prefix,
                            RemoteWriteLimits limits = {});

}  // namespace berth::observe
