#include "runtime/docker_driver.h"

#include "async/clock.h"
#include "async/disk.h"
#include "async/random.h"
#include "base/id.h"
#include "base/strings.h"
#include "runtime/docker_instance.h"
#include "runtime/launch_json.h"
#include "runtime/log_path.h"

namespace berth::runtime {
namespace {

constexpr std::size_t hosts_bytes_max = 4 << 20;
constexpr std::int64_t shares_per_core = 1024;

Json labels_of(const LaunchSpec& spec, const DockerDriverOptions& options,
               const std::string& state_id) {
  Json labels = Json::object();
  labels.set("berth.system", options.system);
  labels.set("berth.state", state_id);
  labels.set("berth.folder", options.state_folder);
  labels.set("berth.service", spec.service.name);
  labels.set("berth.instance", spec.id);
  labels.set("berth.incarnation", spec.incarnation);
  labels.set("berth.version", std::to_string(spec.version));
  labels.set("berth.generation", std::to_string(spec.generation));
  labels.set("berth.port", std::to_string(spec.port));
  labels.set("berth.launch", to_json(spec).text());
  return labels;
}

/// Lines "IP NAME NAME..." as "NAME:IP" for each name.
Json extra_hosts(std::string_view hosts) {
  Json out = Json::array();
  for (auto line : split(hosts, '\n')) {
    std::string text(trim(line.substr(0, line.find('#'))));
    for (char& c : text) {
      if (c == '\t') c = ' ';
    }
    auto words = split(text, ' ');
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (words[i].empty() || words[i] == "localhost") continue;
      out.add(std::string(words[i]) + ":" + std::string(words[0]));
    }
  }
  return out;
}

Json host_config(const LaunchSpec& spec, std::string_view hosts, bool init) {
  Json host = Json::object();
  host.set("Init", init);
  host.set("NetworkMode", "host");
  host.set("ExtraHosts", extra_hosts(hosts));
  if (spec.service.memory_bytes > 0) {
    host.set("Memory", spec.service.memory_bytes);
    host.set("MemorySwap", spec.service.memory_bytes);  // none beyond it
  }
  if (spec.service.cpu_millicores > 0) {  // reserved: a share of a busy host, no ceiling
    host.set("CpuShares",
             std::max<std::int64_t>(2, spec.service.cpu_millicores * shares_per_core / 1000));
  }
  Json log_options = Json::object();
  log_options.set("max-size", "10m");
  log_options.set("max-file", "2");
  Json log = Json::object();
  log.set("Type", "json-file");
  log.set("Config", std::move(log_options));
  host.set("LogConfig", std::move(log));
  return host;
}

/// What people see in `docker ps`: unique by the end of the incarnation.
std::string container_name(const LaunchSpec& spec, const DockerDriverOptions& options) {
  std::string name = "berth-" + options.system + "-" + spec.id;
  for (char& c : name) {
    if (c == '/') c = '-';
  }
  std::string_view incarnation = spec.incarnation;
  return name + "-" +
         std::string(
             incarnation.substr(incarnation.size() - std::min<std::size_t>(6, incarnation.size())));
}

bool wants_limits(const LaunchSpec& spec) {
  return spec.service.memory_bytes > 0 || spec.service.cpu_millicores > 0;
}

/// What the Engine warned of when it made the container is that a limit has no effect.
std::string limits_note(const LaunchSpec& spec, const Json& made) {
  if (!wants_limits(spec)) return "none asked for";
  for (auto& warning : made["Warnings"].items()) {
    return "not enforced: " + std::string(warning.string_or(""));
  }
  return "enforced";
}

}  // namespace

DockerDriver::DockerDriver(World& world, Log log, DockerDriverOptions options)
    : world_(world),
      log_(log),
      options_(std::move(options)),
      api_(world, options_.socket_path),
      images_(api_, log) {}

/// Tells this state folder's containers and images from those of another, also of an earlier one at
/// the same place.
Deferred<std::string> DockerDriver::state_id() {
  if (!state_id_.empty()) co_return std::string(state_id_);
  std::string path = options_.state_folder + "/docker-id";
  auto kept = co_await world_.disk.read_file(path, 64).result();
  if (!kept.ok() && !kept.error().is(Code::not_found)) co_return std::move(kept).error();
  std::string id = kept.ok() ? std::string(trim(*kept)) : "";
  if (!is_id(id)) {
    id = make_id(world_.clock.wall(), world_.random.next(), world_.random.next());
    co_await world_.disk.replace_file(path, id + "\n");
  }
  if (state_id_.empty()) state_id_ = id;
  co_return std::string(state_id_);
}

