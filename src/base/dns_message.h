#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/dns_name.h"
#include "base/result.h"

namespace berth {

/// Types of records and questions (RFC 1035 section 3.2, 3596, 2782, 6891).
enum class DnsType : std::uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  soa = 6,
  ptr = 12,
  txt = 16,
  aaaa = 28,
  srv = 33,
  opt = 41,
  any = 255,
};
constexpr std::uint16_t dns_class_internet = 1;
constexpr std::uint16_t dns_class_any = 255;

/// RCODEs (RFC 1035 section 4.1.1, 6891 section 9).
enum class DnsCode : std::uint16_t {
  no_error = 0,
  format_error = 1,
  server_failure = 2,
  name_error = 3,
  not_implemented = 4,
  refused = 5,
  bad_version = 16,
};

struct DnsA {
  std::array<std::uint8_t, 4> address{};
  bool operator==(const DnsA&) const = default;
};
struct DnsAaaa {
  std::array<std::uint8_t, 16> address{};
  bool operator==(const DnsAaaa&) const = default;
};
/// The only name of NS, CNAME and PTR.
struct DnsPointer {
  DnsName name;
  bool operator==(const DnsPointer&) const = default;
};
struct DnsSrv {
  std::uint16_t priority = 0;
  std::uint16_t weight = 0;
  std::uint16_t port = 0;
  DnsName target;
  bool operator==(const DnsSrv&) const = default;
};
/// Strings of at most 255 bytes; longer ones are cut when written.
struct DnsTxt {
  std::vector<std::string> texts;
  bool operator==(const DnsTxt&) const = default;
};
/// Times in seconds.
struct DnsSoa {
  DnsName server;
  DnsName mailbox;
  std::uint32_t serial = 0;
  std::uint32_t refresh = 0;
  std::uint32_t retry = 0;
  std::uint32_t expire = 0;
  std::uint32_t minimum = 0;
  bool operator==(const DnsSoa&) const = default;
};
/// The bytes of a type that Berth does not know.
struct DnsOther {
  std::string bytes;
  bool operator==(const DnsOther&) const = default;
};

struct DnsRecord {
  DnsName name = {};
  DnsType type = DnsType::a;
  std::uint16_t dns_class = dns_class_internet;
  std::uint32_t ttl_seconds = 0;
  std::variant<DnsA, DnsAaaa, DnsPointer, DnsSrv, DnsTxt, DnsSoa, DnsOther> data;
  bool operator==(const DnsRecord&) const = default;
};

struct DnsQuestion {
  DnsName name = {};
  DnsType type = DnsType::a;
  std::uint16_t dns_class = dns_class_internet;
  bool operator==(const DnsQuestion&) const = default;
};

/// The OPT record of EDNS (RFC 6891), apart from its options, which are not kept.
struct DnsEdns {
  std::uint16_t udp_bytes = 1232;
  std::uint8_t version = 0;
  bool dnssec_ok = false;
  bool operator==(const DnsEdns&) const = default;
};

/// A DNS message (RFC 1035 section 4) as a plain value. The OPT record is kept apart as `edns`.
struct DnsMessage {
  std::uint16_t id = 0;
  bool response = false;
  std::uint8_t opcode = 0;
  bool authoritative = false;
  bool truncated = false;
  bool recursion_desired = false;
  bool recursion_available = false;
  DnsCode code = DnsCode::no_error;
  std::vector<DnsQuestion> questions = {};
  std::vector<DnsRecord> answers = {};
  std::vector<DnsRecord> authorities = {};
  std::vector<DnsRecord> additionals = {};
  std::optional<DnsEdns> edns = {};

  bool operator==(const DnsMessage&) const = default;
};

constexpr std::size_t dns_message_bytes_max = 65535;
constexpr std::size_t dns_header_bytes = 12;
/// What fits into UDP without EDNS.
constexpr std::size_t dns_udp_bytes_plain = 512;

/// Reads a whole message. Names may be compressed; pointers must lead back. invalid says what is
/// wrong and at which byte. Bytes behind the last record are refused.
Result<DnsMessage> parse_dns(std::string_view wire);

/// Writes a message of at most `bytes_max`, compressing names. Answers and authorities that do not
/// fit are left out whole and the truncated bit is set; additionals that do not fit are just left
/// out (RFC 2181 section 9). Header, questions and EDNS are always written.
std::string write_dns(const DnsMessage& message, std::size_t bytes_max = dns_message_bytes_max);

}  // namespace berth
