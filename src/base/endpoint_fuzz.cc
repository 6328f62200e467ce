#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/endpoint.h"

// What is read can be written again as an endpoint and reads the same; what may be connected to may
// be listened on.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Result<Endpoint> listens = server_endpoint(text);
  Result<Endpoint> connects = client_endpoint(text);
  if (connects.ok()) {
    bool name = connects->address.family() == Address::Family::none;
    check(listens.ok() != name, "the two sides read an endpoint differently");
    check(client_endpoint(connects->text())->text() == connects->text(), "an endpoint changed");
  }
  if (listens.ok()) {
    check(server_endpoint(listens->text())->address == listens->address, "an endpoint changed");
  } else {
    check(!listens.error().text().empty(), "an error without a word");
  }
  return 0;
}
