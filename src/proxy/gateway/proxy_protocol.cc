#include "proxy/gateway/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "base/hash.h"
#include "base/strings.h"

namespace berth::proxy::gateway {
namespace {

using Read = Result<std::optional<ProxyHeader>>;
constexpr std::string_view v1_begin = "PROXY ";
constexpr std::string_view v2_begin("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t v2_fixed = 16;
constexpr std::uint8_t type_authority = 0x02;
constexpr std::uint8_t type_crc32c = 0x03;
constexpr std::uint8_t type_ssl = 0x20;

Error bad(std::string_view why) {
  return Error(Code::invalid, "no PROXY protocol: " + std::string(why));
}

std::uint8_t byte(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}
std::uint16_t short_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint16_t>(byte(text, at) << 8 | byte(text, at + 1));
}

/// One of the line's addresses with its port: without brackets, signs or leading zeros.
Result<Address> v1_address(std::string_view ip, std::string_view port, Address::Family family) {
  auto address = Address::parse(ip);
  auto number = parse_integer<std::uint16_t>(port);
  bool plain = ip.find('[') == ip.npos && ip.find("unix:") == ip.npos &&
               (family == Address::Family::ipv6 || ip.find(':') == ip.npos) &&
               (port == "0" || !port.starts_with('0'));
  if (!address.ok() || address->family() != family || address->port() != 0 || !number.ok() ||
      !plain) {
    return bad("an address or port that is none");
  }
  return address->with_port(*number);
}

Read read_v1(std::string_view received) {
  std::size_t end = received.find("\r\n");
  if (end == received.npos || end + 2 > ProxyHeader::v1_bytes_max) {
    if (end != received.npos || received.size() >= ProxyHeader::v1_bytes_max) {
      return bad("a line that is too long");
    }
    return std::optional<ProxyHeader>();
  }
  ProxyHeader header;
  header.size = end + 2;
  auto words = split(received.substr(v1_begin.size(), end - v1_begin.size()), ' ');
  if (words[0] == "UNKNOWN") {
    header.local = true;
    return std::optional<ProxyHeader>(std::move(header));
  }
  bool v6 = words[0] == "TCP6";
  if ((!v6 && words[0] != "TCP4") || words.size() != 5) return bad("a line of another form");
  auto family = v6 ? Address::Family::ipv6 : Address::Family::ipv4;
  header.source = TRY(v1_address(words[1], words[3], family));
  header.destination = TRY(v1_address(words[2], words[4], family));
  return std::optional<ProxyHeader>(std::move(header));
}

Address ip_at(std::string_view body, std::size_t at, bool v6, std::uint16_t port) {
  if (!v6) {
    return Address::ipv4(
        static_cast<std::uint32_t>(short_at(body, at)) << 16 | short_at(body, at + 2), port);
  }
  std::array<std::uint8_t, 16> ip{};
  for (std::size_t i = 0; i < 16; ++i) ip[i] = byte(body, at + i);
  return Address::ipv6(ip, port);
}

/// The fields behind the addresses (section 2.2.1 onwards).
Result<void> read_fields(std::string_view whole, std::size_t begin, ProxyHeader& header) {
  for (std::size_t at = begin; at < whole.size();) {
    if (whole.size() - at < 3) return bad("a field that is cut off");
    std::uint8_t type = byte(whole, at);
    std::size_t length = short_at(whole, at + 1);
    if (whole.size() - at - 3 < length) return bad("a field that is longer than the header");
    std::string_view value = whole.substr(at + 3, length);
    if (type == type_authority) header.authority = value;
    if (type == type_ssl && !value.empty()) header.secured = (byte(value, 0) & 1) != 0;
    if (type == type_crc32c) {
      if (length != 4) return bad("a checksum that is none");
      auto told = static_cast<std::uint32_t>(short_at(value, 0)) << 16 | short_at(value, 2);
      std::uint32_t sum = crc32c(whole.substr(0, at + 3));
      sum = crc32c(std::string_view("\0\0\0\0", 4), sum);
      sum = crc32c(whole.substr(at + 7), sum);
      if (sum != told) return bad("a wrong checksum");
    }
    at += 3 + length;
  }
  return {};
}

Read read_v2(std::string_view received) {
  if (received.size() < v2_fixed) return std::optional<ProxyHeader>();
  std::uint8_t version_command = byte(received, 12);
  std::uint8_t family = byte(received, 13);
  ProxyHeader header;
  header.size = v2_fixed + short_at(received, 14);
  if (version_command != 0x20 && version_command != 0x21) return bad("another version or command");
  if (header.size > ProxyHeader::v2_bytes_max) return bad("a header that is too long");
  if (received.size() < header.size) return std::optional<ProxyHeader>();
  std::string_view whole = received.substr(0, header.size);
  bool v6 = family == 0x21;
  bool tcp = family == 0x11 || v6;
  // Other families (UDP, Unix) tell nothing that a connection by TCP could have.
  header.local = version_command == 0x20 || !tcp;
  if (header.local) return std::optional<ProxyHeader>(std::move(header));
  std::size_t length = v6 ? 16 : 4;
  std::size_t fields = v2_fixed + 2 * length + 4;
  if (whole.size() < fields) return bad("addresses that are cut off");
  header.source = ip_at(whole, v2_fixed, v6, short_at(whole, v2_fixed + 2 * length));
  header.destination =
      ip_at(whole, v2_fixed + length, v6, short_at(whole, v2_fixed + 2 * length + 2));
  TRY(read_fields(whole, fields, header));
  return std::optional<ProxyHeader>(std::move(header));
}

}  // namespace

Read read_proxy_header(std::string_view received) {
  auto begins = [&](std::string_view with) {
    std::size_t common = std::min(received.size(), with.size());
    return received.substr(0, common) == with.substr(0, common);
  };
  bool complete = received.size() >= v2_begin.size();
  if (begins(v2_begin)) return complete ? read_v2(received) : Read(std::optional<ProxyHeader>());
  if (!begins(v1_begin)) return bad("it begins with neither of its signatures");
  if (received.size() < v1_begin.size()) return std::optional<ProxyHeader>();
  return read_v1(received);
}

std::string write_proxy_line(const Address& source, const Address& destination) {
  bool v6 = source.family() == Address::Family::ipv6;
  bool ip =
      source.family() == destination.family() && (v6 || source.family() == Address::Family::ipv4);
  if (!ip) return "PROXY UNKNOWN\r\n";
  std::string out = v6 ? "PROXY TCP6 " : "PROXY TCP4 ";
  out.append(source.ip_text()).append(" ").append(destination.ip_text()).append(" ");
  out.append(std::to_string(source.port())).append(" ");
  return out.append(std::to_string(destination.port())).append("\r\n");
}

std::string write_proxy_header(const Address& source, const Address& destination) {
  bool v6 = source.family() == Address::Family::ipv6;
  bool ip =
      source.family() == destination.family() && (v6 || source.family() == Address::Family::ipv4);
  std::string out(v2_begin);
  out += ip ? '\x21' : '\x20';
  out += ip ? (v6 ? '\x21' : '\x11') : '\0';
  std::size_t length = v6 ? 16 : 4;
  std::size_t size = ip ? 2 * length + 4 : 0;
  out += '\0';
  out += static_cast<char>(size);
  if (!ip) return out;
  for (auto* address : {&source, &destination}) {
    for (std::size_t i = 0; i < length; ++i) out += static_cast<char>(address->ip_bytes()[i]);
  }
  for (auto* address : {&source, &destination}) {
    out += static_cast<char>(address->port() >> 8);
    out += static_cast<char>(address->port() & 255);
  }
  return out;
}

}  // namespace berth::proxy::gateway
