#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "async/scope.h"
#include "async/world.h"
#include "base/log.h"
#include "os/mapped_ring.h"
#include "proxy/proxy.h"

namespace berth::app {

/// The proxy's end: each record goes into the shared ring, and as HAProxy's line to a syslog
/// receiver where one is given. Never waits; what the ring has no room for is counted there, what
/// the socket has no room for here.
class RingSink final : public proxy::AccessSink {
 public:
  RingSink(std::unique_ptr<os::MappedRing> ring, std::unique_ptr<DatagramSocket> syslog,
           Address syslog_peer)
      : ring_(std::move(ring)), syslog_(std::move(syslog)), syslog_peer_(std::move(syslog_peer)) {}

  void note(const http::AccessRecord& record) override;
  std::uint64_t lines_lost() const { return lines_lost_; }

 private:
  std::unique_ptr<os::MappedRing> ring_;
  std::unique_ptr<DatagramSocket> syslog_;
  Address syslog_peer_;
  std::uint64_t lines_lost_ = 0;
  std::string message_;  // the last one
};

/// The observer's end: hands over each record once, some milliseconds after it was written. Belongs
/// to one reactor.
class RingReader {
 public:
  using Take = std::function<void(const http::AccessRecord&)>;

  RingReader(World& world, Log log, std::unique_ptr<os::MappedRing> ring, Take take)
      : world_(world), log_(log), ring_(std::move(ring)), take_(std::move(take)) {}

  void start() { scope_.add(run()); }
  /// Takes what is there now.
  void drain();
  std::uint64_t dropped() const { return ring_->dropped(); }
  Deferred<void> close() { return scope_.close(); }

 private:
  Deferred<void> run();
  /// At most some thousand records, so that others get their turn; false if there were none.
  bool take_some();

  World& world_;
  Log log_;
  std::unique_ptr<os::MappedRing> ring_;
  Take take_;
  std::uint64_t told_dropped_ = 0;
  Scope scope_;
};

}  // namespace berth::app
