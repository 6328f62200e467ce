#include "http/acquire.h"

#include "http/dial.h"
#include "http/h2_client_connection.h"
#include "http/h2_client_stream.h"

namespace berth::http::detail {
namespace {

/// Whether HTTP/2 is spoken on a new connection.
Result<bool> speaks_h2(const ByteStream& stream, const Route& route) {
  if (route.version == Version::http_1_1) return false;
  bool agreed = stream.protocol() == "h2";
  if (agreed || route.version == Version::negotiated) return agreed;
  if (!route.secured()) return true;  // by prior knowledge
  return Error(Code::unsupported, "the server does not agree to HTTP/2");
}

Error too_many_wait(const ClientPool& pool) {
  return Error(Code::overloaded, std::to_string(pool.options.waiting_max) +
                                     " requests wait for a connection already");
}

/// A new connection, with what `ticket` allows.
Deferred<Carrier> connect(ClientPool& pool, const Route& route, Progress& progress, Ticket ticket) {
  progress.opens_anew();
  pool.make_room();
  auto stream = co_await dial(pool, route, progress);
  Lane& lane = ticket.lane();
  if (!co_await or_return(speaks_h2(*stream, route))) {
    lane.by_h1 = true;
    auto connection = std::make_unique<ClientConnection>(std::move(stream), pool.options.head);
    connection->ticket.emplace(std::move(ticket));
    co_return Carrier(std::move(connection));
  }
  auto connection = std::make_shared<H2ClientConnection>(pool.clock, std::move(stream),
                                                         pool.options.head, pool.options.h2);
  connection->ticket.emplace(std::move(ticket));
  if (!pool.closed()) lane.shared = connection;
  co_return Carrier(connection->open());
}

}  // namespace

Deferred<Carrier> acquire(ClientPool& pool, const Route& route, Progress& progress) {
  progress.begin(Progress::Step::waiting);
  Visit visit(pool, route);
  std::optional<Semaphore::Permit> turn;
  Lane& lane = visit.lane();
  if (!lane.by_h1 && route.version != Version::http_1_1) {
    if (lane.opening.waiting() >= pool.options.waiting_max) co_return too_many_wait(pool);
    turn = co_await lane.opening.acquire();
    progress.reuses();
    if (auto stream = pool.take_shared(visit.way())) {
      co_return Carrier(std::move(stream));
    }
    if (lane.by_h1) turn.reset();
  }
  Ticket ticket = co_await pool.enter(route);
  progress.reuses();
  if (auto connection = ticket.take_idle()) {
    connection->ticket.emplace(std::move(ticket));
    co_return Carrier(std::move(connection));
  }
  // One that carries nothing lacked its permit alone.
  if (auto stream = pool.take_shared(visit.way(), &ticket)) co_return Carrier(std::move(stream));
  co_return co_await connect(pool, route, progress, std::move(ticket));
}

}  // namespace berth::http::detail
