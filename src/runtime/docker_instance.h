#pragma once

#include <string>

#include "base/json.h"
#include "runtime/docker_api.h"
#include "runtime/docker_logs.h"
#include "runtime/driver.h"

namespace berth::runtime {

/// A container and the copying of its output. Made by DockerDriver, which outlives it.
class DockerInstance final : public RunningInstance {
 public:
  static constexpr Duration logs_timeout = 2s;  // for the rest of its output, at its removal

  /// `inspected`: what GET /containers/ID/json answered.
  DockerInstance(DockerApi& api, Log log, LaunchSpec spec, const Json& inspected,
                 std::string log_path, LaunchNotes notes);

  const LaunchSpec& spec() const override { return spec_; }
  std::int64_t pid() const override { return pid_; }
  LaunchNotes notes() const override { return notes_; }
  Deferred<ExitStatus> wait() override;
  Deferred<void> send_signal(int signal) override;
  Deferred<ExitStatus> execute(std::string command) override;
  Deferred<Listening> listening() override;
  Deferred<void> remove() override;

 private:
  std::string target(std::string_view what) const {
    return "/containers/" + container_ + std::string(what);
  }
  Deferred<ExitStatus> exit_status(int code);

  DockerApi& api_;
  LaunchSpec spec_;
  std::string container_;
  std::int64_t pid_;
  LaunchNotes notes_;
  std::vector<std::uint16_t> exposed_;
  DockerLogs logs_;
};

}  // namespace berth::runtime
