#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/wait_list.h"
#include "runtime/driver.h"

namespace berth::runtime {

/// An instance that lives in memory beyond the object that a driver gives out, as a process does.
struct FakeProgram {
  LaunchSpec spec;
  std::int64_t pid = 0;
  std::optional<ExitStatus> ended;
  bool lost = false;  // its shim died
  bool removed = false;
  bool hangs_at_term = false;
  std::vector<int> signals;
  Listening listens;
  ExitStatus command_result;
  std::shared_ptr<void> serves;  // what answers on its port
  WaitList<void> changed;

  void end(ExitStatus how) {
    if (ended) return;
    ended = std::move(how);
    serves.reset();
    while (!changed.empty()) changed.wake();
  }
  void lose() {
    lost = true;
    end({});
  }
};

class FakeInstance final : public RunningInstance {
 public:
  explicit FakeInstance(std::shared_ptr<FakeProgram> program) : program_(std::move(program)) {}

  const LaunchSpec& spec() const override { return program_->spec; }
  std::int64_t pid() const override { return program_->pid; }
  LaunchNotes notes() const override { return {"bound", "not enforced: of no machine"}; }
  Deferred<ExitStatus> wait() override {
    auto program = program_;
    while (!program->ended) co_await program->changed.wait();
    if (program->lost) co_return Error(Code::unavailable, "its shim died, and it with it");
    co_return ExitStatus(*program->ended);
  }
  Deferred<void> send_signal(int signal) override {
    program_->signals.push_back(signal);
    if (signal == SIGKILL || !program_->hangs_at_term) program_->end({0, signal, ""});
    return ready();
  }
  Deferred<ExitStatus> execute(std::string) override {
    return ready(ExitStatus(program_->command_result));
  }
  Deferred<Listening> listening() override { return ready(Listening(program_->listens)); }
  Deferred<void> remove() override {
    program_->removed = true;
    return ready();
  }

 private:
  std::shared_ptr<FakeProgram> program_;
};

/// Starts programs in memory; they outlive it as long as the test keeps `programs`.
class FakeDriver final : public Driver {
 public:
  Deferred<void> prepare(const placement::ServiceSpec& service, std::uint64_t,
                         std::function<void(std::string_view)> progress) override {
    prepared.push_back(service.name);
    if (progress) progress("preparing " + service.name);
    while (preparing_held) co_await released.wait();
    if (prepare_error) co_await fail_with(*prepare_error);
  }
  Deferred<std::unique_ptr<RunningInstance>> start(LaunchSpec spec) override {
    if (start_error) return failed<std::unique_ptr<RunningInstance>>(*start_error);
    auto program = std::make_shared<FakeProgram>();
    program->spec = std::move(spec);
    program->pid = 1000 + static_cast<std::int64_t>(programs.size());
    programs.push_back(program);
    if (on_start) on_start(*program);
    if (die_at_start) program->end({1, 0, ""});
    return ready(std::unique_ptr<RunningInstance>(std::make_unique<FakeInstance>(program)));
  }
  Deferred<std::vector<std::unique_ptr<RunningInstance>>> find() override {
    if (find_error) {
      return failed<std::vector<std::unique_ptr<RunningInstance>>>(*find_error);
    }
    std::vector<std::unique_ptr<RunningInstance>> found;
    for (auto& program : programs) {
      if (!program->removed) found.push_back(std::make_unique<FakeInstance>(program));
    }
    return ready(std::move(found));
  }

  /// The latest of that id that was started; null: none was.
  FakeProgram* program(std::string_view id) {
    FakeProgram* latest = nullptr;
    for (auto& each : programs) {
      if (each->spec.id == id) latest = each.get();
    }
    return latest;
  }
  std::size_t started(std::string_view id) const {
    std::size_t count = 0;
    for (auto& each : programs) count += each->spec.id == id;
    return count;
  }
  void release() {
    preparing_held = false;
    while (!released.empty()) released.wake();
  }

  std::vector<std::shared_ptr<FakeProgram>> programs;
  std::vector<std::string> prepared;
  std::optional<Error> prepare_error;
  std::optional<Error> start_error;
  std::optional<Error> find_error;
  std::function<void(FakeProgram&)> on_start;
  bool die_at_start = false;
  bool preparing_held = false;
  WaitList<void> released;
};

}  // namespace berth::runtime
