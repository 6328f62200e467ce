#include "os/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstddef>
#include <cstring>

namespace berth::os {

Result<SocketAddress> SocketAddress::of(const Address& address) {
  SocketAddress out;
  switch (address.family()) {
    case Address::Family::ipv4: {
      auto& in = reinterpret_cast<sockaddr_in&>(out.storage);
      in.sin_family = AF_INET;
      in.sin_port = htons(address.port());
      in.sin_addr.s_addr = htonl(address.ipv4_value());
      out.length = sizeof in;
      return out;
    }
    case Address::Family::ipv6: {
      auto& in = reinterpret_cast<sockaddr_in6&>(out.storage);
      in.sin6_family = AF_INET6;
      in.sin6_port = htons(address.port());
      std::memcpy(&in.sin6_addr, address.ip_bytes().data(), 16);
      out.length = sizeof in;
      return out;
    }
    case Address::Family::unix_path: {
      auto& un = reinterpret_cast<sockaddr_un&>(out.storage);
      if (address.path().size() >= sizeof un.sun_path) {
        return Error(Code::invalid,
                     "the path of the Unix socket " + address.path() + " is longer than " +
                         std::to_string(sizeof un.sun_path - 1) + " bytes; use a shorter folder");
      }
      un.sun_family = AF_UNIX;
      std::memcpy(un.sun_path, address.path().c_str(), address.path().size() + 1);
      out.length =
          static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.path().size() + 1);
      return out;
    }
    case Address::Family::none:
      break;
  }
  return Error(Code::invalid, "an empty address");
}

Address SocketAddress::address() const {
  if (storage.ss_family == AF_INET) {
    auto& in = reinterpret_cast<const sockaddr_in&>(storage);
    return Address::ipv4(ntohl(in.sin_addr.s_addr), ntohs(in.sin_port));
  }
  if (storage.ss_family == AF_INET6) {
    auto& in = reinterpret_cast<const sockaddr_in6&>(storage);
    std::array<std::uint8_t, 16> ip;
    std::memcpy(ip.data(), &in.sin6_addr, 16);
    return Address::ipv6(ip, ntohs(in.sin6_port));
  }
  if (storage.ss_family == AF_UNIX) {
    return Address::unix_path(reinterpret_cast<const sockaddr_un&>(storage).sun_path);
  }
  return {};
}

Address local_address_of(int fd) {
  SocketAddress out;
  out.length = sizeof out.storage;
  return ::getsockname(fd, out.get(), &out.length) == 0 ? out.address() : Address();
}

Address peer_address_of(int fd) {
  SocketAddress out;
  out.length = sizeof out.storage;
  return ::getpeername(fd, out.get(), &out.length) == 0 ? out.address() : Address();
}

}  // namespace berth::os
