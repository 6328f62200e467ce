#pragma once

#include <optional>

#include "base/error.h"
#include "http/message.h"
#include "http/server_message.h"

namespace berth::proxy {

/// Whether it is a call of gRPC over HTTP/2.
bool is_grpc(const http::RequestHead& request);

/// What the proxy itself answers, as a call of gRPC ends: 200 with grpc-status and grpc-message in
/// the head ("Trailers-Only"), X-Berth-Reason with it. The status is that of gRPC's
/// http-grpc-status-mapping.md, but for what its clients would have said themselves: 504 is
/// DEADLINE_EXCEEDED, and the code by which the instance has reset the stream is told as
/// PROTOCOL-HTTP2.md says (`broken_by`, an error of H2Upstream).
http::ServerResponse grpc_answer(const http::ResponseHead& own,
                                 const std::optional<Error>& broken_by);

}  // namespace berth::proxy
