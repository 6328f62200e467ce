#pragma once

#include <string>

#include "async/world.h"
#include "base/log.h"
#include "runtime/docker_api.h"
#include "runtime/docker_images.h"
#include "runtime/driver.h"

namespace berth::runtime {

struct DockerDriverOptions {
  std::string socket_path = "/var/run/docker.sock";
  std::string state_folder;
  std::string system;  // for names that people read
};

/// Runs instances as containers by the Docker Engine on this host, on the host's network: an
/// instance listens on $PORT, or on its image's fixed port, then once a host. Its labels tell what
/// is ours (docs/formats/docker.md); nothing else is touched. Docker keeps the containers over
/// restarts of Berth. One a state folder, on one reactor; outlives its instances. While Docker is
/// away its operations fail with `unavailable`, and instances wait for it.
class DockerDriver final : public Driver {
 public:
  DockerDriver(World& world, Log log, DockerDriverOptions options);

  Deferred<void> prepare(const placement::ServiceSpec& service, std::uint64_t version,
                         std::function<void(std::string_view)> progress) override;
  Deferred<std::unique_ptr<RunningInstance>> start(LaunchSpec spec) override;
  Deferred<std::vector<std::unique_ptr<RunningInstance>>> find() override;

 private:
  Deferred<std::string> state_id();
  Deferred<Json> container_spec(LaunchSpec spec, std::string state_id);
  Deferred<std::unique_ptr<RunningInstance>> find_one(std::string container);
  Deferred<std::unique_ptr<RunningInstance>> create_and_start(LaunchSpec spec);
  std::unique_ptr<RunningInstance> instance_of(LaunchSpec spec, const Json& inspected,
                                               std::string limits);

  World& world_;
  Log log_;
  DockerDriverOptions options_;
  DockerApi api_;
  DockerImages images_;
  std::string state_id_;
  bool with_init_ = true;  // Docker's small process 1, which passes signals on and reaps
};

}  // namespace berth::runtime
