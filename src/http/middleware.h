#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "async/clock.h"
#include "async/random.h"
#include "base/log.h"
#include "http/server_message.h"

// What goes around a handler: functions that take one and give one, called from the inside out.
// What they refer to outlives the handler.
//
//   Handler answer = [&](ServerRequest& request) { return router.route(request); };
//   answer = compressed(basic_guard(answer, "console", check));
//   answer = logged(with_request_id(recovered(answer, log), clock, random), clock, log);
//
// compressed() stands in compression.h.

namespace berth::http {

/// One line for each answer: method, path without its query (it may hold secrets), status, time,
/// peer, and the request's id if it has one. For programs; what Berth's proxy writes are access
/// records.
Handler logged(Handler handler, Clock& clock, Log log);

/// What the handler fails with becomes an answer: problem details (RFC 9457). Where that is a 5xx
/// it is logged, and the client hears only that, and not why: errors may tell of things that are
/// none of its business. `cancelled` passes.
Handler recovered(Handler handler, Log log);

inline constexpr std::string_view request_id_field = "x-request-id";
/// Gives each request an id, or leaves it the one that it came with, if that is at most 64 letters,
/// digits, '-', '_' and '.'; the handler finds it in the request's headers, the client in the
/// answer's.
Handler with_request_id(Handler handler, Clock& clock, Random& random);

using CheckPassword = std::function<bool(std::string_view name, std::string_view password)>;
/// Lets those in who give a name and a password that `check` likes (RFC 7617); others hear 401.
/// `realm` has no quotes.
Handler basic_guard(Handler handler, std::string realm, CheckPassword check);
using CheckToken = std::function<bool(std::string_view token)>;
/// The same for a token (RFC 6750).
Handler bearer_guard(Handler handler, std::string realm, CheckToken check);

struct CorsOptions {
  std::vector<std::string> origins;  // "https://app.example.com"; "*" for all, without credentials
  std::string methods = "GET, HEAD, POST, PUT, PATCH, DELETE";
  std::string headers = "authorization, content-type";  // that requests may have
  std::string exposed;                                  // headers of answers that scripts may read
  bool credentials = false;
  Duration keep_for = 10min;  // what a preflight has told
};
/// Says which pages of other origins may use the answers (the Fetch standard, section 3.2), and
/// answers preflights itself.
Handler with_cors(Handler handler, CorsOptions options);

}  // namespace berth::http
