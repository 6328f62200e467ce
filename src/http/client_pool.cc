#include "http/client_pool.h"

#include <algorithm>

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

Deferred<Bytes> ClientConnection::read() {
  if (!uploading.valid()) return reader.body();
  return reader.body().or_else([this](Error error) { return upload_failed.value_or(error); });
}

std::pair<std::unique_ptr<ByteStream>, Bytes> ClientConnection::take_stream() {
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

std::unique_ptr<ClientConnection> ClientPool::take(const Route& route) {
  auto lane = lanes_.find(route);
  if (lane == lanes_.end() || lane->second.idle.empty()) return nullptr;
  auto in_lane = lane->second.room.try_acquire();
  if (!in_lane) return nullptr;
  auto in_all = room_.try_acquire();
  if (!in_all) return nullptr;
  Ticket ticket(shared_from_this(), lane, std::move(*in_lane), std::move(*in_all));
  auto connection = ticket.take_idle();
  if (connection) connection->ticket.emplace(std::move(ticket));
  return connection;
}

Deferred<Ticket> ClientPool::enter(Route route) {
  auto self = shared_from_this();
  auto lane = lane_of(route);
  // Who waits in the lane, or holds a permit of it, keeps it; the last to give up closes it.
  struct Leaving {
    ClientPool& pool;
    Lanes::iterator lane;
    ~Leaving() { pool.tidy(lane); }
  } leaving{*this, lane};
  if (room_.waiting() + lane->second.room.waiting() >= options.waiting_max) {
    co_return Error(Code::overloaded, std::to_string(options.waiting_max) +
                                          " requests wait for a connection already");
  }
  auto in_lane = co_await lane->second.room.acquire();
  auto in_all = co_await room_.acquire();
  co_return Ticket(std::move(self), lane, std::move(in_lane), std::move(in_all));
}

void ClientPool::make_room() {
  while (busy() + idle_ > options.connections_max && close_oldest()) {
  }
}

bool ClientPool::close_oldest() {
  auto oldest = lanes_.end();
  for (auto lane = lanes_.begin(); lane != lanes_.end(); ++lane) {
    if (lane->second.idle.empty()) continue;
    if (oldest == lanes_.end() ||
        lane->second.idle.front()->idle_since < oldest->second.idle.front()->idle_since) {
      oldest = lane;
    }
  }
  if (oldest == lanes_.end()) return false;
  oldest->second.idle.erase(oldest->second.idle.begin());
  --idle_;
  tidy(oldest);
  return true;
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
}

void ClientPool::fire() {
  MonotonicTime next = clock.now() + options.idle_timeout;
  for (auto lane = lanes_.begin(); lane != lanes_.end();) {
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
  if (!lane->second.idle.empty() || room.waiting() > 0) return;
  if (room.free() == options.connections_per_address_max) lanes_.erase(lane);
}

}  // namespace berth::http::detail
