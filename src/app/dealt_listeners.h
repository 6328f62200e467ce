#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "base/address.h"
#include "os/descriptor.h"
#include "os/reactor.h"
#include "proxy/proxy.h"

namespace berth::app {

/// Listeners of a reactor that accepts nothing itself: the first one deals connections to it. One
/// reactor; outlives its listeners.
class DealtListeners final : public proxy::ListenerSource {
 public:
  static constexpr std::size_t untaken_max = 1024;  // of one listener; beyond, they are closed

  explicit DealtListeners(os::Reactor& reactor) : reactor_(reactor) {}

  Deferred<std::unique_ptr<Listener>> listener(Address address) override;
  void release(const Address&) override {}
  /// A connection that came to that address; closed where nobody listens there any more.
  void take(const Address& listening, os::Descriptor socket, const Address& peer);
  /// Those that nobody took. From any thread.
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  class Dealt;

  os::Reactor& reactor_;
  std::map<Address, Dealt*> listeners_;
  std::atomic<std::uint64_t> dropped_ = 0;
};

}  // namespace berth::app
