#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "async/network.h"
#include "async/scope.h"
#include "async/world.h"
#include "base/log.h"
#include "observe/event.h"

namespace berth::observe {

/// Takes events from Riemann clients over TCP (port 5555): each message is its length in four
/// bytes, big-endian, and a protobuf Msg; each is answered, in order, after its events went to the
/// sink. A message that cannot be read, or a query (not supported yet), is answered with an error;
/// one longer than riemann_message_bytes_max ends the connection. Belongs to one reactor.
class RiemannServer {
 public:
  static constexpr std::size_t connections_max = 1000;  // beyond, a new one is closed at once
  using Sink = std::function<void(Event)>;

  RiemannServer(World& world, Log log, Sink sink)
      : world_(world), log_(log), sink_(std::move(sink)) {}

  void serve(std::unique_ptr<Listener> listener);
  Deferred<void> close();
  std::uint64_t events() const { return events_; }

 private:
  Deferred<void> accept_all();
  Deferred<void> converse(std::unique_ptr<ByteStream> stream);
  Deferred<void> converse_logged(std::unique_ptr<ByteStream> stream);
  std::string take_in(std::string_view message);

  World& world_;
  Log log_;
  Sink sink_;
  std::unique_ptr<Listener> listener_;
  std::uint64_t events_ = 0;
  Scope scope_;
};

}  // namespace berth::observe
