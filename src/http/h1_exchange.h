#pragma once

#include "http/asking.h"
#include "http/client_pool.h"

namespace berth::http::detail {

/// Sends the request and waits for the answer's head, on a connection that it has for itself.
Deferred<Response> ask_by_h1(std::unique_ptr<ClientConnection> connection, const Asking& asking,
                             Body body);

}  // namespace berth::http::detail
