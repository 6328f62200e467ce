#include <cstdint>

#include "base/check.h"
#include "names/zone.h"

namespace {

struct Counting final : berth::Random {
  std::uint64_t next() override { return state_ += 0x9e3779b97f4a7c15; }
  void secret_bytes(void*, std::size_t) override {}
  std::uint64_t state_ = 0;
};

berth::names::Zone shop() {
  using namespace berth;
  auto users = std::make_shared<catalog::Service>();
  users->name = "users";
  users->vip = Address::ipv4(0x7f4d0001, 7480);
  for (std::uint16_t i = 0; i < 30; i++) {
    catalog::Instance instance;
    instance.id = "users/" + std::to_string(i);
    instance.address = Address::loopback(9000 + i);
    instance.health = catalog::Health::healthy;
    users->instances.push_back(instance);
  }
  auto snapshot = std::make_shared<catalog::Snapshot>();
  snapshot->services = {{"users", users}};
  return {DnsName::parse("berth").value(), snapshot, 5s};
}

}  // namespace

// Every query that can be read has an answer that can be read, keeps the limit, and belongs to it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;
  static const names::Zone zone = shop();
  Result<DnsMessage> query = parse_dns({reinterpret_cast<const char*>(data), size});
  if (!query.ok()) return 0;
  Counting random;
  std::string wire = write_dns(zone.answer(*query, random), dns_udp_bytes_plain);
  check(wire.size() <= dns_udp_bytes_plain, "an answer is too long");
  Result<DnsMessage> answer = parse_dns(wire);
  check(answer.ok() && answer->response && answer->id == query->id, "an answer is no answer");
  check(answer->edns.has_value() == query->edns.has_value(), "EDNS was not asked for");
  check(answer->code == DnsCode::no_error || answer->answers.empty(), "a refusal has answers");
  return 0;
}
