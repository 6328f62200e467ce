#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/endpoint.h"

// What is read can be written again as an endpoint and reads the same; what may be connected to may
// be listened on.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Result<Address> listens = server_endpoint(text);
  if (Result<Address> connects = client_endpoint(text); connects.ok()) {
    check(listens.ok() && *listens == *connects, "the two sides read an endpoint differently");
  }
  if (listens.ok()) {
    bool path = listens->family() == Address::Family::unix_path;
    std::string again = (path ? "" : "tcp:") + listens->text();
    check(*server_endpoint(again) == *listens, "an endpoint changed");
  } else {
    check(!listens.error().text().empty(), "an error without a word");
  }
  return 0;
}
