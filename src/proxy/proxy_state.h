#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/counts.h"
#include "proxy/proxy.h"

namespace berth::proxy {

/// What a proxy is like at one moment and what it has counted, as a value: what those of several
/// reactors say adds up to what the process is like. Nothing of it belongs to a reactor.
struct ProxyState {
  /// Of an instance that may get requests.
  struct Instance {
    std::uint64_t in_flight = 0;
    bool resting = false;  // on one reactor at least
    std::string why;       // it rests
  };
  struct Cache {
    CacheCounts counts;
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
  };
  struct Service {
    std::shared_ptr<const catalog::Service> service;
    std::uint64_t in_flight = 0;
    std::uint64_t queued = 0;
    std::uint64_t in_rotation = 0;    // instances that may get requests
    std::uint64_t in_flight_max = 0;  // of an instance
    std::string why_none;             // nothing is in rotation
    std::map<std::string, Instance, std::less<>> instances;
    std::optional<Cache> cache;  // where answers are kept
    Hedges hedges;
  };

  std::uint64_t threads = 1;
  std::uint64_t connections = 0;
  std::uint64_t connections_max = 0;
  std::uint64_t entries_refused = 0;
  bool stopping = false;
  std::vector<Proxy::Front> fronts;
  std::map<std::string, Service, std::less<>> services;
  Counts::All counts;

  static ProxyState of(const Proxy& proxy, const Counts& counts);
  /// What the same proxy says on another reactor. Listeners and services that are not there too are
  /// left out: one of the two has not heard of a change yet.
  void add(const ProxyState& other);
};

}  // namespace berth::proxy
