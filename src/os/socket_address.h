#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include "base/address.h"

namespace berth::os {

/// An Address in the kernel's form.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  static Result<SocketAddress> of(const Address& address);
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  Address address() const;
};

/// What getsockname and getpeername say; none if they fail.
Address local_address_of(int fd);
Address peer_address_of(int fd);

}  // namespace berth::os
