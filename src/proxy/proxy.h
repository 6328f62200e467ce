#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/network.h"
#include "async/scope.h"
#include "async/sync.h"
#include "async/world.h"
#include "base/log.h"
#include "catalog/catalog.h"
#include "catalog/model.h"
#include "proxy/answers/kept_answers.h"
#include "proxy/commons.h"
#include "proxy/gateway/gateway.h"
#include "proxy/mirror.h"
#include "proxy/open_session.h"
#include "proxy/pool.h"
#include "proxy/remarkable.h"

namespace berth::http {
struct AccessRecord;
}

namespace berth::proxy {

class UdpFront;

/// Takes each request's record when it is over. May not block.
class AccessSink {
 public:
  virtual void note(const http::AccessRecord& record) = 0;

 protected:
  ~AccessSink() = default;
};

/// Says which service opened a connection: its name, or "unknown". Asked once a connection.
class CallerFinder {
 public:
  virtual std::string find(const Address& peer, const Address& local) = 0;

 protected:
  ~CallerFinder() = default;
};

/// Where listening sockets come from: made here, or kept by the agent so that they outlive the
/// proxy.
class ListenerSource {
 public:
  virtual Deferred<std::unique_ptr<Listener>> listener(Address address) = 0;
  /// The address is not listened on any more.
  virtual void release(const Address& address) = 0;

 protected:
  ~ListenerSource() = default;
};

struct ProxyOptions {
  Address gateway;                   // none: no gateway
  bool port_80 = false;              // listen on the VIPs' port 80 too
  Duration idle_timeout = 75s;       // of client connections between requests
  Duration head_timeout = 10s;       // from a head's first byte to its last
  Duration upstream_idle_max = 30s;  // kept connections to instances; below what servers close at
  std::size_t connections_max = 20'000;  // beyond, a new one waits in the kernel's backlog
  std::string state_folder;  // where answers to Idempotency-Keys are kept; empty: memory
  std::string zone;          // where this proxy stands, for zone_aware services
  // Of a process with a proxy on each of several reactors:
  std::shared_ptr<Commons> commons;  // null: one of its own
  std::uint64_t number = 0;          // of this one
  std::uint64_t threads = 1;         // how many there are, as the gateway says
};

/// Carries requests: a listener for each VIP and each entrance of the gateway, a Pool for each
/// service. Follows the snapshots it is given; connections, queues and counters go on through each
/// change. With ProxyOptions::gateway it makes the public side from the catalog's routes; else it
/// has the one that it is given. Belongs to one reactor.
class Proxy {
 public:
  Proxy(World& world, Log log, ListenerSource& listeners, AccessSink& sink, CallerFinder& callers,
        ProxyOptions options);
  ~Proxy();

  /// Swaps the snapshot in. An older revision than the present one is ignored.
  void apply(std::shared_ptr<const catalog::Snapshot> snapshot);
  /// Swaps the public side in: connections that are open keep the entrance that they came by, and
  /// each request the routes that it began with. Errors: invalid (a certificate); then nothing has
  /// changed.
  Result<void> apply_gateway(std::shared_ptr<const gateway::Gateway> gateway);
  /// Other certificates for an entrance, live; what is open goes on. Errors: invalid; then those
  /// that were shown still are.
  Result<void> show_certificates(const gateway::Entrance& entrance,
                                 std::vector<tls::CertificatePem> certificates);
  std::uint64_t revision() const { return snapshot_ ? snapshot_->revision : 0; }
  /// "orders/1@incarnation" of instances that leave but still answer something.
  std::vector<std::string> draining_in_flight() const;
  /// What is to be told to the catalog: the revision, what drains, what rests.
  catalog::BalancerReport report() const;
  std::size_t connections() const { return connections_; }
  /// Connections that are over. From any thread.
  std::uint64_t connections_ended() const { return ended_.load(std::memory_order_relaxed); }
  /// Those of HTTP/1.1 on which nobody has said anything for a while: they hold little memory.
  std::size_t parked() const { return parked_count_; }
  std::uint64_t entries_refused() const { return entries_refused_; }
  /// Takes no new connections; idle ones are closed, those that answer end after their request.
  void stop_listening();
  bool stopping() const { return stopping_; }
  /// Resolves once it is.
  Deferred<void> stopped() { return stopped_.wait(); }
  /// Requests that are being answered now.
  std::size_t requests_in_flight() const;
  /// Closes listeners and ends the sessions.
  Deferred<void> close();

