#pragma once

#include <map>
#include <memory>
#include <string>

#include "async/scope.h"
#include "async/sync.h"
#include "async/world.h"
#include "base/log.h"
#include "os/descriptor_passing.h"
#include "os/network.h"
#include "proxy/proxy.h"

// Listening sockets that outlive their proxy (docs/formats/listeners.md): `berth dev` keeps a copy
// of each, the proxy uses them. Messages are JSON with descriptors beside them, on a Unix seqpacket
// socket:
//   proxy -> keeper  {"hello": PID, "have": ["127.77.3.2:7480", ...]}   with those sockets
//   proxy -> keeper  {"want": "127.77.3.2:7480"}
//   keeper -> proxy  {"listener": "127.77.3.2:7480"} with the socket, or with "error"
//   proxy -> keeper  {"release": "127.77.3.2:7480"}
//   keeper -> proxy  {"welcome": PID}
//   keeper -> proxy  {"stop": true}                          end, once what is in flight is
//   answered

namespace berth::app {

/// The proxy's side: asks the keeper for each listener. Without a keeper it binds by itself, and
/// hands all it has to the next keeper that comes. One reactor.
class KeptListeners final : public proxy::ListenerSource {
 public:
  KeptListeners(World& world, Log log, os::Reactor& reactor, os::Network& network,
                std::string path);
  ~KeptListeners();

  void start() { scope_.add(run()); }
  Deferred<void> close() { return scope_.close(); }
  Deferred<std::unique_ptr<Listener>> listener(Address address) override;
  void release(const Address& address) override;
  /// The process that keeps, 0 while there is none.
  std::int64_t keeper_pid() const { return keeper_pid_; }
  /// Resolves when the keeper tells this proxy to end.
  Deferred<void> told_to_stop() { return stop_.wait(); }

 private:
  Deferred<void> run();
  Deferred<void> converse();
  Result<void> say_hello();
  void take(os::PassedMessage message);
  Result<std::unique_ptr<Listener>> use(const Address& address);

  World& world_;
  Log log_;
  os::Reactor& reactor_;
  os::Network& network_;
  std::string path_;
  std::unique_ptr<os::PassingSocket> socket_;
  std::map<Address, os::Descriptor> have_;
  std::map<Address, Promise<void>> wanted_;
  std::int64_t keeper_pid_ = 0;
  Event stop_;
  Scope scope_;
};

/// The keeper's side, in `berth dev`: keeps the sockets, gives them to the proxy that is there now.
/// `gone` of the connection tells that the proxy ended. One reactor.
class ListenerKeeper {
 public:
  ListenerKeeper(World& world, Log log, os::Reactor& reactor, std::string path)
      : world_(world), log_(log), reactor_(reactor), path_(std::move(path)) {}

  Result<void> start();
  Deferred<void> close() { return scope_.close(); }
  /// The process of the proxy that is connected, 0: none.
  std::int64_t proxy_pid() const { return proxy_pid_; }
  /// Tells the proxy to end.
  void stop_proxy();
  /// Keeps a socket that listens already.
  void keep(const Address& address, os::Descriptor socket) {
    kept_[address.text()] = std::move(socket);
  }
  /// Resolves when a proxy came or went.
  Deferred<void> changed() { return changed_.wait(); }

 private:
  Deferred<void> accept_all(std::unique_ptr<os::PassingListener> listener);
  Deferred<void> serve(std::unique_ptr<os::PassingSocket> socket);
  void answer(os::PassingSocket& socket, os::PassedMessage message);
  void give(os::PassingSocket& socket, const std::string& address);
  void set_proxy(std::int64_t pid, os::PassingSocket* socket);

  World& world_;
  Log log_;
  os::Reactor& reactor_;
  std::string path_;
  std::map<std::string, os::Descriptor> kept_;
  std::int64_t proxy_pid_ = 0;
  os::PassingSocket* proxy_ = nullptr;
  WaitList<void> changed_;
  Scope scope_;
};

}  // namespace berth::app
