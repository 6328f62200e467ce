#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "async/random.h"
#include "async/wait_list.h"
#include "catalog/model.h"
#include "http/retry_budget.h"
#include "proxy/endpoint.h"

namespace berth::proxy {

/// The instances of one service and which of them answers next. Lives as long as its Proxy, through
/// every change of the catalog: counters, queues and connections go on. One thread.
///
/// Invariants: a request counts in exactly one endpoint's in_flight; an endpoint that left the
/// catalog gets nothing new and is freed when its last request ended.
class Pool {
 public:
  explicit Pool(std::string name) : name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  const catalog::RoutingPolicy& policy() const { return service_->policy; }
  const catalog::Service& service() const { return *service_; }
  /// Takes over a new state of the service: endpoints that stay keep all they have.
  void apply(std::shared_ptr<const catalog::Service> service);
  /// The service is gone: nothing is eligible any more, for good. One of the same name that comes
  /// later has a Pool of its own.
  void remove();
  bool removed() const { return removed_; }

  enum class Choice : std::uint8_t {
    found,
    full,  // every instance has in_flight_max: wait in the queue
    none,  // no instance is up
  };
  struct Pick {
    Choice choice;
    std::shared_ptr<Endpoint> endpoint;
  };
  /// Least requests in flight of two that chance chooses; `avoid` (a retry's last one) only if it
  /// is alone. When every healthy one rests, all of them are tried: better than refusing all.
  Pick pick(Random& random, MonotonicTime now, const Endpoint* avoid);
  /// Why nothing can answer, for the 503's sentence.
  std::string why_none() const;

  void begin(Endpoint& endpoint) {
    ++endpoint.in_flight;
    ++endpoint.requests;
    ++in_flight_;
  }
  /// Ends a request on `endpoint`, and lets the first of those who wait try.
  void end(Endpoint& endpoint);

  std::uint32_t in_flight() const { return in_flight_; }
  /// Ids (with incarnation) of draining or removed instances that still answer something.
  std::vector<std::string> draining_in_flight() const;
  const std::vector<std::shared_ptr<Endpoint>>& endpoints() const { return endpoints_; }

  http::RetryBudget budget;
  WaitList<void> queue;  // requests that wait for room on an instance, at most policy().queue_max

 private:
  std::string name_;
  std::shared_ptr<const catalog::Service> service_;
  std::vector<std::shared_ptr<Endpoint>> endpoints_;  // healthy ones
  std::vector<std::shared_ptr<Endpoint>> leaving_;    // draining or gone, with requests in flight
  std::uint32_t in_flight_ = 0;
  bool removed_ = false;
};

}  // namespace berth::proxy
