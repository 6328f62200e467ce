#pragma once

#include <memory>

#include "app/kept_listeners.h"
#include "async/process.h"

namespace berth::app {

/// Sees to it that this host has one proxy: takes over the one of an earlier run if it is alive,
/// else starts one, and starts the next at once when it ends. Its sockets are with the
/// ListenerKeeper meanwhile. Belongs to one reactor.
class ProxyKeeper {
 public:
  /// `spec` starts a proxy; it outlives us. `lock_path` is the file that a proxy holds a lock on.
  ProxyKeeper(World& world, Log log, ListenerKeeper& listeners, SpawnSpec spec,
              std::string lock_path)
      : world_(world),
        log_(log),
        listeners_(listeners),
        spec_(std::move(spec)),
        lock_path_(std::move(lock_path)) {}

  /// True if a proxy of an earlier run is alive.
  bool alive_before() const;
  void start() { scope_.add(run()); }
  std::uint64_t restarts() const { return restarts_; }
  /// Tells the proxy to end and waits for it, at most some seconds.
  Deferred<void> stop();
  Deferred<void> close() { return scope_.close(); }

 private:
  Deferred<void> run();
  Deferred<void> wait_for_earlier();

  World& world_;
  Log log_;
  ListenerKeeper& listeners_;
  SpawnSpec spec_;
  std::string lock_path_;
  std::unique_ptr<Child> child_;
  std::uint64_t restarts_ = 0;
  bool stopping_ = false;
  Scope scope_;
};

}  // namespace berth::app
