#pragma once

#include "console/assets.h"
#include "http/server.h"

namespace berth::console {

/// Answers with a file of the embedded page: gzip'd to who accepts it, "/" with an etag that may be
/// asked for again (RFC 9110 section 13.1.2), the others to be kept for ever, since their names
/// change with them. 404 for a path that is none of them.
http::ServerResponse serve_page(const http::RequestHead& head);

}  // namespace berth::console
