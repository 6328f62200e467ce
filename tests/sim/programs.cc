#include "sim/programs.h"

#include <csignal>

namespace berth::sim {
namespace {

std::string behaviour_of(const runtime::LaunchSpec& spec) {
  for (auto& [key, value] : spec.service.env) {
    if (key == "BEHAVES") return value;
  }
  return "good";
}

class ProgramInstance final : public runtime::RunningInstance {
 public:
  ProgramInstance(Programs& programs, std::shared_ptr<RunningProgram> program)
      : programs_(programs), program_(std::move(program)) {}

  const runtime::LaunchSpec& spec() const override { return program_->spec; }
  std::int64_t pid() const override { return program_->pid; }
  runtime::LaunchNotes notes() const override { return {"bound", "none asked for"}; }
  Deferred<ExitStatus> wait() override {
    if (program_->ended) return ready(ExitStatus(*program_->ended));
    return program_->waiting.wait();
  }
  Deferred<void> send_signal(int signal) override {
    programs_.signal(program_, signal);
    return ready();
  }
  Deferred<void> remove() override {
    program_->removed = true;
    programs_.forget(*program_);
    return ready();
  }

 private:
  Programs& programs_;
  std::shared_ptr<RunningProgram> program_;
};

}  // namespace

std::shared_ptr<RunningProgram> Programs::begin(runtime::LaunchSpec spec) {
  auto program = std::make_shared<RunningProgram>();
  program->spec = std::move(spec);
  program->pid = next_pid_++;
  all_.push_back(program);
  trial_.say(program->name() + " of version " + std::to_string(program->spec.version) +
             " begins on " + host_.name());
  scope_->add(serve(program));
  return program;
}

Deferred<void> Programs::serve(std::shared_ptr<RunningProgram> program) {
  std::string behaviour = behaviour_of(program->spec);
  co_await host_.clock.after(trial_.between(10ms, behaviour == "slow" ? 3s : 300ms));
  if (program->ended) co_return;
  if (behaviour == "short") {
    end(*program, {3, 0, ""});
    co_return;
  }
  auto listener = host_.network.listen(host_.address(program->spec.port));
  if (!listener.ok()) {
    end(*program, {4, 0, listener.error().text()});
    co_return;
  }
  program->server = std::make_unique<http::Server>(
      host_.clock,
      [this, of = program.get()](http::ServerRequest& request) { return answer(*of, request); });
  program->server->serve(std::move(*listener));
}

Deferred<http::ServerResponse> Programs::answer(const RunningProgram& program,
                                                http::ServerRequest& request) {
  if (request.head.path() == "/health") {
    bool ill = behaviour_of(program.spec) == "ill";
    co_return http::ServerResponse::text(ill ? "ill" : "well", ill ? 500 : 200);
  }
  sink_(program, request);
  std::string name = program.name();
  co_await host_.clock.after(trial_.between(0ms, trial_.chance(0.05) ? 800ms : 30ms));
  co_return http::ServerResponse::text(std::move(name));
}

/// TERM takes a while, in which it still answers; KILL does not.
void Programs::signal(const std::shared_ptr<RunningProgram>& program, int signal) {
  if (program->ended) return;
  trial_.say(program->name() + " gets signal " + std::to_string(signal));
  if (signal == SIGKILL) return end(*program, {0, signal, ""});
  Duration wait = trial_.chance(0.05) ? 1h : trial_.between(1ms, 300ms);
  scope_->add(end_later(program, wait, signal));
}

Deferred<void> Programs::end_later(std::shared_ptr<RunningProgram> program, Duration wait,
                                   int signal) {
  co_await host_.clock.after(wait);
  end(*program, {0, signal, ""});
}

void Programs::end(RunningProgram& program, ExitStatus how) {
  if (program.ended) return;
  trial_.say(program.name() + " ends: " + how.text());
  program.ended = how;
  program.server = nullptr;
  while (!program.waiting.empty()) program.waiting.wake(how);
}

void Programs::lose_all() {
  scope_ = std::make_unique<Scope>();
  for (auto& program : all_) {
    if (program->ended) continue;
    program->ended = ExitStatus{0, SIGKILL, ""};
    program->server = nullptr;
  }
  all_.clear();
}

void Programs::forget(const RunningProgram& program) {
  std::erase_if(all_, [&](auto& each) { return each.get() == &program; });
}

Deferred<void> ProgramDriver::prepare(const placement::ServiceSpec&, std::uint64_t,
                                      std::function<void(std::string_view)>) {
  Trial& trial = programs_.trial();
  co_await programs_.host().clock.after(trial.between(1ms, 50ms));
}

Deferred<std::unique_ptr<runtime::RunningInstance>> ProgramDriver::start(runtime::LaunchSpec spec) {
  Trial& trial = programs_.trial();
  co_await programs_.host().clock.after(trial.between(1ms, 30ms));
  auto program = programs_.begin(std::move(spec));
  co_await programs_.host().clock.after(trial.between(1ms, 30ms));
  co_return std::unique_ptr<runtime::RunningInstance>(
      new ProgramInstance(programs_, std::move(program)));
}

Deferred<std::vector<std::unique_ptr<runtime::RunningInstance>>> ProgramDriver::find() {
  co_await programs_.host().clock.after(programs_.trial().between(1ms, 20ms));
  std::vector<std::unique_ptr<runtime::RunningInstance>> found;
  for (auto& program : programs_.all()) {
    found.push_back(std::make_unique<ProgramInstance>(programs_, program));
  }
  co_return std::move(found);
}

}  // namespace berth::sim
