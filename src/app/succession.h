#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "app/taken_sockets.h"
#include "async/scope.h"
#include "async/sync.h"
#include "async/world.h"
#include "base/log.h"
#include "os/descriptor_passing.h"

// How a proxy alone hands its listening sockets to the process that follows it (docs/formats/
// proxy.md). Messages are JSON with descriptors beside them, on a Unix seqpacket socket beside the
// control socket:
//   old -> new  {"sockets": ["0.0.0.0:8080", ...]}  with them, until {"sockets": [], "all": true}
//   new -> old  {"ready": PID}       it takes connections: the old one stops to
//   new -> old  {"failed": "why"}    it does not; as an end without a word
// All else that it is to know the new one asks the control socket for, GET /v1/handover.

namespace berth::app {

/// The old process's side. Gives the sockets to whoever opens its socket, which only its owner
/// may, one at a time, and tells once that one has them. One reactor.
class Predecessor {
 public:
  static constexpr Duration ready_limit = 30s;  // for the new one to begin

  Predecessor(World& world, Log log, os::Reactor& reactor, TakenSockets& sockets)
      : world_(world), log_(log), reactor_(reactor), sockets_(sockets) {}

  /// Listens there; an empty path: nowhere. Errors: those of PassingListener::listen.
  Result<void> set(const std::string& path);
  /// Starts the next process, and waits until it has taken over: its pid. Errors: unavailable with
  /// the reason, in_use where one is on its way already; then nothing has changed here.
  Deferred<std::int64_t> start(std::vector<std::string> argv);
  /// Resolves once a process has taken over.
  Deferred<void> succeeded() { return succeeded_.wait(); }
  bool over() const { return succeeded_.is_set(); }

 private:
  Deferred<void> accept_all(std::unique_ptr<os::PassingListener> listener);
  Deferred<void> hand_over(os::PassingSocket& socket);

  World& world_;
  Log log_;
  os::Reactor& reactor_;
  TakenSockets& sockets_;
  std::string path_;
  bool busy_ = false;
  bool starting_ = false;
  std::string why_not_;
  std::int64_t successor_ = 0;
  Event succeeded_;
  std::unique_ptr<Scope> listening_;
};

/// The new process's side: the sockets of the one that runs, by the path of its control socket.
/// Whoever has it says what came of it.
class Successor {
 public:
  /// Errors: unavailable (nobody is there), invalid, timed_out.
  static Deferred<std::unique_ptr<Successor>> begin(World& world, os::Reactor& reactor,
                                                    TakenSockets& sockets, std::string control);
  void ready();
  void failed(const Error& why);

 private:
  explicit Successor(std::unique_ptr<os::PassingSocket> socket) : socket_(std::move(socket)) {}
  std::unique_ptr<os::PassingSocket> socket_;
};

/// Where a proxy with that control socket hands over.
std::string succession_path(const std::string& control);

}  // namespace berth::app
