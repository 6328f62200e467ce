#include "proxy/tcp_session.h"

#include <algorithm>
#include <tuple>

#include "async/clock.h"
#include "async/gather.h"
#include "proxy/gateway/proxy_protocol.h"
#include "proxy/proxy.h"

namespace berth::proxy {
namespace {

constexpr std::size_t copy_bytes = 65536;

}  // namespace

TcpSession::TcpSession(Proxy& proxy, std::shared_ptr<Pool> pool,
                       std::shared_ptr<const gateway::Entrance> entrance,
                       const std::uint32_t& frontend_connections,
                       std::unique_ptr<ByteStream> client)
    : proxy_(proxy),
      pool_(std::move(pool)),
      entrance_(std::move(entrance)),
      frontend_connections_(frontend_connections),
      client_(std::move(client)),
      begun_(proxy.world().clock.exact_now()),
      id_(proxy.next_session_id()),
      enlisted_(proxy.enlist(*this)) {
  record_.accepted = proxy.world().clock.wall().nanoseconds;
}

TcpSession::~TcpSession() {
  note_record();
  release();
  proxy_.strike(enlisted_);
}

Deferred<void> TcpSession::run() {
  if (!pool_) {
    ended('S', 'C');
    co_return;
  }
  record_.backend_requests = pool_->in_flight();
  pool_->budget.earn(static_cast<double>(pool_->policy().retry.budget_permille) / 1000);
  while (!co_await reach()) {
    if (record_.termination[0] != '-') co_return;
  }
  co_await talk();
}

// An instance ------------------------------------------------------------------------------------

Pool::Wish TcpSession::wish() const {
  Pool::Wish wish;
  if (pool_->hashes()) {
    wish.key = pool_->hash_key().of({}, client_->peer_address().ip_text(), "gateway");
  }
  wish.tried = {tried_.data(), std::min(tried_count_, tried_.size())};
  return wish;
}

/// As a request does it, with the urgency of most of them.
Deferred<void> TcpSession::choose() {
  auto& clock = proxy_.world().clock;
  MonotonicTime began = clock.exact_now();
  RequestQueue::Place place(pool_->queue, RequestFacts::urgency_usual);
  for (;;) {
    auto choice = Pool::Choice::full;
    if (pool_->lets_in(RequestFacts::urgency_usual) && !pool_->queue.before(place)) {
      auto pick = pool_->pick(wish(), proxy_.world().random, clock.now());
      choice = pick.choice;
      endpoint_ = std::move(pick.endpoint);
    } else if (pool_->has_room()) {
      pool_->queue.wake();
    }
    if (choice == Pool::Choice::found) {
      RequestQueue::done(place);
      pool_->begin(*endpoint_);
      record_.waiting =
          std::max<std::int64_t>(record_.waiting, 0) + (clock.exact_now() - began).count();
      record_.server_requests = endpoint_->in_flight;
      co_return;
    }
    Duration left = pool_->policy().queue_timeout - (clock.now() - began);
    if (left <= Duration(0) || pool_->removed()) {
      bool none = choice == Pool::Choice::none || pool_->removed();
      ended(none ? 'S' : 's', none ? 'C' : 'Q');
      co_return;
    }
    record_.backend_queue = static_cast<std::uint32_t>(pool_->queue.size() + 1);
    auto waiting = pool_->queue.wait(place, pool_->policy().queue_max, clock, left);
    auto woken = co_await std::move(waiting).result();
    if (woken.ok() || woken.error().is(Code::timed_out)) continue;
    ended('S', 'Q');
    co_return;
  }
}

/// One try to get a connection to an instance.
Deferred<bool> TcpSession::reach() {
  auto& world = proxy_.world();
  co_await choose();
  if (!endpoint_) co_return false;
  auto connected = co_await connect().result();
  auto failure = connected.ok() ? Failure::none : Failure::refused;
  if (!connected.ok() && connected.error().is(Code::timed_out)) failure = Failure::timeout;
  if (pool_->note(*endpoint_, failure, Duration(record_.connecting), world.clock.now())) {
    proxy_.log().warning(
        "an instance is given no requests for a while",
        {{"instance", endpoint_->id}, {"why", endpoint_->outlier.why(world.clock.now())}});
  }
  if (connected.ok()) co_return true;
  auto& policy = pool_->policy();
  if (record_.retries >= policy.retries || !pool_->budget.spend(world.clock.now())) {
    ended(failure == Failure::timeout ? 's' : 'S', 'C');
    co_return false;
  }
  bool another = record_.retries == 0 && pool_->endpoints().size() > 1;
  Duration most = std::min(policy.retry.backoff * (std::int64_t{1} << record_.retries),
                           std::max(policy.retry.backoff, policy.retry.backoff_max));
  ++record_.retries;
  tried_[tried_count_++ % tried_.size()] = endpoint_;
  release();
  double part = another ? 0 : world.random.unit();
  Duration pause(static_cast<std::int64_t>(static_cast<double>(most.count()) * part));
  if (pause > Duration(0)) co_await world.clock.after(pause);
  co_return false;
}

/// Within `connect_timeout` all of it: the connection, who is told to stand behind it, TLS.
Deferred<std::unique_ptr<ByteStream>> TcpSession::prepare() {
  auto& world = proxy_.world();
  const Address address = endpoint_->address;
  auto tls = pool_->shared_tls();
  auto stream = co_await world.network.connect(address);
  auto version = pool_->policy().send_proxy;
  if (version != catalog::SendProxy::off) {
    auto source = client_->peer_address();
    auto destination = client_->local_address();
    std::string head = version == catalog::SendProxy::v1
                           ? gateway::write_proxy_line(source, destination)
                           : gateway::write_proxy_header(source, destination);
    co_await stream->write(Bytes::copy(head));
  }
  if (!tls) co_return std::move(stream);
  auto securing = tls->secure(world.clock, std::move(stream), address, {});
  co_return co_await std::move(securing);
}

Deferred<void> TcpSession::connect() {
  auto& world = proxy_.world();
  MonotonicTime began = world.clock.exact_now();
  upstream_ = co_await with_timeout(world.clock, pool_->policy().connect_timeout, prepare());
  record_.connecting = (world.clock.exact_now() - began).count();
}

// Bytes
// --------------------------------------------------------------------------------------------

Deferred<void> TcpSession::talk() {
  auto& clock = proxy_.world().clock;
  heard_ = clock.now();
  clock.timers().arm(*this, heard_ + entrance_->idle_timeout);
  auto both = together(pump(*client_, *upstream_, record_.bytes_in, Side::client),
                       pump(*upstream_, *client_, record_.bytes_out, Side::server));
  std::ignore = co_await gather_results(std::move(both)).result();
  disarm();
}

Deferred<void> TcpSession::pump(ByteStream& from, ByteStream& to, std::uint64_t& count, Side side) {
  char source = side == Side::client ? 'C' : 'S';
  char sink = side == Side::client ? 'S' : 'C';
  for (;;) {
    auto part = co_await from.read(copy_bytes).result();
    if (!part.ok()) {
      ended(source, 'D');
      to.abort();
      co_await fail_with(std::move(part).error());
    }
    if (part->empty()) break;
    touch(side);
    count += part->size();
    auto written = co_await to.write(std::move(*part)).result();
    if (!written.ok()) {
      ended(sink, 'D');
      from.abort();
      co_await fail_with(std::move(written).error());
    }
    touch(side);
  }
  std::ignore = co_await to.shutdown_write().result();
}

void TcpSession::touch(Side side) {
  heard_ = proxy_.world().clock.now();
  last_ = side;
}

/// Silence: who spoke last has waited for the other one.
void TcpSession::fire() {
  auto& clock = proxy_.world().clock;
  MonotonicTime due = heard_ + entrance_->idle_timeout;
  if (clock.now() < due) return clock.timers().arm(*this, due);
  ended(last_ == Side::client && record_.bytes_in > 0 ? 's' : 'c', 'D');
  client_->close();
  upstream_->close();
}

void TcpSession::ended(char who, char where) {
  if (record_.termination[0] != '-') return;  // the first reason is the reason
  record_.termination[0] = who;
  record_.termination[1] = where;
}

void TcpSession::kill() {
  ended('K', upstream_ ? 'D' : 'C');
  if (upstream_) upstream_->abort();
  client_->abort();
}

void TcpSession::release() {
  if (!endpoint_) return;
  pool_->end(*endpoint_);
  endpoint_ = nullptr;
}

// What is told ---------------------------------------------------------------------------------

OpenSession::Shown TcpSession::shown() const {
  Shown out;
  out.id = id_;
  out.client = client_->peer_address();
  out.frontend = entrance_->name;
  out.service = pool_ ? pool_->name() : "";
  out.server = server();
  out.age = proxy_.world().clock.now() - begun_;
  out.method = "TCP";
  out.asking = true;
  return out;
}

void TcpSession::note_record() {
  record_.total = (proxy_.world().clock.exact_now() - begun_).count();
  Address peer = client_->peer_address();
  record_.client_ip = peer.family() == Address::Family::ipv4 ? peer.ipv4_value() : 0;
  record_.client_port = peer.port();
  record_.process_connections = static_cast<std::uint32_t>(proxy_.connections());
  record_.frontend_connections = frontend_connections_;
  record_.frontend = entrance_->name;
  record_.backend = pool_ ? std::string_view(pool_->name()) : std::string_view();
  record_.server = server();
  record_.caller = "gateway";
  proxy_.sink().note(record_);
}

}  // namespace berth::proxy
