#pragma once

#include <string>

#include "async/world.h"
#include "base/json.h"
#include "runtime/process_driver.h"

namespace berth::runtime {

/// A process under its shim, reached by the shim's socket. Made by ProcessDriver, which outlives
/// it.
class ProcessInstance final : public RunningInstance {
 public:
  /// `status`: what the shim said last.
  ProcessInstance(ProcessDriver& driver, LaunchSpec spec, Json status);

  const LaunchSpec& spec() const override { return spec_; }
  std::int64_t pid() const override { return pid_; }
  LaunchNotes notes() const override { return notes_; }
  Deferred<ExitStatus> wait() override;
  Deferred<void> send_signal(int signal) override;
  Deferred<ExitStatus> execute(std::string command) override;
  Deferred<Listening> listening() override;
  Deferred<void> remove() override;

 private:
  ProcessDriver& driver_;
  ProcessDriver::Files files_;
  LaunchSpec spec_;
  std::int64_t pid_;
  LaunchNotes notes_;
};

}  // namespace berth::runtime
