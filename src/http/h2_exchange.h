#pragma once

#include "http/asking.h"
#include "http/h2_client_stream.h"

namespace berth::http::detail {

/// Sends the request and waits for the answer's head. Where the server has no room for one more
/// stream it waits for that, at most `asking.connect`. Errors: those of H2ClientStream::answer;
/// overloaded: `waiting_max` requests wait already.
Deferred<Response> ask_by_h2(std::unique_ptr<H2ClientStream> stream, const Asking& asking,
                             Body body, std::size_t waiting_max);

}  // namespace berth::http::detail