Deferred<void> DockerDriver::prepare(const placement::ServiceSpec& service, std::uint64_t version,
                                     std::function<void(std::string_view)> progress) {
  placement::ServiceSpec kept = service;
  std::string id = co_await state_id();
  co_await images_.prepare(std::move(kept), version, std::move(id), std::move(progress));
}

Deferred<Json> DockerDriver::container_spec(LaunchSpec spec, std::string id) {
  std::string hosts;
  if (!spec.hosts_path.empty()) {
    auto text = co_await world_.disk.read_file(spec.hosts_path, hosts_bytes_max).result();
    if (text.ok()) hosts = std::move(*text);
  }
  Json json = Json::object();
  json.set("Image", DockerImages::image_of(spec.service, spec.version, id));
  Json env = Json::array();
  for (auto& [name, value] : spec.env) env.add(name + "=" + value);
  json.set("Env", std::move(env));
  json.set("Labels", labels_of(spec, options_, id));
  json.set("HostConfig", host_config(spec, hosts, with_init_));
  co_return json;
}

Deferred<std::unique_ptr<RunningInstance>> DockerDriver::start(LaunchSpec spec) {
  co_await world_.disk.make_folder(options_.state_folder + "/logs");
  bool with_init = with_init_;
  auto instance = co_await create_and_start(spec).result();
  bool no_init =
      !instance.ok() && instance.error().message().find("docker-init") != std::string_view::npos;
  if (!no_init || !with_init) co_return std::move(instance);
  log_.info("this Docker has no docker-init: containers see signals as process 1 does");
  with_init_ = false;
  co_return co_await create_and_start(std::move(spec));
}

Deferred<std::unique_ptr<RunningInstance>> DockerDriver::create_and_start(LaunchSpec spec) {
  std::string id = co_await state_id();
  Json wanted = co_await container_spec(spec, id);
  std::string create =
      "/containers/create" + docker_query({{"name", container_name(spec, options_)}});
  Json made = co_await api_.call("POST", std::move(create), std::move(wanted));
  std::string container(made["Id"].string_or(""));
  std::string limits = limits_note(spec, made);
  auto begun = co_await api_.call("POST", "/containers/" + container + "/start").result();
  if (!begun.ok()) {
    Error error = std::move(begun).error();
    if (error.is(Code::cancelled)) co_return error;
    (void)co_await api_.call("DELETE", "/containers/" + container + "?force=1&v=1").result();
    co_return error;
  }
  Json inspected = co_await api_.call("GET", "/containers/" + container + "/json");
  co_return instance_of(std::move(spec), inspected, std::move(limits));
}

std::unique_ptr<RunningInstance> DockerDriver::instance_of(LaunchSpec spec, const Json& inspected,
                                                           std::string limits) {
  std::string path = log_path(options_.state_folder, spec.id);
  LaunchNotes notes{spec.hosts_path.empty() ? "not asked for" : "bound", std::move(limits)};
  return std::make_unique<DockerInstance>(api_, log_, std::move(spec), inspected, std::move(path),
                                          std::move(notes));
}

Deferred<std::vector<std::unique_ptr<RunningInstance>>> DockerDriver::find() {
  std::string id = co_await state_id();
  Json labels = Json::array();
  labels.add("berth.state=" + id);
  Json filters = Json::object();
  filters.set("label", std::move(labels));
  std::string list = "/containers/json" + docker_query({{"all", "1"}, {"filters", filters.text()}});
  Json listed = co_await api_.call("GET", std::move(list));
  std::vector<std::unique_ptr<RunningInstance>> found;
  for (auto& each : listed.items()) {
    auto one = co_await find_one(std::string(each["Id"].string_or(""))).result();
    if (one.ok()) {
      found.push_back(std::move(*one));
    } else if (one.error().is(Code::invalid)) {
      log_.warning("a container of ours cannot be adopted",
                   {{"container", each["Id"].string_or("")}, {"error", one.error()}});
    } else if (!one.error().is(Code::not_found)) {
      co_return std::move(one).error();
    }
  }
  co_return std::move(found);
}

Deferred<std::unique_ptr<RunningInstance>> DockerDriver::find_one(std::string container) {
  Json inspected = co_await api_.call("GET", "/containers/" + container + "/json");
  std::string launch(inspected["Config"]["Labels"]["berth.launch"].string_or(""));
  Json json = co_await or_return(Json::parse(launch));
  LaunchSpec spec = co_await or_return(launch_from_json(json));
  std::string limits = wants_limits(spec) ? "" : "none asked for";
  co_return instance_of(std::move(spec), inspected, std::move(limits));
}

}  // namespace berth::runtime
