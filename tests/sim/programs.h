#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/scope.h"
#include "async/wait_list.h"
#include "http/server.h"
#include "runtime/driver.h"
#include "sim/trial.h"

namespace berth::sim {

/// A program that a service runs: an HTTP server on its host. Its version's variable BEHAVES says
/// how it is: "good", "slow" to begin, "ill" (its check fails), "short" (it ends at once).
struct RunningProgram {
  runtime::LaunchSpec spec;
  std::int64_t pid = 0;
  std::optional<ExitStatus> ended;
  bool removed = false;
  WaitList<ExitStatus> waiting;
  std::unique_ptr<http::Server> server;

  bool runs() const { return !ended; }
  std::string name() const { return spec.id + "@" + spec.incarnation; }
};

/// Told of each request to a program, but for its check's.
using RequestSink =
    std::function<void(const RunningProgram& program, const http::ServerRequest& request)>;

/// The processes of one host. They outlive the agent and its driver; not the host's power.
class Programs {
 public:
  Programs(Trial& trial, Host& host, RequestSink sink)
      : trial_(trial), host_(host), sink_(std::move(sink)) {}

  std::shared_ptr<RunningProgram> begin(runtime::LaunchSpec spec);
  void signal(const std::shared_ptr<RunningProgram>& program, int signal);
  void end(RunningProgram& program, ExitStatus how);
  /// The host's power went.
  void lose_all();
  const std::vector<std::shared_ptr<RunningProgram>>& all() const { return all_; }
  void forget(const RunningProgram& program);
  Trial& trial() { return trial_; }
  Host& host() { return host_; }

 private:
  Deferred<void> serve(std::shared_ptr<RunningProgram> program);
  Deferred<void> end_later(std::shared_ptr<RunningProgram> program, Duration wait, int signal);
  Deferred<http::ServerResponse> answer(const RunningProgram& program,
                                        http::ServerRequest& request);

  Trial& trial_;
  Host& host_;
  RequestSink sink_;
  std::vector<std::shared_ptr<RunningProgram>> all_;
  std::int64_t next_pid_ = 100;
  std::unique_ptr<Scope> scope_ = std::make_unique<Scope>();
};

/// The driver of an agent that runs them.
class ProgramDriver final : public runtime::Driver {
 public:
  explicit ProgramDriver(Programs& programs) : programs_(programs) {}
  Deferred<void> prepare(const placement::ServiceSpec& service, std::uint64_t version,
                         std::function<void(std::string_view)> progress) override;
  Deferred<std::unique_ptr<runtime::RunningInstance>> start(runtime::LaunchSpec spec) override;
  Deferred<std::vector<std::unique_ptr<runtime::RunningInstance>>> find() override;

 private:
  Programs& programs_;
};

}  // namespace berth::sim
