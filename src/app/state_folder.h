#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "async/random.h"
#include "base/address.h"
#include "base/json.h"
#include "os/descriptor.h"

namespace berth::app {

/// The folder FOLDER/.berth, where one system's state stands: the Store, the bus's log, series,
/// logs, sockets, and what must stay the same from one start to the next (token, ports). Only the
/// user can read it. Held by one `berth dev` at a time.
class StateFolder {
 public:
  /// Makes it and takes its lock. in_use: a `berth dev` runs on it already, with what to do.
  static Result<StateFolder> take(const std::string& path, Random& random);

  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  /// 32 random bytes in hex, made once.
  const std::string& token() const { return token_; }
  /// The port that `name` had last time, or `otherwise`.
  std::uint16_t remembered_port(std::string_view name, std::uint16_t otherwise) const;
  void remember_port(std::string_view name, std::uint16_t port);
  /// Writes what is remembered.
  Result<void> keep();
  /// Tells commands where this system is reached (api.json), until forget_address().
  Result<void> tell_address(const Address& api, std::string_view system, std::string_view version);
  void forget_address();

 private:
  std::string path_;
  os::Descriptor lock_;
  std::string token_;
  Json settings_;
};

/// Ports of the loopback interface that this process has claimed among the user's other `berth
/// dev`: two that start at once never take the same one.
class PortClaims {
 public:
  PortClaims();

  /// `wanted`, or the next port above it that is free for TCP (and UDP, if `datagrams` too).
  /// `ours`: our own proxy of an earlier run listens there, so it is not tried.
  Result<std::uint16_t> claim(std::uint16_t wanted, bool datagrams, bool ours);
  /// A /24 of 127.77.0.0/16 that nobody uses, `wanted` (its third byte, 1 to 254) if it is free.
  Result<std::uint32_t> claim_network(std::uint32_t wanted, std::uint16_t vip_port, bool ours);
  /// The listening socket of a claimed address, or an invalid one: it was taken, or is the proxy's.
  os::Descriptor take_socket(const Address& address);

 private:
  bool claimed(const std::string& name);
  /// Listens there from now on. in_use: somebody else does.
  Result<void> hold(const Address& address);

  std::string folder_;
  std::vector<os::Descriptor> locks_;
  std::map<Address, os::Descriptor> sockets_;
};

}  // namespace berth::app
