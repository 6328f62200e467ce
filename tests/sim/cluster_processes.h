#pragma once

#include <memory>
#include <string>

#include "async/sync.h"
#include "catalog/catalog.h"
#include "catalog/follow.h"
#include "http/router.h"
#include "http/server.h"
#include "placement/changes.h"
#include "placement/controller.h"
#include "proxy/proxy.h"
#include "runtime/agent.h"
#include "sim/programs.h"
#include "sim/wired_store.h"

// The processes of a simulated cluster, each wired as the program's own (src/app) wires it. To kill
// one, destroy it.

namespace berth::sim {

inline constexpr std::uint16_t control_port = 7400;
inline constexpr std::uint32_t vip_network = 0x7f4d0700;  // 127.77.7.0

/// Server: controller, catalog, users' changes.
class ServerProcess {
 public:
  ServerProcess(Trial& trial, Host& host, storage::Store& store, Host& store_host);
  /// Starts in the background.
  void begin() { scope_.add(start()); }
  bool ready() const { return ready_; }

  placement::Changes& changes() { return changes_; }
  placement::Mirror& mirror() { return mirror_; }
  catalog::Catalog& catalog() { return catalog_; }

 private:
  Deferred<void> start();
  Deferred<void> note_system();

  Host& host_;
  World& world_;
  WiredStore store_;
  placement::Mirror mirror_;
  catalog::Catalog catalog_;
  placement::Feed feed_;
  placement::Changes changes_;
  placement::Controller controller_;
  http::Router router_;
  http::Server server_;
  bool ready_ = false;
  Scope scope_;
};

/// Agent of a host.
class AgentProcess {
 public:
  AgentProcess(Trial& trial, Host& host, storage::Store& store, Host& store_host,
               Programs& programs, runtime::DrainGate& drains);
  void begin() { scope_.add(start()); }
  bool ready() const { return ready_; }

 private:
  Deferred<void> start();

  World& world_;
  WiredStore store_;
  placement::Mirror mirror_;
  placement::Feed feed_;
  ProgramDriver driver_;
  runtime::Agent agent_;
  bool ready_ = false;
  Scope scope_;
};

/// Proxy of a host: follows the catalog, reports what it has applied under a name of its run.
class ProxyProcess final : proxy::AccessSink, proxy::CallerFinder, proxy::ListenerSource {
 public:
  ProxyProcess(Trial& trial, Host& host, Address server, std::string name);
  void start();
  const std::string& name() const { return name_; }
  proxy::Proxy& proxy() { return proxy_; }

 private:
  void note(const http::AccessRecord&) override {}
  std::string find(const Address&, const Address&) override { return "unknown"; }
  Deferred<std::unique_ptr<Listener>> listener(Address address) override {
    return resolved<std::unique_ptr<Listener>>(host_.network.listen(address));
  }
  void release(const Address&) override {}
  Deferred<void> report();

  Host& host_;
  std::string name_;
  proxy::Proxy proxy_;
  catalog::Follower follower_;
  Event applied_;
  Scope scope_;
};

}  // namespace berth::sim
