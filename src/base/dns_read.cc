#include <fmt/format.h>

#include <algorithm>

#include "base/dns_message.h"

namespace berth {

namespace {

/// Walks through a message. The first offence is remembered and makes every later read give zero,
/// so that the callers ask once.
class DnsReader {
 public:
  explicit DnsReader(std::string_view wire) : wire_(wire) {}

  bool failed() const { return !fault_.empty(); }
  Error error() const {
    return Error(Code::invalid, fmt::format("DNS message, byte {}: {}", fault_at_, fault_));
  }
  std::size_t at() const { return at_; }
  std::size_t left() const { return wire_.size() - at_; }

  void fail(std::string_view fault) {
    if (failed()) return;
    fault_ = fault;
    fault_at_ = at_;
    at_ = wire_.size();
  }

  std::string_view bytes(std::size_t count) {
    if (left() < count) {
      fail("it ends too early");
      return {};
    }
    std::string_view out = wire_.substr(at_, count);
    at_ += count;
    return out;
  }

  std::uint32_t number(std::size_t count) {
    std::uint32_t value = 0;
    for (char c : bytes(count)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::uint8_t byte() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t two() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t four() { return number(4); }

  /// A name with its pointers followed. Each pointer leads before the part that holds it, so that
  /// the walk ends.
  DnsName name() {
    std::string out;
    std::size_t behind = 0;     // where the message goes on after the first pointer
    std::size_t part_at = at_;  // where the labels now being read began
    while (!failed()) {
      std::size_t length = byte();
      if (failed()) break;
      if (length >= 0xc0) {
        std::size_t target = (length & 0x3f) << 8 | byte();
        if (target >= part_at) fail("a name's pointer does not lead back");
        if (failed()) break;
        if (behind == 0) behind = at_;
        at_ = part_at = target;
        continue;
      }
      if (length > DnsName::label_bytes_max) fail("a label of an unknown kind");
      if (out.size() + 1 + length + (length > 0) > DnsName::wire_bytes_max)
        fail("a name is longer than 255 bytes");
      std::string_view label = bytes(length);
      if (failed()) break;
      out += static_cast<char>(length);
      out += label;
      if (length == 0) {
        if (behind != 0) at_ = behind;
        return DnsName::from_wire(std::move(out));
      }
    }
    return {};
  }

 private:
  std::string_view wire_;
  std::size_t at_ = 0;
  std::string fault_;
  std::size_t fault_at_ = 0;
};

template <std::size_t size>
std::array<std::uint8_t, size> address(DnsReader& in) {
  std::array<std::uint8_t, size> out{};
  for (std::uint8_t& byte : out) byte = in.byte();
  return out;
}

DnsTxt read_txt(DnsReader& in, std::size_t end) {
  DnsTxt out;
  while (in.at() < end && !in.failed()) out.texts.emplace_back(in.bytes(in.byte()));
  return out;
}

DnsSrv read_srv(DnsReader& in) {
  DnsSrv out;
  out.priority = in.two();
  out.weight = in.two();
  out.port = in.two();
  out.target = in.name();
  return out;
}

DnsSoa read_soa(DnsReader& in) {
  DnsSoa out;
  out.server = in.name();
  out.mailbox = in.name();
  for (std::uint32_t* field : {&out.serial, &out.refresh, &out.retry, &out.expire, &out.minimum})
    *field = in.four();
  return out;
}

DnsQuestion read_question(DnsReader& in) {
  DnsQuestion out;
  out.name = in.name();
  out.type = static_cast<DnsType>(in.two());
  out.dns_class = in.two();
  return out;
}

DnsRecord read_record(DnsReader& in) {
  DnsRecord out;
  out.name = in.name();
  out.type = static_cast<DnsType>(in.two());
  out.dns_class = in.two();
  out.ttl_seconds = in.four();
  std::size_t length = in.two();
  if (length > in.left()) in.fail("a record ends behind the message");
  if (in.failed()) return out;
  std::size_t end = in.at() + length;
  switch (out.type) {
    case DnsType::a:
      out.data = DnsA{address<4>(in)};
      break;
    case DnsType::aaaa:
      out.data = DnsAaaa{address<16>(in)};
      break;
    case DnsType::ns:
    case DnsType::cname:
    case DnsType::ptr:
      out.data = DnsPointer{in.name()};
      break;
    case DnsType::srv:
      out.data = read_srv(in);
      break;
    case DnsType::txt:
      out.data = read_txt(in, end);
      break;
    case DnsType::soa:
      out.data = read_soa(in);
      break;
    default:
      out.data = DnsOther{std::string(in.bytes(length))};
  }
  if (!in.failed() && in.at() != end) in.fail("a record's length is wrong");
  return out;
}

void read_flags(std::uint16_t flags, DnsMessage& out) {
  out.response = flags & 0x8000;
  out.opcode = (flags >> 11) & 15;
  out.authoritative = flags & 0x0400;
  out.truncated = flags & 0x0200;
  out.recursion_desired = flags & 0x0100;
  out.recursion_available = flags & 0x0080;
  out.code = static_cast<DnsCode>(flags & 15);
}

/// Takes the OPT record out of the additionals.
void take_edns(const DnsRecord& record, DnsMessage& out, DnsReader& in) {
  if (out.edns) in.fail("it has two OPT records");
  if (!record.name.is_root()) in.fail("its OPT record has a name");
  out.edns = DnsEdns{.udp_bytes = record.dns_class,
                     .version = static_cast<std::uint8_t>(record.ttl_seconds >> 16),
                     .dnssec_ok = (record.ttl_seconds & 0x8000) != 0};
  auto high = static_cast<std::uint16_t>((record.ttl_seconds >> 24) << 4);
  out.code = static_cast<DnsCode>(static_cast<std::uint16_t>(out.code) | high);
}

}  // namespace

Result<DnsMessage> parse_dns(std::string_view wire) {
  if (wire.size() > dns_message_bytes_max)
    return Error(Code::invalid, "a DNS message is longer than 65535 bytes");
  DnsReader in(wire);
  DnsMessage out;
  out.id = in.two();
  read_flags(in.two(), out);
  std::array<std::size_t, 4> counts{};
  for (std::size_t& count : counts) count = in.two();
  for (std::size_t i = 0; i < counts[0] && !in.failed(); i++)
    out.questions.push_back(read_question(in));
  for (auto [section, records] : {std::pair(1, &out.answers), std::pair(2, &out.authorities),
                                  std::pair(3, &out.additionals)}) {
    for (std::size_t i = 0; i < counts[section] && !in.failed(); i++) {
      DnsRecord record = read_record(in);
      if (in.failed()) break;
      if (record.type != DnsType::opt)
        records->push_back(std::move(record));
      else if (section == 3)
        take_edns(record, out, in);
      else
        in.fail("its OPT record is not an additional one");
    }
  }
  if (!in.failed() && in.left() > 0) in.fail("there are bytes behind the last record");
  if (in.failed()) return in.error();
  return out;
}

}  // namespace berth
