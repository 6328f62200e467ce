#include "runtime/agent.h"

#include <algorithm>
#include <set>

#include "async/clock.h"
#include "async/disk.h"
#include "base/strings.h"
#include "runtime/host_lease.h"
#include "runtime/instance_environment.h"
#include "runtime/instance_keeper.h"

namespace berth::runtime {
namespace {

constexpr Duration docker_find_timeout = 3s;
constexpr Duration stop_all_margin = 5s;    // beyond the grace, for KILL to be seen
constexpr Duration stop_all_register = 2s;  // for the Store to take that all is stopped
constexpr std::size_t own_hosts_bytes_max = 1 << 20;

std::string id_of(const std::string& service, std::uint32_t number) {
  return service + "/" + std::to_string(number);
}

std::pair<std::string, std::uint32_t> parts_of(const std::string& id) {
  std::size_t slash = id.rfind('/');
  return {id.substr(0, slash),
          parse_integer<std::uint32_t>(std::string_view(id).substr(slash + 1)).value_or(0)};
}

placement::HostRecord host_record(const AgentOptions& options) {
  placement::HostRecord record;
  record.name = options.host;
  record.address = options.address;
  record.cpu_millicores = options.cpu_millicores;
  record.memory_bytes = options.memory_bytes;
  return record;
}

}  // namespace

struct Agent::Inside {
  using Found = std::vector<std::unique_ptr<RunningInstance>>;

  Inside(World& world, Log log, storage::Store& store, placement::Mirror& mirror,
         placement::Feed& feed, Driver& process, Driver* docker, DrainGate& drains,
         AgentOptions given)
      : options(std::move(given)),
        registrar(world, log, store, options.host),
        ports(world, options.address, options.port_first, options.port_last),
        lease(world, log, store, host_record(options), options.lease_seconds),
        parts{world,     log,          mirror,  feed,
              drains,    options,      process, docker,
              registrar, preparations, ports,   docker ? "Docker has not answered yet" : "",
              ""} {}

  Deferred<void> start();
  Deferred<void> close();
  Deferred<void> stop_all();
  Result<void> kill(std::string_view id);
  std::vector<std::string> notes() const;

  void adopt(Found found);
  Deferred<void> end_stray(std::unique_ptr<RunningInstance> stray);
  Deferred<bool> find_containers();
  Deferred<void> find_containers_later();
  Deferred<void> follow();
  void reconcile();
  void forget_stale_records(const std::set<std::string>& assigned);
  InstanceKeeper& keeper(const std::string& service, std::uint32_t number, bool& fresh);
  Deferred<void> write_hosts();
  Deferred<void> keep_hosts();

