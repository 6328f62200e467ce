#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace berth::os {

/// Owns a file descriptor of the kernel; closes it when destroyed.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

/// A descriptor of its own for what `fd` is open on.
Result<Descriptor> duplicate(int fd);

/// The Error for errno `number` of `what`, e.g. "binding 127.0.0.1:80: Permission denied", with the
/// code that fits (ENOSPC disk_full, EADDRINUSE in_use, ENOENT not_found, ...).
Error system_error(int number, std::string what);

}  // namespace berth::os
