#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>

#include "async/network.h"
#include "async/scope.h"
#include "async/timer_queue.h"
#include "proxy/gateway/gateway.h"
#include "proxy/open_session.h"
#include "proxy/pool.h"

namespace berth::proxy {

class Proxy;

/// A listener in UDP mode: what comes from one address goes to one instance, and what that answers
/// goes back, until nothing has come or gone for `idle_timeout`; then one record is noted, as of a
/// connection in TCP mode. Owned by the Proxy; one reactor. Limits: `sessions_max` addresses at
/// once, beyond which datagrams are dropped and counted; what a socket does not take now is lost,
/// as datagrams may be.
class UdpFront final : Timer {
 public:
  UdpFront(Proxy& proxy, std::shared_ptr<const gateway::Entrance> entrance);
  ~UdpFront();

  /// Takes datagrams from now on; an address that cannot be had is tried again.
  void start() { running_ = run(); }
  /// Takes nothing more. Answers that are on their way still go back, for `answers_wait`.
  void stop();
  void set(std::shared_ptr<const gateway::Entrance> entrance) { entrance_ = std::move(entrance); }
  const gateway::Entrance& entrance() const { return *entrance_; }
  std::size_t sessions() const { return sessions_.size(); }
  std::uint64_t begun() const { return begun_; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  class Session;
  static constexpr Duration answers_wait = 1s;

  Deferred<void> run();
  void fire() override;
  void take(Datagram datagram);
  std::unique_ptr<Session> open(const Address& client);
  void look_later();

  Proxy& proxy_;
  std::shared_ptr<const gateway::Entrance> entrance_;
  std::unique_ptr<DatagramSocket> socket_;
  std::map<Address, std::unique_ptr<Session>> sessions_;  // by client
  std::uint64_t begun_ = 0;
  std::uint64_t dropped_ = 0;
  bool stopped_ = false;
  Deferred<void> running_;
};

}  // namespace berth::proxy
