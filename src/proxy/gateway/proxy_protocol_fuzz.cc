#include <cstdint>

#include "base/check.h"
#include "proxy/gateway/proxy_protocol.h"

// What is read does not depend on what comes behind it or on how it was cut, and what has addresses
// is written in a form that reads the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;
  using namespace berth::proxy::gateway;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto read = read_proxy_header(text);
  if (!read.ok()) return 0;
  if (!*read) {
    check(size < ProxyHeader::v2_bytes_max, "it asks for more than any header has");
    return 0;
  }
  ProxyHeader& header = **read;
  check(header.size > 0 && header.size <= size, "a header that is longer than what came");
  for (std::size_t cut = 0; cut < header.size; ++cut) {
    auto part = read_proxy_header(text.substr(0, cut));
    check(part.ok() && !*part, "a part of a header was taken for one, or refused");
  }
  if (header.local) return 0;
  std::string again = write_proxy_header(header.source, header.destination);
  auto second = read_proxy_header(again);
  check(second.ok() && *second && (*second)->source == header.source &&
            (*second)->destination == header.destination,
        "addresses changed");
  return 0;
}
