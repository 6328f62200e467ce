#include "proxy/gateway/hop_fields.h"

#include "base/strings.h"

namespace berth::proxy::gateway {

bool hop_by_hop(const http::Header& header, const http::Headers& all) {
  switch (header.name.size()) {
    case 7:
      return equal_ignoring_case(header.name, "upgrade");
    case 10:
      return equal_ignoring_case(header.name, "connection") ||
             equal_ignoring_case(header.name, "keep-alive");
    case 16:
      return equal_ignoring_case(header.name, "proxy-connection");
    default:
      break;
  }
  auto* connection = all.find("connection");
  if (!connection) return false;
  // What nearly all of them say names no field.
  std::string_view says = connection->value;
  bool usual = (says.size() == 5 && equal_ignoring_case(says, "close")) ||
               (says.size() == 10 && equal_ignoring_case(says, "keep-alive"));
  return !usual && all.has_token("connection", header.name);
}

bool stays_here(const http::Header& header, const http::RequestHead& request) {
  return hop_by_hop(header, request.headers) ||
         (request.minor == 0 && equal_ignoring_case(header.name, "expect"));
}

}  // namespace berth::proxy::gateway
