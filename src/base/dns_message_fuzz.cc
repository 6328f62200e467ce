#include <cstdint>

#include "base/check.h"
#include "base/dns_message.h"

// What can be read can be written and is then read as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;
  Result<DnsMessage> message = parse_dns({reinterpret_cast<const char*>(data), size});
  if (!message.ok()) return 0;
  bool tall_code = static_cast<unsigned>(message->code) > 15;
  check(!tall_code || message->edns.has_value(), "a long code without EDNS");
  std::string wire = write_dns(*message);
  Result<DnsMessage> again = parse_dns(wire);
  check(again.ok(), "a written DNS message cannot be read");
  if (!again->truncated && again->additionals.size() == message->additionals.size())
    check(*again == *message, "a DNS message changed by being written");
  if (!message->questions.empty()) message->questions[0].name.text();
  check(message->questions.size() > 20 || write_dns(*message, 512).size() <= 6000,
        "a limit was not kept");
  return 0;
}
