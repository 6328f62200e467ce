#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "async/world.h"
#include "base/result.h"
#include "placement/spec.h"

namespace berth::runtime {

/// Which ports this host's instances have. A port is had from its choice until it is given back,
/// whether or not its instance listens already. Belongs to one reactor.
class PortChoice {
 public:
  static constexpr int tries_max = 200;

  /// Ports are chosen from `first` to `last`, on `ip` ("127.0.0.1").
  PortChoice(World& world, std::string ip, std::uint16_t first, std::uint16_t last)
      : world_(world), ip_(std::move(ip)), first_(first), last_(last) {}

  /// The service's fixed port if nobody has it, else a free one. in_use: who has it, and what to
  /// do; unavailable: none was free. 0 for a service without a port.
  Result<std::uint16_t> choose(const placement::ServiceSpec& service, const std::string& id);
  /// Of an instance that was found running.
  void take(std::uint16_t port, const std::string& id);
  void give_back(std::uint16_t port, const std::string& id);

 private:
  Result<void> is_free(std::uint16_t port);

  World& world_;
  std::string ip_;
  std::uint16_t first_;
  std::uint16_t last_;
  std::map<std::uint16_t, std::string> had_by_;
};

}  // namespace berth::runtime
