#include "runtime/docker_instance.h"

#include "async/process.h"
#include "base/strings.h"
#include "base/units.h"
#include "runtime/command_line.h"

namespace berth::runtime {
namespace {

constexpr Duration wait_timeout = 1h;  // then it is asked again
constexpr Duration away_pause = 1s;
constexpr Duration command_pause = 50ms;
constexpr int signal_exit = 128;  // 137: killed by signal 9, as shells and Docker tell it
constexpr int signal_max = 64;

ExitStatus status_of_code(int code) {
  if (code > signal_exit && code <= signal_exit + signal_max) return {0, code - signal_exit, ""};
  return {code, 0, ""};
}

std::vector<std::uint16_t> exposed_ports(const Json& inspected) {
  std::vector<std::uint16_t> ports;
  for (auto& [name, value] : inspected["Config"]["ExposedPorts"].members()) {
    auto port = parse_integer<std::uint16_t>(std::string_view(name).substr(0, name.find('/')));
    if (port.ok() && name.ends_with("/tcp")) ports.push_back(*port);
  }
  return ports;
}

}  // namespace

DockerInstance::DockerInstance(DockerApi& api, Log log, LaunchSpec spec, const Json& inspected,
                               std::string log_path, LaunchNotes notes)
    : api_(api),
      spec_(std::move(spec)),
      container_(inspected["Id"].string_or("")),
      pid_(inspected["State"]["Pid"].integer().value_or(0)),
      notes_(std::move(notes)),
      exposed_(exposed_ports(inspected)),
      logs_(api, log, container_, std::move(log_path)) {
  logs_.start();
}

Deferred<ExitStatus> DockerInstance::wait() {
  for (;;) {
    auto ended = co_await api_.call("POST", target("/wait"), {}, wait_timeout).result();
    if (ended.ok()) {
      co_return co_await exit_status(
          static_cast<int>((*ended)["StatusCode"].integer().value_or(0)));
    }
    Error error = std::move(ended).error();
    if (error.is(Code::cancelled)) co_return error;
    if (error.is(Code::not_found)) {
      co_return Error(Code::unavailable, "its container was removed");
    }
    // Docker is away, or the time is over: the container is looked at again.
    if (!error.is(Code::timed_out)) co_await api_.world().clock.after(away_pause);
  }
}

Deferred<ExitStatus> DockerInstance::exit_status(int code) {
  ExitStatus how = status_of_code(code);
  auto inspected = co_await api_.call("GET", target("/json")).result();
  if (!inspected.ok()) {
    if (inspected.error().is(Code::cancelled)) co_return std::move(inspected).error();
    if (inspected.error().is(Code::not_found)) how.note = "its container was removed";
    co_return how;
  }
  auto& state = (*inspected)["State"];
  if (state["OOMKilled"].boolean().value_or(false)) {
    how.note = "out of memory: its limit is " + write_size(spec_.service.memory_bytes);
  } else {
    how.note = trim(state["Error"].string_or(""));
  }
  co_return how;
}

Deferred<void> DockerInstance::send_signal(int signal) {
  auto sent = co_await api_.call("POST", target("/kill?signal=" + std::to_string(signal))).result();
  if (sent.ok() || sent.error().is(Code::conflict) || sent.error().is(Code::not_found)) co_return;
  co_await fail_with(sent.error());
}

/// A command that is dropped runs on in the container: the Engine ends none.
Deferred<ExitStatus> DockerInstance::execute(std::string command) {
  auto arguments = co_await or_return(command_arguments(command));
  Json body = Json::object();
  body.set("Cmd", Json::array_of(std::move(arguments)));
  Json made = co_await api_.call("POST", target("/exec"), std::move(body));
  std::string exec = "/exec/" + std::string(made["Id"].string_or(""));
  Json detached = Json::object();
  detached.set("Detach", true);
  (void)co_await api_.call("POST", exec + "/start", std::move(detached));
  for (;;) {
    Json state = co_await api_.call("GET", exec + "/json");
    if (!state["Running"].boolean().value_or(false)) {
      co_return status_of_code(static_cast<int>(state["ExitCode"].integer().value_or(0)));
    }
    co_await api_.world().clock.after(command_pause);
  }
}

Deferred<Listening> DockerInstance::listening() {
  return ready(Listening{api_.world().process.listening(pid_), exposed_});
}

Deferred<void> DockerInstance::remove() {
  auto rest = co_await with_timeout(api_.world().clock, logs_timeout, logs_.copied()).result();
  if (!rest.ok() && rest.error().is(Code::cancelled)) co_await fail_with(rest.error());
  auto removed = co_await api_.call("DELETE", target("?force=1&v=1")).result();
  if (removed.ok() || removed.error().is(Code::not_found)) co_return;
  if (removed.error().is(Code::conflict)) co_return;  // its removal is under way
  co_await fail_with(removed.error());
}

}  // namespace berth::runtime
