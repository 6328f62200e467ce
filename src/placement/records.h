#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/json.h"
#include "base/time.h"
#include "placement/spec.h"

// What stands in the Store, by key. Values are JSON (docs/formats/store.md).
//
//   system                 SystemRecord       written by: the first start
//   services/NAME          DesiredService     changes.h (deploy, scale, ...), the controller
//   assignments/NAME/N     Assignment         the controller
//   instances/NAME/N       InstanceRecord     the agent of the host
//   hosts/NAME             HostRecord         the agent, leased
//   catalog/service/NAME   catalog::Service without instances: the controller (compiled policy)
//   catalog/instance/NAME/N  catalog::Instance: the agent (catalog/catalog.h)
//   feed/NNNNNNNNNNNNNNNN  FeedEntry          whoever saw it happen

namespace berth::placement {

/// What is true of the system as a whole.
struct SystemRecord {
  std::string name;
  std::string environment = "dev";
  std::string domain;             // "shop.localhost"
  std::uint32_t vip_network = 0;  // of the /24, host order: 0x7f4d0700 is 127.77.7.0
  bool operator==(const SystemRecord&) const = default;
};

/// A version of a service: what its instances run. Kept so that it can be returned to.
struct Version {
  std::uint64_t number = 0;  // from 1, grows by one with each deploy that replaces instances
  ServiceSpec spec;
  WallTime deployed{};
  bool good = false;  // a rollout to it ended well
  bool operator==(const Version&) const = default;
};

enum class RolloutResult : std::uint8_t { running, done, returned, failed };

/// One change from a version to another (or the same, by restart).
struct Rollout {
  std::uint64_t from = 0;  // 0: the first
  std::uint64_t to = 0;
  WallTime started{};
  WallTime progressed{};  // the last time that `steps` grew
  WallTime ended{};       // zero while it runs
  RolloutResult result = RolloutResult::running;
  std::string why;          // of returned and failed: what was wrong; of running: "1 of 2 replaced"
  bool automatic = false;   // the scheduler's return from a version that failed
  std::uint32_t steps = 0;  // the most instances of it that were started, plus those good, at once
  bool operator==(const Rollout&) const = default;
};

/// The wanted state of one service.
struct DesiredService {
  static constexpr std::size_t versions_kept = 10;  // the good ones go last
  static constexpr std::size_t rollouts_kept = 50;

  std::string name;
  std::uint32_t vip_host = 0;  // last octet of its VIP, 2 to 254, kept for life
  std::uint32_t instances = 1;
  std::uint64_t target = 1;       // the version that is to run
  std::uint64_t generation = 0;   // grows with each restart that was asked for
  bool removed = false;           // `rm`: drain and stop all, then the record goes
  std::vector<Version> versions;  // by number, the newest last
  std::vector<Rollout> rollouts;  // the newest last; at most the last one is running
  bool operator==(const DesiredService&) const = default;

  const Version* version(std::uint64_t number) const;
  const ServiceSpec& spec() const;  // of the target
  /// The newest good version before the target that `rollback` would go to; 0: none.
  std::uint64_t return_to() const;
};

/// That an instance is to run on a host.
struct Assignment {
  std::string service;
  std::uint32_t number = 0;  // of the instance, from 1
  std::uint64_t version = 0;
  std::uint64_t generation = 0;
  std::string host;
  bool stop = false;  // drain it, stop it, then remove its InstanceRecord
  WallTime made{};
  bool operator==(const Assignment&) const = default;

  std::string id() const { return service + "/" + std::to_string(number); }
};

enum class InstanceState : std::uint8_t {
  pending,   // assigned, nothing started yet; `why` says what it waits for
  starting,  // runs, not healthy yet
  healthy,
  unhealthy,  // runs, its check fails
  draining,   // gets nothing new, finishes what it answers
  stopped,    // was told to end and did
  failed,     // ended by itself; started again after a pause
};
std::string_view state_name(InstanceState state);

/// What an agent says of an instance.
struct InstanceRecord {
  std::string service;
  std::uint32_t number = 0;
  std::string incarnation;  // new with every start of a process
  std::uint64_t version = 0;
  std::uint64_t generation = 0;
  std::string host;
  Address address;  // none without a port
  InstanceState state = InstanceState::pending;
  std::string why;
  std::int64_t pid = 0;
  std::uint32_t restarts = 0;  // starts after the first, of this assignment
  WallTime since{};            // in this state
  bool operator==(const InstanceRecord&) const = default;

  std::string id() const { return service + "/" + std::to_string(number); }
};

/// A host with an agent. The key is leased: it goes when the agent is silent.
struct HostRecord {
  std::string name;
  std::string address;  // where its instances are reached: "127.0.0.1"
  std::int64_t cpu_millicores = 0;
  std::int64_t memory_bytes = 0;
  bool docker = false;
  std::string docker_why;  // why there is none
  bool operator==(const HostRecord&) const = default;
};

/// A line of the console's feed (docs/formats/api.md, FEED).
struct FeedEntry {
  std::uint64_t id = 0;
  WallTime time{};
  std::string kind;   // deploy done rollback restart exit dead_letter scale health
  std::string level;  // ok warn bad
  std::string service;
  std::string text;
  std::uint64_t version = 0;  // 0: does not apply
  std::string instance;
  bool operator==(const FeedEntry&) const = default;
};

std::string service_key(std::string_view service);
std::string assignment_key(std::string_view service, std::uint32_t number);
std::string instance_key(std::string_view service, std::uint32_t number);
std::string host_key(std::string_view host);
std::string feed_key(std::uint64_t id);

Json to_json(const SystemRecord&);
Json to_json(const DesiredService&);
Json to_json(const Assignment&);
Json to_json(const InstanceRecord&);
Json to_json(const HostRecord&);
Json to_json(const FeedEntry&);
/// T is one of the above; invalid names the member.
template <class T>
Result<T> from_json(const Json& json);

/// All control state as one value, as it stood at `revision`: what the scheduler decides on and
/// what the console shows.
struct ClusterState {
  std::uint64_t revision = 0;
  SystemRecord system;
  std::map<std::string, DesiredService, std::less<>> services;
  std::map<std::string, std::map<std::uint32_t, Assignment>, std::less<>> assignments;
  std::map<std::string, std::map<std::uint32_t, InstanceRecord>, std::less<>> instances;
  std::map<std::string, HostRecord, std::less<>> hosts;
  std::map<std::string, catalog::Service, std::less<>> policies;  // catalog/service/NAME
  std::map<std::uint64_t, FeedEntry> feed;

  /// Takes over one change of the Store; other keys are ignored. invalid: the value cannot be read
  /// (the state stays as it was).
  Result<void> apply(std::string_view key, const std::string* value);
};

}  // namespace berth::placement
