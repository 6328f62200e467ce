#include "os/socket_address.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace berth::os {
namespace {

Result<void> set_path(SocketAddress& out, std::string path) {
  auto& un = reinterpret_cast<sockaddr_un&>(out.storage);
  if (path.size() >= sizeof un.sun_path) {
    std::size_t slash = path.rfind('/');
    std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    out.folder = Descriptor(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!out.folder.valid()) return system_error(errno, "opening the folder " + folder);
    path = "/proc/self/fd/" + std::to_string(out.folder.get()) + "/" + path.substr(slash + 1);
    if (path.size() >= sizeof un.sun_path) {
      return Error(Code::invalid, "the name of a Unix socket is too long: " + path);
    }
  }
  un.sun_family = AF_UNIX;
  std::memcpy(un.sun_path, path.c_str(), path.size() + 1);
  out.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return {};
}

}  // namespace

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
    case Address::Family::unix_path:
      TRY(set_path(out, address.path()));
      return out;
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
