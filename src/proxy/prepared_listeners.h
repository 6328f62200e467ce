#pragma once

#include <map>
#include <memory>
#include <vector>

#include "async/network.h"
#include "proxy/proxy.h"

namespace berth::proxy {

/// Listening sockets of a proxy that has nobody to keep them: opened all together before anything
/// is changed, so that an address that cannot be had refuses the change. One reactor.
class PreparedListeners final : public ListenerSource {
 public:
  explicit PreparedListeners(Network& network) : network_(network) {}

  /// Opens those that are not in use yet. Errors: those of Network::listen, with the address; then
  /// none is opened.
  Result<void> prepare(const std::vector<Address>& addresses);
  Deferred<std::unique_ptr<Listener>> listener(Address address) override;
  void release(const Address& address) override { in_use_.erase(address); }

 private:
  Network& network_;
  std::map<Address, std::unique_ptr<Listener>> prepared_;
  std::map<Address, bool> in_use_;
};

}  // namespace berth::proxy
