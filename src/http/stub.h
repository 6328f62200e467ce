#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/server.h"
#include "http/session.h"

namespace berth::http {

/// A request as a stub sees it: complete, with its content.
struct StubRequest {
  std::string method;
  Url url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string content;

  /// The first of that name; empty if there is none.
  std::string_view header(std::string_view name) const;
};

/// A transport for tests, after treq.testing: `answer` answers each request without a socket, and a
/// Session over it does all else as ever: cookies, redirects, repeats,
/// decoding; but time limits up to the answer's head are the transport's, and this one has none.
///
///     http::Session session(clock, random, http::stub([](http::StubRequest request) {
///       return ready(http::ServerResponse::text("you asked for " + request.url.target));
///     }));
Transport stub(std::function<Deferred<ServerResponse>(StubRequest)> answer);

}  // namespace berth::http
