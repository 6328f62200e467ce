#pragma once

#include <string>
#include <string_view>

#include "http/client.h"
#include "http/progress.h"
#include "http/route.h"

namespace berth::http::detail {

/// What one attempt to get an answer knows; of the frame of the request.
struct Asking {
  Clock& clock;
  const Request& request;
  const Route& route;
  Progress& progress;
  Duration connect;
  Duration first_byte;
};

/// More than that is sent while the answer is waited for.
constexpr std::size_t text_in_one_go_bytes_max = 64 << 10;

inline bool fits_in_one_go(const Body& body) {
  return !body.source && body.text.size() <= text_in_one_go_bytes_max;
}

/// What the request is for: its Host, or :authority. `made` keeps it, for all requests of a
/// connection, where they do not tell.
inline std::string_view authority_of(const Request& request, const Route& route,
                                     std::string& made) {
  if (!request.host.empty()) return request.host;
  if (made.empty()) {
    bool path = route.address.family() == Address::Family::unix_path;
    made = path ? "localhost" : route.address.text();
  }
  return made;
}

/// A request that tells of no content, not even of none.
inline bool is_bare(const Request& request, const Body& body) {
  return !body.source && body.text.empty() &&
         (request.method == "GET" || request.method == "HEAD" || request.method == "DELETE");
}

}  // namespace berth::http::detail
