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

/// Letters, digits, hyphens, underscores, in labels with dots between (RFC 1123 section 2.1).
bool is_name(std::string_view host) {
  if (host.size() > 253 || host.starts_with('.') || host.find("..") != host.npos) return false;
  for (unsigned char c : host) {
    bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                c == '-' || c == '_' || c == '.';
    if (!good) return false;
  }
  return true;
}

/// Sets host and address, the latter with port 0.
Result<void> read_host(Endpoint& endpoint, std::string_view host, std::string_view text,
                       Side side) {
  bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (!bracketed && host.find_first_of(":[]") != host.npos) {
    return bad(Code::invalid, text,
               "has a host with a colon or bracket; write an IPv6 address as [::1]");
  }
  if (host.empty()) return bad(Code::invalid, text, "has no host");
  endpoint.host = bracketed ? host.substr(1, host.size() - 2) : host;
  if (host == "localhost") {
    endpoint.address = Address::loopback(0);
    return {};
  }
  auto address = Address::parse(host);
  if (address.ok()) {
    endpoint.address = std::move(*address);
    return {};
  }
  if (bracketed || host.find_first_not_of("0123456789.") == host.npos) {
    return bad(Code::invalid, text, "has a host that is no IP address");
  }
  if (!is_name(host)) return bad(Code::invalid, text, "has a host that is no name");
  if (side == Side::connects) return {};
  return bad(Code::unsupported, text,
             "names a host to listen on: write its IP address, or localhost");
}

Result<Endpoint> tcp_of(std::string_view rest, std::string_view text, Side side) {
  Endpoint endpoint;
  std::size_t colon = rest.rfind(':');
  std::string_view host = colon == rest.npos ? "localhost" : rest.substr(0, colon);
  if (colon == rest.npos && side == Side::connects) {
    return bad(Code::invalid, text, "needs a host and a port: tcp:127.0.0.1:8000");
  }
  TRY(read_host(endpoint, host, text, side));
  endpoint.port = TRY(port_of(colon == rest.npos ? rest : rest.substr(colon + 1), text, side));
  if (endpoint.address.family() != Address::Family::none) {
    endpoint.address = endpoint.address.with_port(endpoint.port);
  }
  return endpoint;
}

Result<Endpoint> endpoint_of(std::string_view text, Side side) {
  if (text.find('\0') != text.npos) return bad(Code::invalid, text, "has a NUL in it");
  std::size_t colon = text.find(':');
  std::string_view kind = text.substr(0, colon);
  std::string_view rest = colon == text.npos ? "" : text.substr(colon + 1);
  bool secured = kind == "tls" || kind == "ssl";
  if (secured || kind == "tcp") {
    Endpoint endpoint = TRY(tcp_of(rest, text, side));
    endpoint.secured = secured;
    return endpoint;
  }
  if (kind == "unix") {
    if (rest.empty()) return bad(Code::invalid, text, "has no path: unix:/run/x.sock");
    Endpoint endpoint;
    endpoint.address = Address::unix_path(std::string(rest));
    return endpoint;
  }
  return bad(Code::invalid, text, "begins with none of tcp:, tls: and unix:");
}

}  // namespace

std::string Endpoint::text() const {
  if (address.family() == Address::Family::unix_path) return address.text();
  std::string written = host.find(':') == host.npos ? host : "[" + host + "]";
  return (secured ? "tls:" : "tcp:") + written + ":" + std::to_string(port);
}

Result<Endpoint> client_endpoint(std::string_view text) {
  return endpoint_of(text, Side::connects);
}
Result<Endpoint> server_endpoint(std::string_view text) { return endpoint_of(text, Side::listens); }

}  // namespace berth
