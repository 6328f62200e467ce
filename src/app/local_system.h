#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/access_ring.h"
#include "app/deploy_marks.h"
#include "app/kept_listeners.h"
#include "app/log_lines.h"
#include "app/proxy_keeper.h"
#include "app/state_folder.h"
#include "app/subscriptions.h"
#include "app/vitals.h"
#include "bus/bus.h"
#include "catalog/catalog.h"
#include "console/api.h"
#include "http/router.h"
#include "http/server.h"
#include "observe/all_series.h"
#include "observe/alone/local_telling.h"
#include "observe/local_streams.h"
#include "observe/log_intake.h"
#include "observe/logs/log_store.h"
#include "observe/observer.h"
#include "observe/samples/sample_store.h"
#include "os/own_world.h"
#include "placement/changes.h"
#include "placement/controller.h"
#include "runtime/agent.h"
#include "runtime/docker_driver.h"
#include "runtime/process_driver.h"
#include "storage/rocks_store.h"

namespace berth::app {

/// Where one system is reached on this machine.
struct SystemPlaces {
  std::uint16_t console = 0;
  std::uint16_t gateway = 0;
  std::uint16_t dns = 0;
  std::uint16_t riemann = 0;
  std::uint16_t riemann_web = 0;
  std::uint16_t riemann_events = 0;
  std::uint16_t syslog = 0;
  std::uint16_t bus = 0;
  std::uint32_t vip_network = 0;  // 0x7f4d0700: 127.77.7.0/24
  std::string streams_file;       // beside berth.toml; need not be there
  std::string observe_file;       // likewise
};

/// A whole system in this process: server, agent, bus, observation and console, each made here and
/// told of the others; the proxy and the shims are processes of their own. Starts in the order in
/// which one stands on another, stops in the opposite one. Belongs to one reactor.
class LocalSystem final : runtime::DrainGate {
 public:
  /// `claims` holds the sockets of `places`.
  LocalSystem(os::OwnWorld& own, Log log, StateFolder& state, PortClaims& claims,
              SystemPlaces places, std::string name, std::string environment);
  ~LocalSystem();

  /// Resolves once the API answers and what ran before is adopted. An error says what is in the
  /// way.
  Deferred<void> start();
  /// Ends all; with `instances`, those too. Otherwise they and the proxy live on.
  Deferred<void> stop(bool instances);

  placement::Changes& changes() { return *changes_; }
  placement::Mirror& mirror() { return *mirror_; }
  console::Api& api() { return *api_; }
  bus::Bus& bus() { return *bus_; }

 private:
  Deferred<void> open_state();
  Deferred<void> note_system();
  Deferred<void> start_observing();
  Deferred<void> start_streams();
  Result<void> start_syslog();
  Deferred<void> start_telling();
  Deferred<void> start_bus();
  /// Where instances publish: without a token, but not from a browser.
  Result<void> serve_bus();
  Deferred<void> start_proxy();
  Deferred<void> start_agent();
  Result<void> serve();
  Result<std::unique_ptr<Listener>> listen(std::uint16_t port);
  console::Sources sources();
  std::vector<console::AlertMark> alert_marks();
  std::vector<console::NamedAddress> addresses() const;
  Address vip_of(std::string_view service) const;
  /// GET /v1/doctor: what only this process knows.
  Deferred<http::ServerResponse> doctor();
  void note_dead_letter(const bus::DeadLetter& letter);
  bool drained(const std::string& id, const std::string& incarnation,
               std::uint64_t revision) override;

  os::OwnWorld& own_;
  World& world_;
  Log log_;
  StateFolder& state_;
  PortClaims& claims_;
  SystemPlaces places_;
  std::string name_;
  std::string environment_;
  std::string host_;

  std::unique_ptr<storage::RocksStore> store_;
  std::unique_ptr<placement::Mirror> mirror_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<placement::Feed> feed_;
  std::unique_ptr<placement::Changes> changes_;
  std::unique_ptr<placement::Controller> controller_;
  std::unique_ptr<observe::SampleStore> samples_;  // what is counted, and what others write
  std::unique_ptr<observe::AllSeries> all_series_;
  std::unique_ptr<observe::LogStore> lines_;
  std::unique_ptr<observe::Observer> observer_;
  std::unique_ptr<observe::LocalStreams> streams_;
  std::unique_ptr<observe::LocalTelling> telling_;
  std::unique_ptr<observe::SampleWriter> vitals_writer_;
  std::unique_ptr<Vitals> vitals_;
  std::unique_ptr<DeployMarks> deploy_marks_;
  std::unique_ptr<observe::LogIntake> intake_;
  std::unique_ptr<observe::SyslogServer> syslog_;
  std::unique_ptr<RingReader> ring_;
  std::unique_ptr<LogLines> log_lines_;
  std::unique_ptr<bus::Bus> bus_;
  std::unique_ptr<Subscriptions> subscriptions_;
  std::unique_ptr<ListenerKeeper> listeners_;
  std::unique_ptr<ProxyKeeper> proxy_;
  std::unique_ptr<runtime::ProcessDriver> processes_;
  std::unique_ptr<runtime::DockerDriver> docker_;
  std::unique_ptr<runtime::Agent> agent_;
  std::unique_ptr<console::Api> api_;
  http::Router control_routes_;
  http::Router bus_routes_;
  std::unique_ptr<http::Server> control_;
  std::unique_ptr<http::Server> bus_server_;
  std::unique_ptr<http::Server> console_;
  std::uint64_t records_ = 0;
};

}  // namespace berth::app