  /// A listener as it is now, and what has come by it.
  struct Front {
    std::string name;  // the entrance's or the service's
    Address address;
    std::uint64_t connections = 0;
    std::uint64_t accepted = 0;
  };
  std::vector<Front> fronts() const;
  const std::map<std::string, std::shared_ptr<Pool>, std::less<>>& pools() const { return pools_; }
  /// Those that are open, in the order in which they came; of HTTP/2 one a request.
  const OpenSessions& sessions() const { return sessions_; }

  // For sessions.
  OpenSessions::iterator enlist(OpenSession& session) {
    return sessions_.insert(sessions_.end(), &session);
  }
  /// Nobody else's in the process.
  std::uint64_t next_session_id() { return ++session_ids_ * options_.threads + options_.number; }
  void strike(OpenSessions::iterator session) { sessions_.erase(session); }
  World& world() { return world_; }
  const World& world() const { return world_; }
  const ProxyOptions& options() const { return options_; }
  CallerFinder& callers() { return callers_; }
  AccessSink& sink() { return sink_; }
  Log& log() { return log_; }
  /// For building one head at a time, without suspending.
  std::string& scratch() { return scratch_; }
  KeptAnswers& answers() { return answers_; }
  Mirror& mirror() { return mirror_; }
  /// By the hash of client and route.
  RateLedger& client_rates() { return *client_rates_; }
  /// How many answers are being compressed.
  std::size_t& encoders() { return encoders_; }
  bool has_encoder() const;
  Remarkable& remarkable() { return remarkable_; }
  const Remarkable& remarkable() const { return remarkable_; }
  static constexpr std::size_t refreshing_max = 256;  // beyond, what is stale stays so for now
  /// Asks the service anew for an answer that is kept, in the background; false: not now.
  bool refresh(std::shared_ptr<Pool> pool, std::string head,
               std::shared_ptr<const CachedAnswer> kept);
  /// The pool of the service that has this address now, or null.
  std::shared_ptr<Pool> pool_at(const Address& address) const;
  /// The pool of that service, or null.
  std::shared_ptr<Pool> pool_called(std::string_view name) const;
  const std::shared_ptr<const gateway::Gateway>& gateway() const { return gateway_; }

 private:
  struct Frontend;
  struct Connection;
  class Parked;
  Deferred<void> listen(std::shared_ptr<Frontend> frontend);
  Deferred<void> serve(Connection connection);
  Deferred<void> converse(Connection connection, Bytes first);
  void park(Connection connection, MonotonicTime until);
  void wake(Connection connection, Bytes first);
  void update_frontends();
  void update_udp();
  Deferred<void> open_answers();
  std::shared_ptr<Frontend> open_frontend(const Address& address);
  void tell_refused(const Error& error);
  void refuse_client(ByteStream& stream);

  World& world_;
  Log log_;
  ListenerSource& listeners_;
  AccessSink& sink_;
  CallerFinder& callers_;
  ProxyOptions options_;
  std::shared_ptr<const catalog::Snapshot> snapshot_;
  std::shared_ptr<const gateway::Gateway> gateway_;
  std::map<std::string, std::shared_ptr<Pool>, std::less<>> pools_;
  std::vector<std::shared_ptr<Pool>> gone_;  // their service is gone, their requests are not
  std::map<Address, std::shared_ptr<Frontend>> frontends_;
  OpenSessions sessions_;
  Parked* parked_ = nullptr;
  std::size_t parked_count_ = 0;
  std::map<Address, std::unique_ptr<UdpFront>> udp_fronts_;
  std::uint64_t session_ids_ = 0;
  std::string scratch_;
  KeptAnswers answers_;
  Mirror mirror_;
  Remarkable remarkable_;
  std::size_t connections_ = 0;
  std::atomic<std::uint64_t> ended_ = 0;
  std::size_t encoders_ = 0;
  std::shared_ptr<RateLedger> client_rates_;
  std::size_t refreshing_ = 0;
  std::uint64_t entries_refused_ = 0;  // connections that did not get through TLS or PROXY header
  MonotonicTime tell_after_{};
  bool stopping_ = false;
  Event stopped_;
  Scope scope_;
};

}  // namespace berth::proxy
