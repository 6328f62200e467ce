#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/time.h"
#include "catalog/policy.h"

namespace berth::catalog {

/// Whether an instance is given requests: only `healthy` ones are.
enum class Health : std::uint8_t {
  starting,  // runs, its check has not passed yet
  healthy,
  unhealthy,  // its check fails; `why` says how
  draining,   // ends soon: nothing new, what is in flight is finished
};

inline constexpr std::uint32_t weight_max = 1000;
using Tags = std::vector<std::string>;  // "version=v3", "gpu=yes"

/// One running copy as proxies and DNS see it.
struct Instance {
  std::string id;  // "orders/1": service and number; unique while it exists
  std::string
      incarnation;  // changes with every start, so that late news of an earlier one is told apart
  std::string version;  // "v3"
  std::string host;     // name of the host it runs on
  Address address;      // where it answers
  Health health = Health::starting;
  std::string why;           // of `unhealthy` and `starting`, in words
  std::int64_t pid = 0;      // 0 if unknown; tells who calls
  std::uint32_t weight = 1;  // its share beside the others'; 0: nothing new
  std::string zone;          // where its host stands; empty: not said
  Tags tags;                 // besides "version=", "host=" and "zone=", which every one has
  bool operator==(const Instance&) const = default;
};

/// A route of the gateway: LABEL.SYSTEM.localhost:8080/PATH in dev, LABEL.DOMAIN/PATH else.
struct PublicRoute {
  std::string label;  // "web"
  std::string path;   // "/" or "/users"; a prefix by whole segments
  /// Of a route with more: its whole table as berth.toml has it, on one line, whose path goes
  /// before that above; empty: host and path are all.
  std::string rules;
  bool operator==(const PublicRoute&) const = default;
};

/// One service: what is needed to carry a request to it. Immutable once in a Snapshot.
struct Service {
  std::string name;
  std::uint64_t revision = 0;  // of the last change of this part
  Address vip;                 // 127.77.N.M in dev; the port is 7480 (80 too where it may be bound)
  bool has_port = true;        // false: nothing to call (a worker)
  RoutingPolicy policy;
  std::vector<PublicRoute> routes;
  std::vector<Instance> instances;  // by id
  bool operator==(const Service&) const = default;
};

/// The catalog at one revision. Parts are shared between snapshots that do not change them. May be
/// read from any thread.
struct Snapshot {
  std::uint64_t revision = 0;
  std::string system;  // "shop"
  std::string domain;  // "shop.localhost" in dev
  std::map<std::string, std::shared_ptr<const Service>, std::less<>> services;

  const Service* find(std::string_view name) const {
    auto found = services.find(name);
    return found == services.end() ? nullptr : found->second.get();
  }
};

}  // namespace berth::catalog
