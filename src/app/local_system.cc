#include "app/local_system.h"

#include <fmt/format.h>

#include "app/checkup.h"
#include "app/line_sources.h"
#include "app/version.h"
#include "async/clock.h"
#include "base/strings.h"
#include "bus/bus_routes.h"
#include "catalog/follow.h"
#include "console/log_search.h"
#include "console/proxy_routes.h"
#include "http/access_record.h"
#include "observe/prometheus_api.h"
#include "observe/samples/remote_write_routes.h"
#include "os/host.h"

namespace berth::app {
namespace {

constexpr std::uint16_t vip_port = 7480;

observe::RequestSeen seen(const http::AccessRecord& record) {
  auto reached = [](std::int64_t nanoseconds) {
    return Duration(std::max<std::int64_t>(nanoseconds, 0));
  };
  observe::RequestSeen out;
  out.service = record.backend.empty() ? record.frontend : record.backend;
  out.caller = record.caller;
  if (!record.server.starts_with('<')) out.instance = record.server;  // "<CACHE>" is none
  out.method = record.method;
  out.target = record.target;
  out.termination = {record.termination, sizeof record.termination};
  out.status = record.status;
  out.retries = record.retries;
  out.took = Duration(record.total);
  out.waited = reached(record.waiting);
  out.connecting = reached(record.connecting);
  out.answering = reached(record.response);
  out.bytes_in = record.bytes_in;
  out.bytes_out = record.bytes_out;
  out.ended = {record.accepted + record.total};
  return out;
}

/// As Docker's own client finds it.
std::string docker_socket() {
  for (auto& [name, value] : os::own_environment()) {
    if (name == "DOCKER_HOST" && value.starts_with("unix://")) return value.substr(7);
  }
  return runtime::DockerDriverOptions().socket_path;
}

}  // namespace

LocalSystem::LocalSystem(os::OwnWorld& own, Log log, StateFolder& state, PortClaims& claims,
                         SystemPlaces places, std::string name, std::string environment)
    : own_(own),
      world_(own.world),
      log_(log),
      state_(state),
      claims_(claims),
      places_(places),
      name_(std::move(name)),
      environment_(std::move(environment)),
      host_(os::host_name()) {}

LocalSystem::~LocalSystem() = default;

Deferred<void> LocalSystem::start() {
  co_await open_state();
  co_await note_system();
  co_await start_observing();
  co_await start_telling();
  co_await start_bus();
  co_await start_proxy();
  co_await start_agent();
  controller_->start();
  co_await or_return(serve());
}

Deferred<void> LocalSystem::open_state() {
  storage::RocksOptions options;
  options.folder = state_.file("store");
  store_ = co_await storage::RocksStore::open(world_, log_.named("store"), std::move(options));
  mirror_ = std::make_unique<placement::Mirror>(world_, log_.named("mirror"), *store_);
  catalog_ = std::make_unique<catalog::Catalog>(world_, log_.named("catalog"), *store_);
  feed_ = std::make_unique<placement::Feed>(world_, log_.named("feed"), *store_, *mirror_);
  changes_ = std::make_unique<placement::Changes>(world_, *store_, *mirror_);
  controller_ = std::make_unique<placement::Controller>(world_, log_.named("controller"), *store_,
                                                        *mirror_, *feed_);
  co_await mirror_->start();
  co_await catalog_->start();
}

/// What holds for the whole system; written again where the file or the places changed.
Deferred<void> LocalSystem::note_system() {
  placement::SystemRecord record;
  record.name = name_;
  record.environment = environment_;
  record.domain = name_ + ".localhost";
  record.vip_network = places_.vip_network;
  if (mirror_->state().system == record) co_return;
  storage::Batch batch;
  batch.put("system", placement::to_json(record).text());
  auto revision = co_await store_->commit(std::move(batch));
  co_await mirror_->reached(revision);
}

Deferred<void> LocalSystem::start_observing() {
  observe::SampleStoreOptions samples;
  samples.folder = state_.file("samples");
  samples_ = std::make_unique<observe::SampleStore>(world_, log_.named("samples"), samples);
  co_await samples_->open();
  all_series_ = std::make_unique<observe::AllSeries>(*samples_);
  observe::LogStoreOptions lines;
  lines.folder = state_.file("lines");
  lines_ = std::make_unique<observe::LogStore>(world_, log_.named("lines"), lines);
  co_await lines_->open();
  observer_ = std::make_unique<observe::Observer>(world_, *samples_, log_.named("observer"));
  observer_->start();
  auto ring = co_await or_return(os::MappedRing::open(state_.file("access.ring")));
  ring_ = std::make_unique<RingReader>(world_, log_.named("ring"), std::move(ring),
                                       [this](const http::AccessRecord& record) {
                                         ++records_;
                                         observer_->note(seen(record));
                                         append_request(*lines_, host_, record);
                                       });
  ring_->start();
  log_lines_ = std::make_unique<LogLines>(world_, log_.named("logs"), state_.path(), *observer_,
                                          *lines_, host_);
  log_lines_->start();
  co_await start_streams();
  co_await or_return(start_syslog());
}

Deferred<void> LocalSystem::start_streams() {
  auto note = [this](const observe::Event& event) { observer_->note(event); };
  streams_ = std::make_unique<observe::LocalStreams>(world_, log_.named("streams"), note,
                                                     places_.streams_file);
  auto events = co_await or_return(listen(places_.riemann));
  auto datagrams =
      co_await or_return(own_.network.bind_datagram(Address::loopback(places_.riemann)));
  streams_->serve(std::move(events), std::move(datagrams));
  auto websocket = co_await or_return(listen(places_.riemann_web));
  auto event_stream = co_await or_return(listen(places_.riemann_events));
  streams_->serve_web(std::move(websocket), std::move(event_stream));
  co_await streams_->start();
}

/// Before the bus, whose messages KPIs count.
Deferred<void> LocalSystem::start_telling() {
  telling_ =
      std::make_unique<observe::LocalTelling>(world_, log_.named("telling"), state_.path(),
                                              places_.observe_file, streams_->core(), *all_series_);
  co_await telling_->start();
  deploy_marks_ = std::make_unique<DeployMarks>(*mirror_, [this](observe::Event event) {
    auto* alerts = telling_->telling().alerts();
    if (alerts) alerts->note_annotation(std::move(event));
  });
  deploy_marks_->start();
}

Result<void> LocalSystem::start_syslog() {
  intake_ = std::make_unique<observe::LogIntake>(*observer_);
  syslog_ = std::make_unique<observe::SyslogServer>(
      world_, log_.named("syslog"), [this](const observe::SyslogReceived& received) {
        intake_->note(received);
        append_syslog(*lines_, received);
      });
  syslog_->serve(TRY(listen(places_.syslog)));
  syslog_->serve(TRY(own_.network.bind_datagram(Address::loopback(places_.syslog))));
  return {};
}

Deferred<void> LocalSystem::start_bus() {
  bus::BusOptions options;
  options.folder = state_.file("bus");
  options.published = [this](std::string_view topic, std::string_view body) {
    telling_->telling().note_message(topic, body);
  };
  bus_ = std::make_unique<bus::Bus>(
      world_, log_.named("bus"), std::move(options),
      [this](const std::string& service) { return vip_of(service); },
      [this](const bus::DeadLetter& letter) { note_dead_letter(letter); });
  co_await bus_->open();
  vitals_writer_ = std::make_unique<observe::SampleWriter>(world_, log_.named("vitals"), *samples_);
  vitals_ = std::make_unique<Vitals>(world_, *mirror_, *bus_, state_.path(), *vitals_writer_);
  vitals_->start();
  subscriptions_ =
      std::make_unique<Subscriptions>(world_, log_.named("subscriptions"), *mirror_, *bus_);
  co_await or_return(serve_bus());
}

Result<void> LocalSystem::serve_bus() {
  bus::add_bus_routes(bus_routes_, *bus_);
  bus_server_ = std::make_unique<http::Server>(
      world_.clock, [this](http::ServerRequest& request) -> Deferred<http::ServerResponse> {
        // Another site's page could have a browser publish, and only publishing is open here.
        if (request.head.headers.find("origin") || request.head.method != "POST" ||
            request.head.path().find("/dead/") != std::string_view::npos) {
          return ready(http::ServerResponse::problem(
              403, "only publishing is open here, and not to browsers; use the console's address"));
        }
        return bus_routes_.route(request);
      });
  bus_server_->serve(TRY(listen(places_.bus)));
  return {};
}

Deferred<void> LocalSystem::start_proxy() {
  catalog::add_follow_routes(control_routes_, *catalog_, world_.clock);
  control_ = std::make_unique<http::Server>(world_.clock, [this](http::ServerRequest& request) {
    return control_routes_.route(request);
  });
  control_->serve(
      co_await or_return(own_.network.listen(Address::unix_path(state_.file("control.sock")))));
  listeners_ = std::make_unique<ListenerKeeper>(world_, log_.named("listeners"), own_.reactor,
                                                state_.file("listeners.sock"));
  // What the proxy will ask for. DNS binds for itself: it needs the port for UDP too.
  for (auto& address :
       {Address::loopback(places_.gateway), Address::ipv4(places_.vip_network | 2, vip_port)}) {
    os::Descriptor socket = claims_.take_socket(address);
    if (socket.valid()) listeners_->keep(address, std::move(socket));
  }
  claims_.take_socket(Address::loopback(places_.dns)).reset();
  co_await or_return(listeners_->start());
  SpawnSpec spec;
  spec.argv = {os::own_program(),
               "proxy",
               "run",
               "--state",
               state_.path(),
               "--host",
               host_,
               "--gateway",
               Address::loopback(places_.gateway).text(),
               "--dns",
               Address::loopback(places_.dns).text()};
  spec.env = os::own_environment();
  spec.output_path = state_.file("proxy.out");
  spec.detached = true;
  proxy_ = std::make_unique<ProxyKeeper>(world_, log_.named("proxy_keeper"), *listeners_,
                                         std::move(spec), state_.file("proxy.lock"));
  proxy_->start();
}

Deferred<void> LocalSystem::start_agent() {
  runtime::ProcessDriverOptions driver{os::own_program(), state_.path(), os::own_environment()};
  processes_ = std::make_unique<runtime::ProcessDriver>(world_, log_.named("processes"), driver);
  runtime::DockerDriverOptions docker{docker_socket(), state_.path(), name_};
  docker_ = std::make_unique<runtime::DockerDriver>(world_, log_.named("docker"), docker);
  runtime::AgentOptions options;
  options.host = host_;
  options.cpu_millicores = os::host_cpu_millicores();
  options.memory_bytes = os::host_memory_bytes();
  options.state_folder = state_.path();
  options.environment = os::own_environment();
  options.bus_url = fmt::format("http://127.0.0.1:{}", places_.bus);
  options.vip_port = vip_port;
  runtime::DrainGate& drains = *this;
  agent_ = std::make_unique<runtime::Agent>(world_, log_.named("agent"), *store_, *mirror_, *feed_,
                                            *processes_, docker_.get(), drains, std::move(options));
  co_await agent_->start();
}

Result<void> LocalSystem::serve() {
  subscriptions_->start();
  console::ApiOptions options;
  options.token = state_.token();
  options.port = places_.console;
  options.gateway_port = places_.gateway;
  options.vip_port = vip_port;
  options.version = version();
  api_ = std::make_unique<console::Api>(sources(), std::move(options));
  bus::add_bus_routes(api_->router(), *bus_, [this] { return mirror_->state().revision; });
  observe::add_prometheus_routes(api_->router(), world_, *all_series_,
                                 {.version = std::string(version())});
  console::add_log_search_routes(api_->router(), world_, *lines_);
  observe::add_remote_write_route(api_->router(), *samples_, "/prometheus");
  telling_->add_routes(api_->router());
  console::add_proxy_routes(api_->router(), world_, state_.path() + "/proxy.sock");
  api_->router().add("GET", "/v1/doctor", [this](http::ServerRequest&) { return doctor(); });
  api_->start();
  console_ = std::make_unique<http::Server>(
      world_.clock, [this](http::ServerRequest& request) { return api_->answer(request); });
  console_->serve(TRY(listen(places_.console)));
  return state_.tell_address(Address::loopback(places_.console), name_, version());
}

Result<std::unique_ptr<Listener>> LocalSystem::listen(std::uint16_t port) {
  os::Descriptor socket = claims_.take_socket(Address::loopback(port));
  if (socket.valid()) return own_.network.adopt_listener(std::move(socket));
  return own_.network.listen(Address::loopback(port));
}

console::Sources LocalSystem::sources() {
  return {.world = world_,
          .log = log_.named("console"),
          .mirror = *mirror_,
          .changes = *changes_,
          .feed = *feed_,
          .observer = *observer_,
          .series = observer_->series(),
          .bus = *bus_,
          .state_folder = state_.path(),
          .waits =
              [this](std::string_view service) { return std::string(controller_->waits(service)); },
          .kill = [this](std::string_view id) { return agent_->kill(id); },
          .addresses = [this] { return addresses(); },
          .counters =
              [this] {
                return console::ProgramCounters{records_, ring_->dropped(), console_->connections(),
                                                syslog_->counters(), lines_->counters()};
              },
          .why_out =
              [this](std::string_view id, std::string_view incarnation) {
                return catalog_->why_out(id, incarnation);
              },
          .all_series = all_series_.get(),
          .alert_marks = [this] { return alert_marks(); }};
}

std::vector<console::AlertMark> LocalSystem::alert_marks() {
  std::vector<console::AlertMark> out;
  auto* alerts = telling_->telling().alerts();
  if (!alerts) return out;
  for (auto& each : alerts->fired()) {
    out.push_back({each.time, std::string(each.labels.value("service")), each.summary});
  }
  return out;
}

std::vector<console::NamedAddress> LocalSystem::addresses() const {
  return {{"console", fmt::format("http://127.0.0.1:{}/", places_.console)},
          {"dns", fmt::format("127.0.0.1:{}", places_.dns)},
          {"bus", fmt::format("http://127.0.0.1:{}", places_.bus)},
          {"riemann", fmt::format("127.0.0.1:{}", places_.riemann)},
          {"riemann-web", fmt::format("127.0.0.1:{}", places_.riemann_web)},
          {"riemann-events", fmt::format("127.0.0.1:{}", places_.riemann_events)},
          {"syslog", fmt::format("127.0.0.1:{}", places_.syslog)}};
}

Address LocalSystem::vip_of(std::string_view service) const {
  auto snapshot = catalog_->snapshot();
  auto* found = snapshot->find(service);
  return found ? found->vip : Address();
}

void LocalSystem::note_dead_letter(const bus::DeadLetter& letter) {
  placement::FeedEntry entry;
  entry.kind = "dead_letter";
  entry.level = "bad";
  entry.service = letter.service;
  entry.text = fmt::format("gave up a message of {} after {} attempts: {}", letter.topic,
                           letter.attempts, letter.why);
  feed_->add(std::move(entry));
}

bool LocalSystem::drained(const std::string& id, const std::string& incarnation,
                          std::uint64_t revision) {
  return catalog_->drained(id, incarnation, revision);
}

Deferred<http::ServerResponse> LocalSystem::doctor() {
  Checkup checkup;
  for (auto& note : agent_->notes()) checkup.add("agent", "warn", note, "");
  check_descriptors(checkup);
  check_reactor(checkup, own_.reactor.choice());
  if (!telling_->problem().empty()) {
    checkup.add("observe.toml", "bad", telling_->problem(), "what ran before goes on");
  }
  co_await check_disk(checkup, world_.disk, state_.path());
  check_proxy(checkup, listeners_->proxy_pid(), proxy_->restarts(), ring_->dropped());
  co_await check_dns(checkup, world_, Address::loopback(places_.dns));
  co_return http::ServerResponse::json(checkup.json().text());
}

Deferred<void> LocalSystem::stop(bool instances) {
  state_.forget_address();
  if (api_) co_await api_->close();
  if (console_) co_await console_->close();
  if (subscriptions_) co_await subscriptions_->close();
  if (controller_) co_await controller_->close();
  if (vitals_) co_await vitals_->close();
  if (deploy_marks_) co_await deploy_marks_->close();
  if (bus_server_) co_await bus_server_->close();
  if (bus_) co_await bus_->close();
  if (agent_ && instances) co_await agent_->stop_all();
  if (agent_) co_await agent_->close();
  if (proxy_ && instances) co_await proxy_->stop();
  if (proxy_) co_await proxy_->close();
  if (ring_) co_await ring_->close();
  if (ring_) ring_->drain();
  if (log_lines_) co_await log_lines_->close();
  if (telling_) co_await telling_->close();
  if (streams_) co_await streams_->close();
  if (syslog_) co_await syslog_->close();
  if (observer_) observer_->stop();
  if (lines_) co_await lines_->close();
  if (samples_) co_await samples_->close();
  if (control_) co_await control_->close();
  if (listeners_) co_await listeners_->close();
  if (feed_) co_await feed_->close();
  if (catalog_) co_await catalog_->close();
  if (mirror_) co_await mirror_->close();
  if (store_) co_await store_->close();
}

}  // namespace berth::app
