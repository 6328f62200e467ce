#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "async/random.h"
#include "catalog/catalog.h"
#include "catalog/model.h"
#include "http/retry_budget.h"
#include "proxy/answers/flights.h"
#include "proxy/answers/response_cache.h"
#include "proxy/balance/groups.h"
#include "proxy/balance/latency_window.h"
#include "proxy/endpoint.h"
#include "proxy/facts.h"
#include "proxy/gateway/instance_tls.h"
#include "proxy/limits/adaptive_limit.h"
#include "proxy/limits/breaker.h"
#include "proxy/limits/rate_ledger.h"
#include "proxy/limits/request_queue.h"

namespace berth::proxy {

/// Second attempts beside a slow first.
struct Hedges {
  std::uint64_t sent = 0;
  std::uint64_t won = 0;      // of these: it answered first
  std::uint64_t refused = 0;  // for want of budget
};

/// The instances of one service: which of them answers next, which rest, what is let in and what
/// waits. Lives as long as its Proxy, through every change of the catalog: counters, queues and
/// connections go on. One thread.
///
/// Invariants: a request counts in exactly one endpoint's in_flight; an endpoint that left the
/// catalog gets nothing new and is freed when its last request ended.
class Pool {
 public:
  static constexpr std::size_t tried_max = 4;  // of the instances that a request was on last

  /// `rates`: others may let requests in by them too; null: nobody else does.
  explicit Pool(std::string name, std::string own_zone = "",
                std::shared_ptr<RateLedger> rates = nullptr)
      : name_(std::move(name)),
        own_zone_(std::move(own_zone)),
        rates_(rates ? std::move(rates) : std::make_shared<RateLedger>()) {}
  Pool(const Pool&) = delete;

  const std::string& name() const { return name_; }
  const catalog::RoutingPolicy& policy() const { return service_->policy; }
  const catalog::Service& service() const { return *service_; }
  const std::shared_ptr<const catalog::Service>& shared_service() const { return service_; }
  /// Takes over a new state of the service: endpoints that stay keep all they have.
  void apply(std::shared_ptr<const catalog::Service> service, Random& random, MonotonicTime now);
  /// The service is gone: nothing is eligible any more, for good. One of the same name that comes
  /// later has a Pool of its own.
  void remove(Random& random, MonotonicTime now);
  bool removed() const { return removed_; }

  // Choosing --------------------------------------------------------------------------------------

  enum class Choice : std::uint8_t {
    found,
    full,  // every instance has in_flight_max: wait in the queue
    none,  // no instance is up
  };
  struct Pick {
    Choice choice;
    std::shared_ptr<Endpoint> endpoint;
  };
  /// What a request says of where it goes.
  struct Wish {
    std::optional<std::uint64_t> key;                       // for the consistent hashes
    std::string_view tags;                                  // "version=v3"
    std::string_view sticky;                                // the cookie's value
    std::span<const std::shared_ptr<Endpoint>> tried = {};  // others, if there is any
  };
  /// By the service's policy. When too many rest, all of them are tried: better than refusing all.
  Pick pick(const Wish& wish, Random& random, MonotonicTime now);
  /// Why nothing can answer, for the 503's sentence.
  std::string why_none(const Wish& wish) const;
  const RequestKey& hash_key() const { return hash_key_; }
  /// True if the balancer wants the key of a request.
  bool hashes() const;
  /// The value of the sticky cookie for an endpoint.
  static std::string sticky_value(const Endpoint& endpoint);

  void begin(Endpoint& endpoint);
  /// Ends a request on `endpoint`, and lets the first of those who wait try.
  void end(Endpoint& endpoint);
  /// What came of it; true if the endpoint rests from now on.
  bool note(Endpoint& endpoint, Failure failure, Duration took, MonotonicTime now);

  /// An operator takes it out for that time; false: it gets no requests anyway.
  bool eject(std::string_view id, Duration time, MonotonicTime now);

  // Limits ----------------------------------------------------------------------------------------

  /// Zero: the rates of the service let it in; else how long until they would.
  Duration rate(const http::RequestHead& request, std::string_view client_ip,
                std::string_view caller, MonotonicTime now);
  /// How many may be in flight on the service for a request of that urgency; 0: any number.
  std::uint32_t in_flight_limit(std::uint8_t urgency) const;
  bool lets_in(std::uint8_t urgency) const {
    std::uint32_t limit = in_flight_limit(urgency);
    return limit == 0 || in_flight_ < limit;
  }
  /// Room for another one, as far as can be seen without choosing.
  bool has_room() const { return seats_.full < seats_.size() && lets_in(0); }

  std::uint32_t in_flight() const { return in_flight_; }
  /// Ids (with incarnation) of draining or removed instances that still answer something.
  std::vector<std::string> draining_in_flight() const;
  /// Appends those that rest, up to `most` in all.
  void add_resting(std::vector<catalog::OutOfRotation>& to, std::size_t most,
                   MonotonicTime now) const;
  const std::vector<std::shared_ptr<Endpoint>>& endpoints() const { return endpoints_; }
  const Seats& seats() const { return seats_; }

  /// Answers are kept, or requests joined.
  bool caches() const { return policy().cache.on || policy().cache.join; }
  ResponseCache& cache() { return cache_; }
  const ResponseCache& cache() const { return cache_; }

  /// How its instances are reached by TLS; null: in clear.
  const gateway::InstanceTls* tls() const { return tls_.get(); }
  const std::shared_ptr<const gateway::InstanceTls>& shared_tls() const { return tls_; }
  /// Connections that were made otherwise are used no more.
  void set_tls(std::shared_ptr<const gateway::InstanceTls> tls);
  /// True where a connection tells which version of HTTP it is.
  bool negotiates() const { return tls_ && tls_->negotiates(); }

  http::RetryBudget budget;
  RequestQueue queue;  // requests that wait for room, at most policy().queue_max
  Breaker breaker;
  Flights flights;          // requests that others may wait for
  LatencyWindow latencies;  // of answers to requests that may be hedged
  Hedges hedges;

 private:
  bool take_over(MonotonicTime now, bool first);
  void build(Random& random, MonotonicTime now);
  Seat sticky_seat(std::string_view value, const Ask& ask) const;
  /// What time changes: who rested comes back, who warms up gets more, intervals end.
  void look(MonotonicTime now);
  void end_interval(MonotonicTime now);
  bool bring_back(MonotonicTime now);
  void warm_up(MonotonicTime now);
  void rests(Endpoint& endpoint);
  void see_panic();
  void rests_changed();

  const std::string name_;
  const std::string own_zone_;
  std::shared_ptr<const catalog::Service> service_;
  std::vector<std::shared_ptr<Endpoint>> endpoints_;  // by seat: those that may get requests
  std::vector<const catalog::Instance*> instances_;   // of service_, by seat
  std::vector<std::shared_ptr<Endpoint>> leaving_;    // draining or gone, with requests in flight
  Seats seats_;
  Groups groups_{seats_};
  std::unordered_map<std::uint64_t, Seat> by_name_;  // for sticky cookies
  std::shared_ptr<const gateway::InstanceTls> tls_;
  RequestKey hash_key_;
  RequestKey rate_key_;
  CellRate rate_, key_rate_;
  const std::shared_ptr<RateLedger> rates_;
  AdaptiveLimit adaptive_;
  ResponseCache cache_;
  std::vector<Seat> warming_;
  MonotonicTime next_look_{};
  MonotonicTime interval_end_{};
  std::uint32_t in_flight_ = 0;
  bool removed_ = false;
};

}  // namespace berth::proxy
