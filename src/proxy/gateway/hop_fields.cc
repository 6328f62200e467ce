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
  return connection && connection->value.size() > 10 && all.has_token("connection", header.name);
}

}  // namespace berth::proxy::gateway