  AgentOptions options;
  Registrar registrar;
  Preparations preparations;
  PortChoice ports;
  HostLease lease;
  KeeperParts parts;
  std::map<std::string, std::unique_ptr<InstanceKeeper>> keepers;  // by id
  std::size_t strays = 0;                                          // that are being ended
  std::string own_hosts;                                           // /etc/hosts of this host
  std::string hosts;                                               // as written last
  Scope scope;
};

// Starting and ending -----------------------------------------------------------------------------

Deferred<void> Agent::Inside::start() {
  co_await parts.world.disk.make_folder(options.state_folder + "/logs");
  auto own = co_await parts.world.disk.read_file("/etc/hosts", own_hosts_bytes_max).result();
  if (own.ok()) own_hosts = std::move(*own);
  (void)co_await write_hosts().result();  // keep_hosts() tries on
  registrar.start();
  auto found = co_await parts.process.find();
  adopt(std::move(found));
  bool containers_known = !parts.docker || co_await find_containers();
  reconcile();
  lease.start();
  scope.add(follow());
  scope.add(keep_hosts());
  if (!containers_known) scope.add(find_containers_later());
  co_await registrar.idle();
}

Deferred<void> Agent::Inside::close() {
  co_await scope.close();
  for (auto& [id, keeper] : keepers) co_await keeper->close();
  co_await preparations.close();
  co_await lease.close();
  co_await registrar.close();
}

Deferred<void> Agent::Inside::stop_all() {
  parts.ending = true;
  for (auto& [id, keeper] : keepers) keeper->look();
  auto running = [&] {
    return strays > 0 ||
           std::ranges::any_of(keepers, [](auto& each) { return each.second->runs(); });
  };
  auto registered = [&] {
    return std::ranges::all_of(keepers, [](auto& each) { return each.second->has_left(); });
  };
  MonotonicTime end = parts.world.clock.now() + options.stop_grace + stop_all_margin;
  while (running() && parts.world.clock.now() < end) co_await parts.world.clock.after(10ms);
  if (running()) {
    co_await fail_with(Error(Code::timed_out, "some instances did not end by KILL within " +
                                                  std::to_string(stop_all_margin / 1s) + " s"));
  }
  end = parts.world.clock.now() + stop_all_register;
  while (!registered() && parts.world.clock.now() < end) co_await parts.world.clock.after(10ms);
}

// What runs and what is wanted --------------------------------------------------------------------

InstanceKeeper& Agent::Inside::keeper(const std::string& service, std::uint32_t number,
                                      bool& fresh) {
  auto& place = keepers[id_of(service, number)];
  fresh = !place;
  if (fresh) place = std::make_unique<InstanceKeeper>(parts, service, number);
  return *place;
}

/// Of several with one id the one that is registered is kept, else the youngest.
void Agent::Inside::adopt(Found found) {
  std::map<std::string, std::unique_ptr<RunningInstance>> kept;
  auto& records = parts.mirror.state().instances;
  for (auto& instance : found) {
    std::string id = instance->spec().id;
    auto& place = kept[id];
    if (!place) {
      place = std::move(instance);
      continue;
    }
    auto [service, number] = parts_of(id);
    auto of_service = records.find(service);
    std::string registered;
    if (of_service != records.end() && of_service->second.contains(number)) {
      registered = of_service->second.at(number).incarnation;
    }
    const std::string& one = place->spec().incarnation;
    const std::string& other = instance->spec().incarnation;
    if (one != registered && (other == registered || other > one)) std::swap(place, instance);
    scope.add(end_stray(std::move(instance)));
  }
  for (auto& [id, instance] : kept) {
    auto [service, number] = parts_of(id);
    bool fresh = false;
    InstanceKeeper& its = keeper(service, number, fresh);
    if (its.instance()) {
      scope.add(end_stray(std::move(instance)));
      continue;
    }
    parts.log.info("an instance is adopted", {{"instance", id}, {"pid", instance->pid()}});
    its.adopt(std::move(instance));
    if (!fresh) its.look();
  }
}

/// One that nobody knows: it gets no requests, so it is stopped at once.
Deferred<void> Agent::Inside::end_stray(std::unique_ptr<RunningInstance> stray) {
  ++strays;
  parts.log.warning("a second instance of one id is stopped",
                    {{"instance", stray->spec().id}, {"pid", stray->pid()}});
  (void)co_await stray->send_signal(SIGTERM).result();
  auto ended = co_await with_timeout(parts.world.clock, options.stop_grace, stray->wait()).result();
  if (!ended.ok() && ended.error().is(Code::timed_out)) {
    (void)co_await stray->send_signal(SIGKILL).result();
    (void)co_await stray->wait().result();
  }
  (void)co_await stray->remove().result();
  --strays;
}

/// True once Docker has told what runs.
Deferred<bool> Agent::Inside::find_containers() {
  auto found =
      co_await with_timeout(parts.world.clock, docker_find_timeout, parts.docker->find()).result();
  if (!found.ok()) {
    if (found.error().is(Code::cancelled)) co_return std::move(found).error();
    parts.docker_why = found.error().is(Code::timed_out) ? "Docker does not answer"
                                                         : std::string(found.error().message());
    lease.set_docker(false, parts.docker_why);
    co_return false;
  }
  parts.docker_why.clear();
  lease.set_docker(true, "");
  adopt(std::move(*found));
  co_return true;
}

Deferred<void> Agent::Inside::find_containers_later() {
  for (Duration pause = 1s;; pause = std::min<Duration>(pause * 2, 10s)) {
    co_await parts.world.clock.after(pause);
    bool found = co_await find_containers();
    if (!found) continue;
    reconcile();
    co_return;
  }
}

Deferred<void> Agent::Inside::follow() {
  for (;;) {
    co_await parts.mirror.changed();
    reconcile();
  }
}

void Agent::Inside::reconcile() {
  std::set<std::string> assigned;
  for (auto& [service, numbers] : parts.mirror.state().assignments) {
    for (auto& [number, assignment] : numbers) {
      if (assignment.host != options.host) continue;
      assigned.insert(assignment.id());
      bool fresh = false;
      InstanceKeeper& its = keeper(service, number, fresh);
      its.assign(assignment);
    }
  }
  for (auto each = keepers.begin(); each != keepers.end();) {
    InstanceKeeper& its = *each->second;
    if (!assigned.contains(each->first)) its.assign(std::nullopt);
    if (its.over()) {
      each = keepers.erase(each);
      continue;
    }
    its.begin();
    ++each;
  }
  forget_stale_records(assigned);
}

/// Records of this host that nothing stands behind: of an earlier run whose assignment went.
void Agent::Inside::forget_stale_records(const std::set<std::string>& assigned) {
  for (auto& [service, numbers] : parts.mirror.state().instances) {
    for (auto& [number, record] : numbers) {
      std::string id = id_of(service, number);
      if (record.host != options.host || assigned.contains(id) || keepers.contains(id)) continue;
      registrar.remove(service, number);
    }
  }
}

Result<void> Agent::Inside::kill(std::string_view id) {
  auto found = keepers.find(std::string(id));
  if (found == keepers.end()) {
    std::vector<std::string_view> ids;
    for (auto& [each, keeper] : keepers) ids.emplace_back(each);
    std::string text = "there is no instance '" + std::string(id) + "' on this host";
    auto nearest = nearest_word(id, ids);
    if (!nearest.empty()) text += "; did you mean '" + std::string(nearest) + "'?";
    return Error(Code::not_found, std::move(text));
  }
  if (found->second->kill()) return {};
  return Error(Code::conflict, std::string(id) + " does not run now");
}

// The hosts file ----------------------------------------------------------------------------------

/// Written in place: the file is bound over /etc/hosts of what runs, so it must stay the same one.
Deferred<void> Agent::Inside::write_hosts() {
  std::string text = hosts_text(parts.mirror.state(), own_hosts);
  if (text == hosts) co_return;
  std::string path = options.state_folder + "/hosts";
  auto file = co_await parts.world.disk.open(path, OpenMode::write);
  co_await file->write(0, Bytes::copy(text));
  co_await file->truncate(text.size());
  hosts = std::move(text);
  parts.hosts_path = path;
}

Deferred<void> Agent::Inside::keep_hosts() {
  for (;;) {
    auto written = co_await write_hosts().result();
    if (!written.ok()) {
      if (written.error().is(Code::cancelled)) co_await fail_with(written.error());
      parts.log.warning("the instances' hosts file is not current", {{"error", written.error()}});
      co_await parts.world.clock.after(1s);
      continue;
    }
    co_await parts.mirror.changed();
  }
}

// Notes -------------------------------------------------------------------------------------------

std::vector<std::string> Agent::Inside::notes() const {
  std::set<std::string> found;
  if (!parts.docker) {
    found.insert("there is no Docker on this host: services with image or build do not run here");
  } else if (!parts.docker_why.empty()) {
    found.insert("no Docker: " + parts.docker_why);
  }
  for (auto& [id, keeper] : keepers) {
    if (!keeper->instance()) continue;
    LaunchNotes notes = keeper->instance()->notes();
    if (notes.limits.starts_with("not enforced")) {
      found.insert("limits of memory and CPU are " + notes.limits);
    }
    if (!notes.hosts.empty() && notes.hosts != "bound" && notes.hosts != "not asked for") {
      found.insert("names of services are not in /etc/hosts of processes (" + notes.hosts +
                   "): they call by NAME_URL");
    }
  }
  return {found.begin(), found.end()};
}

// -------------------------------------------------------------------------------------------------

Agent::Agent(World& world, Log log, storage::Store& store, placement::Mirror& mirror,
             placement::Feed& feed, Driver& process, Driver* docker, DrainGate& drains,
             AgentOptions options)
    : inside_(std::make_unique<Inside>(world, log, store, mirror, feed, process, docker, drains,
                                       std::move(options))) {}
Agent::~Agent() = default;

Deferred<void> Agent::start() { return inside_->start(); }
Deferred<void> Agent::close() { return inside_->close(); }
Deferred<void> Agent::stop_all() { return inside_->stop_all(); }
Result<void> Agent::kill(std::string_view id) { return inside_->kill(id); }
std::vector<std::string> Agent::notes() const { return inside_->notes(); }

}  // namespace berth::runtime
