#include "runtime/process_instance.h"

#include "async/clock.h"
#include "async/network.h"
#include "runtime/command_line.h"
#include "runtime/shim_client.h"

namespace berth::runtime {
namespace {

ExitStatus exit_status_of(const Json& status) {
  ExitStatus how;
  how.code = static_cast<int>(status["code"].integer().value_or(0));
  how.signal = static_cast<int>(status["signal"].integer().value_or(0));
  how.note = status["note"].string_or("");
  return how;
}

/// A command under way; kills it if it is dropped before its end.
struct CommandRun {
  std::unique_ptr<Child> child;
  bool ended = false;

  ~CommandRun() {
    if (!ended) child->send_signal(SIGKILL, true);
  }
};

}  // namespace

ProcessInstance::ProcessInstance(ProcessDriver& driver, LaunchSpec spec, Json status)
    : driver_(driver),
      files_(driver.files_of(spec.incarnation)),
      spec_(std::move(spec)),
      pid_(status["pid"].integer().value_or(0)),
      notes_{std::string(status["hosts"].string_or("")),
             std::string(status["limits"].string_or(""))} {}

Deferred<ExitStatus> ProcessInstance::wait() {
  std::string id = spec_.id;
  auto status = co_await ask_shim(driver_.world_.network, files_.socket, "wait").result();
  if (!status.ok()) {
    if (status.error().is(Code::cancelled)) co_return std::move(status).error();
    co_return Error(Code::unavailable, "its shim died, and it with it");
  }
  co_return exit_status_of(*status);
}

Deferred<void> ProcessInstance::send_signal(int signal) {
  co_await with_timeout(
      driver_.world_.clock, ProcessDriver::answer_timeout,
      ask_shim(driver_.world_.network, files_.socket, "signal " + std::to_string(signal)));
}

Deferred<ExitStatus> ProcessInstance::execute(std::string command) {
  SpawnSpec spawn;
  spawn.argv = co_await or_return(command_arguments(command));
  spawn.env = spec_.env;
  spawn.folder = spec_.service.folder;
  CommandRun run{co_await driver_.world_.process.spawn(std::move(spawn))};
  ExitStatus how = co_await run.child->wait();
  run.ended = true;
  co_return how;
}

Deferred<Listening> ProcessInstance::listening() {
  return ready(Listening{driver_.world_.process.listening(pid_), {}});
}

Deferred<void> ProcessInstance::remove() {
  auto answer = co_await with_timeout(driver_.world_.clock, ProcessDriver::answer_timeout,
                                      ask_shim(driver_.world_.network, files_.socket, "forget"))
                    .result();
  if (answer.ok() && (*answer)["ok"].boolean().value_or(false)) co_return;
  if (answer.ok()) co_await fail_with(Error(Code::conflict, spec_.id + " still runs"));
  co_await driver_.clean_up(files_);
}

}  // namespace berth::runtime
