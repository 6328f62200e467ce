#pragma once

#include <string>

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

/// What the request is for: its Host, or :authority.
inline std::string authority_of(const Request& request, const Route& route) {
  if (!request.host.empty()) return request.host;
  return route.address.family() == Address::Family::unix_path ? "localhost" : route.address.text();
}

}  // namespace berth::http::detail
