#include "sim/cluster_processes.h"

namespace berth::sim {
namespace {

placement::SchedulerOptions scheduler_options() {
  placement::SchedulerOptions options;
  options.host_grace = 5s;
  options.stop_settle = 2s;
  return options;
}

runtime::AgentOptions agent_options(Host& host) {
  runtime::AgentOptions options;
  options.host = host.name();
  options.address = host.address(0).ip_text();
  options.state_folder = "/state";
  options.drain_timeout = 6s;
  options.stop_grace = 1s;
  options.restart_most = 2s;
  options.lease_seconds = 3;
  return options;
}

proxy::ProxyOptions proxy_options() { return {}; }

}  // namespace

ServerProcess::ServerProcess(Trial& trial, Host& host, storage::Store& store, Host& store_host)
    : host_(host),
      world_(host.world()),
      store_(store, trial.simulation.fabric, host.node(), store_host.node()),
      mirror_(world_, trial.log().named("server.mirror"), store_),
      catalog_(world_, trial.log().named("catalog"), store_),
      feed_(world_, trial.log().named("feed"), store_, mirror_),
      changes_(world_, store_, mirror_),
      controller_(world_, trial.log().named("controller"), store_, mirror_, feed_,
                  scheduler_options()),
      server_(world_.clock,
              [this](http::ServerRequest& request) { return router_.route(request); }) {
  catalog::add_follow_routes(router_, catalog_, world_.clock);
}

Deferred<void> ServerProcess::start() {
  co_await mirror_.start();
  co_await catalog_.start();
  co_await note_system();
  controller_.start();
  server_.serve(co_await or_return(host_.network.listen(host_.address(control_port))));
  ready_ = true;
}

/// Tries on while the store cannot be reached.
Deferred<void> ServerProcess::note_system() {
  placement::SystemRecord record;
  record.name = "shop";
  record.environment = "dev";
  record.domain = "shop.localhost";
  record.vip_network = vip_network;
  if (mirror_.state().system == record) co_return;
  for (;;) {
    storage::Batch batch;
    batch.put("system", placement::to_json(record).text());
    auto written = co_await store_.commit(std::move(batch)).result();
    if (written.ok()) break;
    co_await world_.clock.after(200ms);
  }
}

AgentProcess::AgentProcess(Trial& trial, Host& host, storage::Store& store, Host& store_host,
                           Programs& programs, runtime::DrainGate& drains)
    : world_(host.world()),
      store_(store, trial.simulation.fabric, host.node(), store_host.node()),
      mirror_(world_, trial.log().named("mirror"), store_),
      feed_(world_, trial.log().named("feed"), store_, mirror_),
      driver_(programs),
      agent_(world_, trial.log().named("agent"), store_, mirror_, feed_, driver_, nullptr, drains,
             agent_options(host)) {}

Deferred<void> AgentProcess::start() {
  co_await mirror_.start();
  co_await agent_.start();
  ready_ = true;
}

ProxyProcess::ProxyProcess(Trial& trial, Host& host, Address server, std::string name)
    : host_(host),
      name_(std::move(name)),
      proxy_(host.world(), trial.log().named("proxy"), *this, *this, *this, proxy_options()),
      follower_(host.world(), trial.log().named("follower"), std::move(server),
                "/state/catalog.json", [this](std::shared_ptr<const catalog::Snapshot> snapshot) {
                  proxy_.apply(std::move(snapshot));
                  applied_.set();
                }) {}

void ProxyProcess::start() {
  follower_.start();
  scope_.add(report());
}

/// As the program's proxy does: at once after a change, often while something drains.
Deferred<void> ProxyProcess::report() {
  for (;;) {
    auto report = proxy_.report();
    Duration wait = report.in_flight.empty() ? 500ms : 20ms;
    std::ignore = co_await follower_.report(name_, report).result();
    applied_.reset();
    std::ignore = co_await with_timeout(host_.clock, wait, applied_.wait()).result();
  }
}

}  // namespace berth::sim
