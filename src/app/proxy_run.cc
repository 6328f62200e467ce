#include "app/proxy_run.h"

#include <tuple>

#include "app/access_ring.h"
#include "app/callers.h"
#include "app/kept_listeners.h"
#include "async/gather.h"
#include "async/sync.h"
#include "catalog/follow.h"
#include "names/dns_server.h"
#include "os/host.h"
#include "os/log_output.h"
#include "os/own_world.h"
#include "proxy/counts.h"
#include "proxy/inspection.h"

namespace berth::app {
namespace {

constexpr Duration report_interval = 500ms;  // well below Catalog::report_lease
constexpr Duration report_when_draining = 20ms;
constexpr Duration stop_grace = 10s;

/// Everything of one proxy process, constructed in the order of use.
class ProxyProcess {
 public:
  explicit ProxyProcess(const ProxyArguments& arguments)
      : arguments_(arguments),
        listeners_(world_, log_.named("listeners"), reactor_, own_.network,
                   arguments.state + "/listeners.sock"),
        callers_(reactor_, arguments.host),
        follower_(world_, log_.named("follower"),
                  Address::unix_path(arguments.state + "/control.sock"),
                  arguments.state + "/catalog.json",
                  [this](std::shared_ptr<const catalog::Snapshot> snapshot) { apply(snapshot); }) {}

  Result<int> run() {
    lock_ = TRY(os::lock_file(arguments_.state + "/proxy.lock"));
    os::raise_descriptor_limit();
    auto ring = TRY(os::MappedRing::open(arguments_.state + "/access.ring"));
    std::unique_ptr<DatagramSocket> syslog;
    if (arguments_.syslog.port() != 0) {
      syslog = TRY(own_.network.bind_datagram(Address::loopback(0)));
    }
    sink_ = std::make_unique<RingSink>(std::move(ring), std::move(syslog), arguments_.syslog);
    proxy::ProxyOptions options;
    options.gateway = arguments_.gateway;
    options.port_80 = arguments_.port_80;
    options.state_folder = arguments_.state;
    counts_ = std::make_unique<proxy::Counts>(*sink_);
    proxy_ = std::make_unique<proxy::Proxy>(world_, log_.named("proxy"), listeners_, *counts_,
                                            callers_, std::move(options));
    inspection_ = std::make_unique<proxy::Inspection>(world_, *proxy_, *counts_);
    inspection_->add_figures(router_);
    inspection_->add_requests(router_);
    inspect();
    listeners_.start();
    follower_.start();
    scope_.add(report());
    if (arguments_.dns.port() != 0) scope_.add(serve_dns());
    scope_.add(end_when_told());
    return reactor_.run();
  }

 private:
  /// What can be asked of it, by whoever may open a socket in the state folder. Requests go on
  /// where that is not to be had.
  void inspect() {
    auto listener = world_.network.listen(Address::unix_path(arguments_.state + "/proxy.sock"));
    if (!listener.ok()) {
      log_.warning("the proxy's figures cannot be asked for", {{"error", listener.error()}});
      return;
    }
    site_ = std::make_unique<http::Server>(
        reactor_, [this](http::ServerRequest& request) { return router_.route(request); });
    site_->serve(std::move(*listener));
  }

  void apply(std::shared_ptr<const catalog::Snapshot> snapshot) {
    snapshot_ = snapshot;
    callers_.apply(*snapshot);
    proxy_->apply(snapshot);
    if (dns_) dns_->set_snapshot(snapshot);
    applied_.set();
  }

  /// Tells the catalog what is applied: at once after a change, often while something drains.
  Deferred<void> report() {
    std::string name = arguments_.host + "-" + std::to_string(os::own_pid());
    for (;;) {
      auto report = proxy_->report();
      bool draining = !report.in_flight.empty();
      auto told = co_await follower_.report(name, report).result();
      if (!told.ok()) log_.debug("the catalog's server is away", {{"error", told.error()}});
      if (callers_bus_ != listeners_.keeper_pid()) {
        callers_bus_ = listeners_.keeper_pid();
        callers_.set_bus(callers_bus_);
      }
      applied_.reset();
      Duration wait = draining ? report_when_draining : report_interval;
      (void)co_await with_timeout(reactor_, wait, applied_.wait()).result();
    }
  }

  Deferred<void> serve_dns() {
    for (;;) {
      auto server = names::DnsServer::start(reactor_, own_.network, own_.random, arguments_.dns, {},
                                            log_.named("dns"));
      if (server.ok()) {
        dns_ = std::move(*server);
        if (snapshot_) dns_->set_snapshot(snapshot_);
        co_return;
      }
      log_.warning("DNS cannot be served; trying again", {{"error", server.error()}});
      co_await reactor_.after(1s);
    }
  }

  Deferred<void> end_when_told() {
    Deferred<void> signalled = own_.signals.next().then([](int) {});
    auto either = together(std::move(signalled), listeners_.told_to_stop());
    std::ignore = co_await race(std::move(either)).result();
    // New connections go to the next proxy; what is under way is finished.
    proxy_->stop_listening();
    MonotonicTime end = reactor_.now() + stop_grace;
    while (proxy_->requests_in_flight() > 0 && reactor_.now() < end) co_await reactor_.after(10ms);
    reactor_.stop(0);
  }

  ProxyArguments arguments_;
  os::OwnWorld own_{1};
  os::Reactor& reactor_ = own_.reactor;
  World& world_ = own_.world;
  os::LogOutput output_{arguments_.state + "/proxy.log"};
  Log log_{output_.target(), "proxy"};
  os::Descriptor lock_;
  KeptListeners listeners_;
  Callers callers_;
  catalog::Follower follower_;
  std::unique_ptr<RingSink> sink_;
  std::unique_ptr<proxy::Counts> counts_;
  std::unique_ptr<proxy::Proxy> proxy_;
  std::unique_ptr<proxy::Inspection> inspection_;
  http::Router router_;
  std::unique_ptr<http::Server> site_;
  std::unique_ptr<names::DnsServer> dns_;
  std::shared_ptr<const catalog::Snapshot> snapshot_;
  std::int64_t callers_bus_ = 0;
  Event applied_;
  Scope scope_;
};

}  // namespace

int run_proxy(const ProxyArguments& arguments) {
  ProxyProcess process(arguments);
  auto code = process.run();
  if (code.ok()) return *code;
  std::fprintf(stderr, "berth proxy: %s\n", code.error().text().c_str());
  return 1;
}

}  // namespace berth::app
