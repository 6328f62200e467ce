#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth {

/// Where a socket is: an IPv4 or IPv6 address with a port, or the path of a Unix socket.
class Address {
 public:
  enum class Family : std::uint8_t { none, ipv4, ipv6, unix_path };

  Address() = default;
  /// `ip` in host order: 0x7f000001 is 127.0.0.1.
  static Address ipv4(std::uint32_t ip, std::uint16_t port);
  static Address ipv6(const std::array<std::uint8_t, 16>& ip, std::uint16_t port);
  static Address unix_path(std::string path);
  static Address loopback(std::uint16_t port) { return ipv4(0x7f000001, port); }
  /// "127.0.0.1:80", "[::1]:80", "unix:/run/x.sock", or an address without a port (port 0). Names
  /// are not resolved.
  static Result<Address> parse(std::string_view text);

  Family family() const { return family_; }
  std::uint16_t port() const { return port_; }
  std::uint32_t ipv4_value() const;
  const std::array<std::uint8_t, 16>& ip_bytes() const { return ip_; }
  const std::string& path() const { return path_; }
  Address with_port(std::uint16_t port) const;
  /// Without the port: "127.0.0.1".
  std::string ip_text() const;
  /// As parse() reads it.
  std::string text() const;
  auto operator<=>(const Address&) const = default;
  bool operator==(const Address&) const = default;

 private:
  Family family_ = Family::none;
  std::uint16_t port_ = 0;
  std::array<std::uint8_t, 16> ip_{};  // IPv4 in the first four, network order
  std::string path_;
};

}  // namespace berth
