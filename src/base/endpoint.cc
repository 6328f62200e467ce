#include "base/endpoint.h"

#include <charconv>
#include <string>

namespace berth {
namespace {

enum class Side { connects, listens };

Error bad(Code code, std::string_view text, std::string_view why) {
  return Error(code, "the endpoint '" + std::string(text) + "' " + std::string(why));
}

Result<std::uint16_t> port_of(std::string_view port, std::string_view text, Side side) {
  std::uint16_t value = 0;
  const char* last = port.data() + port.size();
  auto [end, error] = std::from_chars(port.data(), last, value);
  if (error != std::errc() || end != last) {
    return bad(Code::invalid, text,
               "has no port from 1 to 65535 at its end: '" + std::string(port) + "'");
  }
  if (value == 0 && side == Side::connects) {
    return bad(Code::invalid, text, "has port 0, which nothing can be connected to");
  }
  return value;
}

Result<Address> host_of(std::string_view host, std::string_view text) {
  if (host == "localhost") return Address::loopback(0);
  bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (!bracketed && host.find_first_of(":[]") != host.npos) {
    return bad(Code::invalid, text,
               "has a host with a colon or bracket; write an IPv6 address as [::1]");
  }
  if (host.empty()) return bad(Code::invalid, text, "has no host");
  auto address = Address::parse(host);
  if (address.ok()) return address;
  if (bracketed || host.find_first_not_of("0123456789.") == host.npos) {
    return bad(Code::invalid, text, "has a host that is no IP address");
  }
  return bad(Code::unsupported, text,
             "names a host; names are not resolved yet but for localhost: write its IP address");
}

Result<Address> tcp_of(std::string_view rest, std::string_view text, Side side) {
  std::size_t colon = rest.rfind(':');
  if (colon == rest.npos) {
    if (side == Side::connects) {
      return bad(Code::invalid, text, "needs a host and a port: tcp:127.0.0.1:8000");
    }
    return Address::loopback(TRY(port_of(rest, text, side)));
  }
  Address host = TRY(host_of(rest.substr(0, colon), text));
  return host.with_port(TRY(port_of(rest.substr(colon + 1), text, side)));
}

Result<Address> endpoint_of(std::string_view text, Side side) {
  if (text.find('\0') != text.npos) return bad(Code::invalid, text, "has a NUL in it");
  std::size_t colon = text.find(':');
  std::string_view kind = text.substr(0, colon);
  std::string_view rest = colon == text.npos ? "" : text.substr(colon + 1);
  if (kind == "tcp") return tcp_of(rest, text, side);
  if (kind == "unix") {
    if (rest.empty()) return bad(Code::invalid, text, "has no path: unix:/run/x.sock");
    return Address::unix_path(std::string(rest));
  }
  if (kind == "tls" || kind == "ssl") {
    return bad(Code::unsupported, text,
               "asks for TLS, which no endpoint brings yet: give its tcp: form and secure the "
               "stream");
  }
  return bad(Code::invalid, text, "begins with neither tcp: nor unix:");
}

}  // namespace

Result<Address> client_endpoint(std::string_view text) { return endpoint_of(text, Side::connects); }
Result<Address> server_endpoint(std::string_view text) { return endpoint_of(text, Side::listens); }

}  // namespace berth
