#include "http/client_pool.h"

#include <algorithm>

#include "http/h2_client_connection.h"
#include "http/h2_client_stream.h"

namespace berth::http::detail {

Lane::Lane(std::size_t connections_max) : room(connections_max) {}
Lane::~Lane() = default;

Ticket::~Ticket() {
  if (!pool_) return;
  in_lane_.reset();
  in_all_.reset();
  pool_->tidy(lane_);
}

std::unique_ptr<ClientConnection> Ticket::take_idle() {
  auto& idle = lane().idle;
  while (!idle.empty()) {
    auto connection = std::move(idle.back());
    idle.pop_back();
    --pool_->idle_;
    bool late = pool_->clock.now() - connection->idle_since > pool_->options.idle_timeout;
    if (!late && !connection->stream->broken()) return connection;
  }
  return nullptr;
}

Carrier::Carrier() = default;
Carrier::Carrier(std::unique_ptr<ClientConnection> alone) : alone(std::move(alone)) {}
Carrier::Carrier(std::unique_ptr<H2ClientStream> stream) : stream(std::move(stream)) {}
Carrier::Carrier(Carrier&&) noexcept = default;
Carrier& Carrier::operator=(Carrier&&) noexcept = default;
Carrier::~Carrier() = default;

Visit::Visit(ClientPool& pool, const Route& route) : pool_(pool), lane_(pool.lane_of(route)) {
  ++lane().visitors;
}
Visit::~Visit() {
  --lane().visitors;
  pool_.tidy(lane_);
}

Deferred<Bytes> ClientConnection::read() {
  if (!uploading.valid()) return reader.body();
  return reader.body().or_else([this](Error error) { return upload_failed.value_or(error); });
}

std::pair<std::unique_ptr<ByteStream>, Bytes> ClientConnection::take_stream(
    std::unique_ptr<ResponseBody>) {
  uploading.reset();
  Bytes early = reader.take_buffered();
  return {std::move(stream), std::move(early)};
}

void ClientConnection::let_go(std::unique_ptr<ResponseBody> self) {
  if (!keep || !sent || !stream || !reader.body_done() || reader.buffered()) return;
  ClientPool& pool = ticket->pool();
  self.release();
  pool.give(std::unique_ptr<ClientConnection>(this));
}

ClientPool::ClientPool(Clock& clock, Network& network, ClientOptions options)
    : clock(clock),
      network(network),
      options(std::move(options)),
      room_(this->options.connections_max) {}

Lanes::iterator ClientPool::lane_of(const Route& route) {
  return lanes_.try_emplace(route, options.connections_per_address_max).first;
}

std::optional<Ticket> ClientPool::try_enter(Lanes::iterator lane) {
  auto in_lane = lane->second.room.try_acquire();
  if (!in_lane) return std::nullopt;
  auto in_all = room_.try_acquire();
  if (!in_all) return std::nullopt;
  return Ticket(shared_from_this(), lane, std::move(*in_lane), std::move(*in_all));
}

Carrier ClientPool::take(const Route& route) {
  auto lane = lanes_.find(route);
  if (lane == lanes_.end()) return {};
  if (auto stream = take_shared(lane)) return Carrier(std::move(stream));
  if (lane->second.idle.empty()) return {};
  auto ticket = try_enter(lane);
  if (!ticket) return {};
  auto connection = ticket->take_idle();
  if (connection) connection->ticket.emplace(std::move(*ticket));
  return Carrier(std::move(connection));
}

std::unique_ptr<H2ClientStream> ClientPool::take_shared(Lanes::iterator lane, Ticket* ticket) {
  auto& shared = lane->second.shared;
  if (!shared) return nullptr;
  auto* idle = resting(lane->second);
  bool late = idle && clock.now() - idle->idle_since > options.idle_timeout;
  if (late || !shared->usable()) {
    drop_shared(lane->second);
    return nullptr;
  }
  if (idle) {
    auto own = ticket ? std::nullopt : try_enter(lane);
    if (!ticket && !own) return nullptr;
    --idle_;
    shared->ticket.emplace(std::move(ticket ? *ticket : *own));
  }
  return shared->open();
}

Deferred<Ticket> ClientPool::enter(Route route) {
  auto self = shared_from_this();
  Visit visit(*this, route);
  if (room_.waiting() + visit.lane().room.waiting() >= options.waiting_max) {
    co_return Error(Code::overloaded, std::to_string(options.waiting_max) +
                                          " requests wait for a connection already");
  }
  auto in_lane = co_await visit.lane().room.acquire();
  auto in_all = co_await room_.acquire();
  co_return Ticket(std::move(self), visit.way(), std::move(in_lane), std::move(in_all));
}

void ClientPool::make_room() {
  while (busy() + idle_ > options.connections_max && close_oldest()) {
  }
}

H2ClientConnection* ClientPool::resting(const Lane& lane) {
  return lane.shared && !lane.shared->ticket ? lane.shared.get() : nullptr;
}

void ClientPool::drop_shared(Lane& lane) {
  if (resting(lane)) --idle_;
  lane.shared.reset();
}

bool ClientPool::close_oldest() {
  auto since = [](const Lane& lane) -> std::optional<MonotonicTime> {
    if (auto* shared = resting(lane)) return shared->idle_since;
    if (lane.idle.empty()) return std::nullopt;
    return lane.idle.front()->idle_since;
  };
  auto oldest = lanes_.end();
  for (auto lane = lanes_.begin(); lane != lanes_.end(); ++lane) {
    auto idle = since(lane->second);
    if (idle && (oldest == lanes_.end() || *idle < *since(oldest->second))) oldest = lane;
  }
  if (oldest == lanes_.end()) return false;
  if (resting(oldest->second)) {
    drop_shared(oldest->second);
  } else {
    oldest->second.idle.erase(oldest->second.idle.begin());
    --idle_;
  }
  tidy(oldest);
  return true;
}

void ClientPool::rest(H2ClientConnection& connection) {
  Ticket ticket = std::move(*connection.ticket);
  connection.ticket.reset();
  Lane& lane = ticket.lane();
  // One that takes no more has a successor, or will have; who holds it now lets go of it.
  if (lane.shared.get() != &connection) return;
  if (closed_ || !connection.usable() || options.idle_per_address_max == 0) {
    lane.shared.reset();
    return;
  }
  connection.idle_since = clock.now();
  ++idle_;
  if (!armed()) clock.timers().arm(*this, clock.now() + options.idle_timeout);
}

void ClientPool::give(std::unique_ptr<ClientConnection> connection) {
  // Whoever waits for the ticket finds the connection: it goes back first.
  Ticket ticket = std::move(*connection->ticket);
  connection->ticket.reset();
  auto& idle = ticket.lane().idle;
  if (closed_ || idle.size() >= options.idle_per_address_max) return;
  connection->uploading.reset();
  connection->upload_failed.reset();
  connection->idle_since = clock.now();
  idle.push_back(std::move(connection));
  ++idle_;
  if (!armed()) clock.timers().arm(*this, clock.now() + options.idle_timeout);
}

void ClientPool::close() {
  closed_ = true;
  disarm();
  while (close_oldest()) {
  }
  // The busy ones live until their last answer.
  for (auto lane = lanes_.begin(); lane != lanes_.end();) {
    lane->second.shared.reset();
    tidy(lane++);
  }
}

void ClientPool::fire() {
  MonotonicTime next = clock.now() + options.idle_timeout;
  for (auto lane = lanes_.begin(); lane != lanes_.end();) {
    auto* shared = resting(lane->second);
    if (shared && (!shared->usable() || shared->idle_since + options.idle_timeout <= clock.now())) {
      drop_shared(lane->second);
    } else if (shared) {
      next = std::min(next, shared->idle_since + options.idle_timeout);
    }
    auto& idle = lane->second.idle;
    auto fresh = std::ranges::find_if(
        idle, [&](auto& each) { return each->idle_since + options.idle_timeout > clock.now(); });
    idle_ -= static_cast<std::size_t>(fresh - idle.begin());
    idle.erase(idle.begin(), fresh);
    if (!idle.empty()) next = std::min(next, idle.front()->idle_since + options.idle_timeout);
    tidy(lane++);
  }
  if (idle_ > 0) clock.timers().arm(*this, next);
}

void ClientPool::tidy(Lanes::iterator lane) {
  Semaphore& room = lane->second.room;
  bool in_use = lane->second.shared || lane->second.visitors > 0 || room.waiting() > 0;
  if (in_use || !lane->second.idle.empty()) return;
  if (room.free() == options.connections_per_address_max) lanes_.erase(lane);
}

}  // namespace berth::http::detail
