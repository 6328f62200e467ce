#include <cstdint>

#include "base/check.h"
#include "proxy/acme/certificate.h"
#include "proxy/acme/documents.h"

// What a directory answers is read or told to be wrong; what is told goes into a log line, and a
// token into a path.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;
  using namespace berth::proxy::acme;
  std::string text(reinterpret_cast<const char*>(data), size);
  auto one_line = [](const std::string& words) {
    for (unsigned char c : words) check(c >= 0x20 && c != 0x7f, "a control character in a message");
  };
  std::ignore = read_directory(text);
  one_line(read_problem(text).text());
  if (auto order = read_order(text); order.ok()) {
    check(order->authorizations.size() <= Order::authorizations_max, "too many authorizations");
    if (order->problem) one_line(order->problem->text());
  }
  if (auto authorization = read_authorization(text); authorization.ok()) {
    for (char c : authorization->token) check(c != '/' && c != '.', "a token that is a path");
    one_line(authorization->name);
  }
  if (auto ledger = read_ledger(text); ledger.ok()) {
    auto again = read_ledger(ledger->text());
    check(again.ok() && again->orders == ledger->orders && again->failures == ledger->failures &&
              again->next == ledger->next && again->issued_by == ledger->issued_by,
          "a ledger that is not read as it was written");
  }
  auto validity = validity_of(pair_of(text, "x.pem"), {});
  if (validity.ok()) check(validity->from < validity->until, "a life that ends first");
  return 0;
}
