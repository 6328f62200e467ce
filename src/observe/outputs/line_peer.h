#pragma once

#include <string>

#include "async/network.h"
#include "async/world.h"
#include "base/endpoint.h"
#include "observe/outputs/output.h"
#include "tls/context.h"

namespace berth::observe {

/// A program that takes bytes over TCP, TLS or a Unix socket and never answers: Graphite, syslog.
/// To know that it has them, each batch has a connection of its own: we end our half, and the peer,
/// once it has read to that end, ends its own. A connection that breaks before that was lost, and
/// the batch is sent again. A peer that keeps it open for `end_timeout` counts as having it, but
/// not as confirmed; so does one behind TLS that ends without its close_notify, as many do.
class LinePeer {
 public:
  static constexpr Duration end_timeout = 10s;
  static constexpr std::size_t answer_bytes_max = 64 << 10;  // that are read away

  LinePeer(World& world, tls::ClientContext context, Endpoint place)
      : world_(world), context_(std::move(context)), place_(std::move(place)) {}

  Deferred<Attempt> send(std::string text, std::size_t count);

 private:
  static Deferred<void> read_to_end(ByteStream& stream);

  World& world_;
  tls::ClientContext context_;
  const Endpoint place_;
};

}  // namespace berth::observe
