#include "runtime/process_driver.h"

#include "async/clock.h"
#include "async/disk.h"
#include "async/network.h"
#include "base/strings.h"
#include "runtime/command_line.h"
#include "runtime/launch_json.h"
#include "runtime/log_path.h"
#include "runtime/process_instance.h"
#include "runtime/shim_client.h"

namespace berth::runtime {
namespace {

constexpr std::string_view spec_ending = ".json";
constexpr std::size_t spec_bytes_max = 4 << 20;

Json shim_spec(const LaunchSpec& spec, std::vector<std::string> arguments,
               const ProcessDriver::Files& files, const std::string& state_folder) {
  Json json = Json::object();
  json.set("format", 1);
  json.set("socket", files.socket);
  json.set("status", files.status);
  json.set("log", log_path(state_folder, spec.id));
  json.set("log_bytes_max", log_file_bytes_max);
  json.set("argv", Json::array_of(std::move(arguments)));
  Json env = Json::object();
  for (auto& [key, value] : spec.env) env.set(key, value);
  json.set("env", std::move(env));
  json.set("folder", spec.service.folder);
  json.set("hosts", spec.hosts_path);
  json.set("cgroup_name", "berth-" + spec.incarnation);
  Json limits = Json::object();
  limits.set("memory_bytes", spec.service.memory_bytes);
  limits.set("cpu_millicores", spec.service.cpu_millicores);
  json.set("limits", std::move(limits));
  json.set("launch", to_json(spec));
  return json;
}

/// The status of a shim that was just started, once it answers.
Deferred<Json> first_status(World& world, std::string socket, Child& shim) {
  Deferred<ExitStatus> ended = shim.wait();
  for (Duration pause = 1ms; ended.pending(); pause = std::min<Duration>(pause * 2, 20ms)) {
    auto status = co_await ask_shim(world.network, socket, "status").result();
    if (status.ok()) co_return std::move(*status);
    co_await world.clock.after(pause);
  }
  co_return Error(Code::unavailable, "its shim ended at once: " + ended.take()->text());
}

}  // namespace

ProcessDriver::ProcessDriver(World& world, Log log, ProcessDriverOptions options)
    : world_(world), log_(log), options_(std::move(options)) {}

ProcessDriver::Files ProcessDriver::files_of(std::string_view incarnation) const {
  std::string base = options_.state_folder + "/shims/" + std::string(incarnation);
  return {base + std::string(spec_ending), base + ".sock", base + ".status"};
}

Deferred<void> ProcessDriver::prepare(const placement::ServiceSpec& service, std::uint64_t,
                                      std::function<void(std::string_view)>) {
  SpawnSpec spawn;
  spawn.env = options_.environment;
  for (auto& variable : service.env) spawn.env.push_back(variable);
  spawn.folder = service.folder;
  std::string name = service.name;
  (void)co_await or_return(command_arguments(service.run));
  spawn.argv = {command_program(service.run)};
  auto listed = co_await world_.disk.list(spawn.folder).result();
  if (!listed.ok() && listed.error().is(Code::not_found)) {
    co_await fail_with(
        Error(Code::not_found, "the folder " + spawn.folder + " of " + name + " is not there"));
  }
  if (spawn.argv[0].empty()) co_return;
  auto found = world_.process.find_program(spawn);
  if (found.ok()) co_return;
  std::string text(found.error().message());
  if (found.error().is(Code::not_found)) {
    text += ": install it, or correct `command` of " + name;
  }
  co_await fail_with(Error(found.error().code(), std::move(text)));
}

Deferred<std::unique_ptr<Child>> ProcessDriver::spawn_shim(std::string spec_path) {
  SpawnSpec spawn;
  spawn.argv = {options_.program, "shim", std::move(spec_path)};
  spawn.output_path = options_.state_folder + "/shims/errors.log";
  spawn.detached = true;
  return world_.process.spawn(std::move(spawn));
}

Deferred<std::unique_ptr<RunningInstance>> ProcessDriver::start(LaunchSpec spec) {
  auto arguments = co_await or_return(command_arguments(spec.service.run));
  Files files = files_of(spec.incarnation);
  co_await world_.disk.make_folder(options_.state_folder + "/shims");
  co_await world_.disk.make_folder(options_.state_folder + "/logs");
  std::string text = shim_spec(spec, std::move(arguments), files, options_.state_folder).text();
  {
    auto file = co_await world_.disk.open(files.spec, OpenMode::create_new);
    co_await file->write(0, Bytes::copy(text));
  }
  auto shim = co_await spawn_shim(files.spec);
  auto status =
      co_await with_timeout(world_.clock, answer_timeout, first_status(world_, files.socket, *shim))
          .result();
  if (!status.ok()) {
    Error error = std::move(status).error();
    if (error.is(Code::cancelled)) co_return error;
    (void)co_await clean_up(files).result();
    co_return std::move(error).during("starting " + spec.id);
  }
  bool started = (*status)["pid"].integer().value_or(0) != 0;
  Error failure(Code::unavailable, std::string((*status)["note"].string_or("it did not start")));
  auto instance = std::make_unique<ProcessInstance>(*this, std::move(spec), std::move(*status));
  if (started) co_return std::unique_ptr<RunningInstance>(std::move(instance));
  (void)co_await instance->remove().result();
  co_return failure;
}

Deferred<std::vector<std::unique_ptr<RunningInstance>>> ProcessDriver::find() {
  std::vector<std::unique_ptr<RunningInstance>> found;
  auto entries = co_await world_.disk.list(options_.state_folder + "/shims").result();
  if (!entries.ok()) {
    if (entries.error().is(Code::not_found)) co_return std::move(found);
    co_return std::move(entries).error();
  }
  for (auto& entry : *entries) {
    if (!entry.name.ends_with(spec_ending)) continue;
    auto one =
        co_await find_one(entry.name.substr(0, entry.name.size() - spec_ending.size())).result();
    if (one.ok() && *one) found.push_back(std::move(*one));
    if (!one.ok()) {
      log_.warning("an instance that was running cannot be adopted",
                   {{"spec", entry.name}, {"error", one.error()}});
    }
  }
  co_return std::move(found);
}

/// Null: it is gone.
Deferred<std::unique_ptr<RunningInstance>> ProcessDriver::find_one(std::string incarnation) {
  Files files = files_of(incarnation);
  std::string text = co_await world_.disk.read_file(files.spec, spec_bytes_max);
  auto json = Json::parse(text);
  auto spec = json.ok() ? launch_from_json((*json)["launch"]) : Result<LaunchSpec>(json.error());
  if (!spec.ok() || spec->incarnation != incarnation) {  // torn: its shim was never started
    log_.warning("the spec of a shim cannot be read and is removed", {{"spec", files.spec}});
    co_await world_.disk.remove(files.spec);
    co_return std::unique_ptr<RunningInstance>();
  }
  for (auto& [key, value] : (*json)["env"].members()) {
    spec->env.emplace_back(key, value.string_or(""));
  }
  auto status = co_await with_timeout(world_.clock, answer_timeout,
                                      ask_shim(world_.network, files.socket, "status"))
                    .result();
  if (status.ok()) {
    co_return std::unique_ptr<RunningInstance>(
        std::make_unique<ProcessInstance>(*this, std::move(*spec), std::move(*status)));
  }
  if (status.error().is(Code::timed_out)) co_return std::move(status).error();
  log_.info("a shim died while nobody looked", {{"instance", spec->id}});
  co_await clean_up(files);
  co_return std::unique_ptr<RunningInstance>();
}

Deferred<void> ProcessDriver::clean_up(Files files) {
  {  // A status makes the shim clean up instead of starting the program.
    auto status = co_await world_.disk.open(files.status, OpenMode::write);
  }
  auto shim = co_await spawn_shim(files.spec);
  ExitStatus how = co_await with_timeout(world_.clock, answer_timeout, shim->wait());
  if (!how.good()) {
    co_await fail_with(Error(Code::unavailable, "cleaning up behind the shim of " + files.spec +
                                                    " ended with " + how.text()));
  }
}

}  // namespace berth::runtime
