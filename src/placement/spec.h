#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "catalog/model.h"

namespace berth::placement {

/// How an instance is asked whether it is well.
struct HealthCheck {
  enum class Kind : std::uint8_t {
    process,  // well while its process runs: for services without a port
    tcp,      // accepts a connection on its port
    http,     // GET `target` answers 2xx or 3xx
    command,  // `target` run in its folder with its variables ends with 0
  };
  Kind kind = Kind::tcp;
  std::string target;  // path of http, command line of command
  Duration interval = 1s;
  Duration timeout = 2s;
  Duration grace = 30s;    // from its start: failures do not count until the first success
  std::uint32_t rise = 1;  // successes in a row that make it healthy
  std::uint32_t fall = 3;  // failures in a row that make it unhealthy
  bool operator==(const HealthCheck&) const = default;
};

/// How a new version replaces the one before.
struct UpdatePolicy {
  std::uint32_t parallel = 1;  // how many new instances may be on their way at once
  Duration healthy_for = 2s;   // so long healthy, then it counts
  Duration deadline = 1min;    // without progress for so long: return to the last good version
  bool operator==(const UpdatePolicy&) const = default;
};

/// One [service.NAME] of a system file with every default filled in. A plain value.
struct ServiceSpec {
  enum class Source : std::uint8_t { command, image, build };

  std::string name;
  Source source = Source::command;
  std::string run;     // the command line, the image's name, or the absolute folder of a Dockerfile
  std::string folder;  // absolute: where commands run
  /// What it listens on: a fixed port, or 0: Berth chooses one and tells it in $PORT.
  std::uint16_t port = 0;
  bool has_port = true;  // false (port = false): it serves nothing, a worker
  std::uint32_t instances = 1;
  std::int64_t cpu_millicores = 0;  // reserved; 0: nothing
  std::int64_t memory_bytes = 0;    // reserved and the limit; 0: none
  HealthCheck health;
  std::vector<catalog::PublicRoute> routes;
  std::vector<std::string> needs;
  catalog::RoutingPolicy calls;
  std::vector<std::pair<std::string, std::string>> env;  // in the file's order
  std::map<std::string, std::string> on;                 // topic to path
  UpdatePolicy update;
  bool operator==(const ServiceSpec&) const = default;

  /// True if instances of `other` must be replaced to become this: all but instances, routes,
  /// needs, calls, on and update. These take effect without touching an instance.
  bool replaces(const ServiceSpec& other) const;
};

/// What one system file (with its includes and the environment's overlay) describes.
struct SystemSpec {
  std::string name;
  std::string environment;            // "dev"
  std::vector<ServiceSpec> services;  // by name
  bool operator==(const SystemSpec&) const = default;

  const ServiceSpec* find(std::string_view name) const;
};

Json to_json(const ServiceSpec& spec);
/// invalid names the member. Unknown members are ignored, missing ones keep their default.
Result<ServiceSpec> service_spec_from_json(const Json& json);

/// Every setting of a service, defaults too: key ("instances", "env.LEVEL") and value as in
/// berth.toml; the value is empty where nothing would be written. "folder" and "health.process" are
/// no keys there.
std::vector<std::pair<std::string, std::string>> written_settings(const ServiceSpec& spec);

/// One setting that differs, for `berth plan`: key as in berth.toml ("instances", "env.LEVEL"),
/// values as they would be written there; empty where one side has none.
struct FieldChange {
  std::string key;
  std::string from;
  std::string to;
};
std::vector<FieldChange> differences(const ServiceSpec& from, const ServiceSpec& to);

}  // namespace berth::placement
