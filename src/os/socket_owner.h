#pragma once

#include <cstdint>
#include <span>

#include "base/address.h"
#include "os/descriptor.h"

namespace berth::os {

/// Finds the process behind a TCP connection on this host: the kernel tells the inode of the socket
/// at the other end (sock_diag(7)), /proc tells which process has it open. Costs one netlink
/// message and a readlink for each descriptor looked at, so callers bound how often they ask.
/// Belongs to one thread; asks without waiting.
class SocketOwner {
 public:
  /// Errors: unsupported where the kernel has no sock_diag.
  static Result<SocketOwner> open();

  /// The inode of the IPv4 socket bound to `local` and connected to `peer`; 0: there is none here.
  std::uint64_t inode_of(const Address& local, const Address& peer);
  /// The first of `pids`, or of their descendants, that has that socket open, as its index in
  /// `pids`; -1: none, or not ours to look at.
  static int holder(std::span<const std::int64_t> pids, std::uint64_t inode);
  /// True if that very process has the socket open.
  static bool held_by(std::int64_t pid, std::uint64_t inode);

 private:
  explicit SocketOwner(Descriptor netlink) : netlink_(std::move(netlink)) {}

  Descriptor netlink_;
};

}  // namespace berth::os
