#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include "base/address.h"
#include "os/descriptor.h"

namespace berth::os {

/// An Address in the kernel's form. The path of a Unix socket that is longer than the kernel takes
/// (107 bytes) goes by way of its folder, which is then open as long as this lives.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  Descriptor folder;

  static Result<SocketAddress> of(const Address& address);
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  Address address() const;
};

/// What getsockname and getpeername say; none if they fail.
Address local_address_of(int fd);
Address peer_address_of(int fd);

}  // namespace berth::os
