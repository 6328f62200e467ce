#include "os/descriptor.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace berth::os {

void Descriptor::reset() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Result<Descriptor> duplicate(int fd) {
  Descriptor copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy.valid()) return system_error(errno, "copying a descriptor");
  return copy;
}

namespace {

Code code_of(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return Code::not_found;
    case EEXIST:
    case ENOTEMPTY:
      return Code::already_exists;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::denied;
    case ENOSPC:
    case EDQUOT:
      return Code::disk_full;
    case EADDRINUSE:
      return Code::in_use;
    case ECONNREFUSED:
      return Code::refused;
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
      return Code::reset;
    case ETIMEDOUT:
      return Code::timed_out;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EADDRNOTAVAIL:
      return Code::unavailable;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EAGAIN:
      return Code::overloaded;
    case EINVAL:
    case ENAMETOOLONG:
    case EAFNOSUPPORT:
      return Code::invalid;
    default:
      return Code::io;
  }
}

}  // namespace

Error system_error(int number, std::string what) {
  return Error(code_of(number), what + ": " + std::strerror(number));
}

}  // namespace berth::os
