#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "async/scope.h"
#include "async/world.h"
#include "base/log.h"
#include "os/network.h"
#include "os/reactor_group.h"
#include "proxy/shard.h"
#include "proxy/siblings.h"

namespace berth::app {

/// The threads of a proxy alone besides its first: a Shard on a reactor each. The first one accepts
/// all connections and deals them, each to the thread that has the fewest; there they stay. Belongs
/// to the first reactor.
class ProxyThreads final : public proxy::Siblings {
 public:
  /// On their way to one thread; beyond, it gets none.
  static constexpr std::size_t dealing_max = os::ReactorGroup::calls_max / 2;

  ProxyThreads(os::Reactor& reactor, World& world, Log log)
      : reactor_(reactor), world_(world), log_(log) {}
  ~ProxyThreads() { stop(); }

  /// Once: so many in all, of which `first` is on this one; it outlives them.
  Deferred<void> start(std::size_t threads, proxy::Shard& first);
  /// Ends them with all that they have.
  void stop();
  /// Deals the connections of a listener; nothing where there is one thread.
  os::Deal dealer(const Address& listening);

  std::size_t count() const override { return members_.empty() ? 0 : members_.size() - 1; }
  Deferred<void> each(std::function<void(proxy::Shard&)> work) override;
  void tell(std::function<void(proxy::Shard&)> work) override;
  std::size_t connections() const override;

 private:
  struct Member;

  Deferred<void> live(std::size_t number, World& world);
  Deferred<void> deal(std::size_t to, Address listening, os::Descriptor socket, Address peer);
  Deferred<void> tell_one(std::size_t number, std::function<void(proxy::Shard&)> work);
  std::size_t load(std::size_t number) const;
  std::size_t least_busy();

  os::Reactor& reactor_;
  World& world_;
  Log log_;
  proxy::Shard* first_ = nullptr;
  std::vector<Member*> members_;      // by number; each on its thread's stack of coroutines
  std::vector<std::size_t> dealing_;  // unanswered deals to each
  std::vector<std::uint64_t> dealt_;  // connections to each, ever
  std::size_t turn_ = 0;
  std::optional<os::ReactorGroup> group_;
  Scope scope_;
};

}  // namespace berth::app
