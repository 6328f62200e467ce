#include "sim/process.h"

#include <optional>

#include "async/wait_list.h"

namespace berth::sim {

struct Process::Running {
  std::optional<ExitStatus> ended;
  WaitList<ExitStatus> waiting;
  Deferred<void> work;

  void end(ExitStatus status) {
    ended = status;
    while (!waiting.empty()) waiting.wake(status);
  }
};

namespace {

Deferred<void> follow(Process::Running& running, Deferred<int> program) {
  auto result = co_await std::move(program).result();
  running.end({result.ok() ? *result : 127, 0});
}

class SimChild final : public Child {
 public:
  SimChild(std::shared_ptr<Process::Running> running, std::int64_t pid)
      : running_(std::move(running)), pid_(pid) {}

  std::int64_t pid() const override { return pid_; }
  Deferred<ExitStatus> wait() override {
    return running_->ended ? ready(ExitStatus(*running_->ended)) : running_->waiting.wait();
  }
  void send_signal(int signal, bool) override {
    if (running_->ended || signal == 0) return;
    auto running = running_;
    running->work.reset();
    running->end({0, signal});
  }

 private:
  std::shared_ptr<Process::Running> running_;
  std::int64_t pid_;
};

}  // namespace

Process::Process(Node& node) : node_(node) {}
Process::~Process() = default;

Result<std::string> Process::find_program(const SpawnSpec& spec) {
  std::string name = spec.argv.empty() ? std::string() : spec.argv[0];
  if (programs_.contains(name) && node_.up) return name;
  return Error(Code::not_found, "starting " + name + ": there is no such program on this host");
}

Deferred<std::unique_ptr<Child>> Process::spawn(SpawnSpec spec) {
  using Answer = std::unique_ptr<Child>;
  if (!spec.inherited.empty()) {
    return failed<Answer>(Error(Code::unsupported, "a simulated program inherits no descriptors"));
  }
  if (spec.pipes) {
    return failed<Answer>(Error(Code::unsupported, "a simulated program has no pipes"));
  }
  auto name = find_program(spec);
  if (!name.ok()) return failed<Answer>(std::move(name).error());
  std::erase_if(running_, [](auto& each) { return each->ended.has_value(); });
  auto running = std::make_shared<Running>();
  running_.push_back(running);
  running->work = follow(*running, programs_.at(*name)(std::move(spec)));
  return ready(Answer(new SimChild(running, next_pid_++)));
}

}  // namespace berth::sim
