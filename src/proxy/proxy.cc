#include "proxy/proxy.h"

#include <algorithm>
#include <tuple>

#include "async/clock.h"
#include "proxy/gateway/catalog_routes.h"
#include "proxy/gateway/enter.h"
#include "proxy/h2_front.h"
#include "proxy/limits/part.h"
#include "proxy/proxy_connections.h"
#include "proxy/session.h"
#include "proxy/tcp_session.h"
#include "proxy/udp_front.h"

namespace berth::proxy {
namespace {

tls::ServerOptions options_of(const gateway::Entrance& entrance, Commons& commons) {
  tls::ServerOptions options;
  options.ticket_keys = commons.ticket_keys_of(entrance.address);
  options.certificates = entrance.acme.empty() ? entrance.certificates : entrance.shown;
  options.version_min = entrance.version_min;
  options.alpn = {"h2", "http/1.1"};
  if (!entrance.http2) options.alpn.erase(options.alpn.begin());
  if (!entrance.tcp_service.empty()) options.alpn.clear();
  return options;
}

}  // namespace

Proxy::Proxy(World& world, Log log, ListenerSource& listeners, AccessSink& sink,
             CallerFinder& callers, ProxyOptions options)
    : world_(world),
      log_(log),
      listeners_(listeners),
      sink_(sink),
      callers_(callers),
      options_(std::move(options)),
      gateway_(std::make_shared<gateway::Gateway>()),
      answers_(world, log.named("answers")),
      mirror_(world) {
  if (!options_.commons) options_.commons = std::make_shared<Commons>();
  client_rates_ = options_.commons->rates_of("");
  if (!options_.state_folder.empty()) scope_.add(open_answers());
  if (options_.gateway.family() == Address::Family::none) return;
  gateway_ = gateway::gateway_of(catalog::Snapshot(), options_.gateway);
  update_frontends();
}

Proxy::~Proxy() {
  while (parked_) delete parked_;
}

void Proxy::apply(std::shared_ptr<const catalog::Snapshot> snapshot) {
  if (snapshot_ && snapshot->revision < snapshot_->revision) return;
  for (auto& [name, service] : snapshot->services) {
    auto& pool = pools_[name];
    if (!pool) pool = std::make_shared<Pool>(name, options_.zone, options_.commons->rates_of(name));
    if (!snapshot_ || snapshot_->find(name) != service.get())
      pool->apply(service, world_.random, world_.clock.now());
  }
  for (auto pool = pools_.begin(); pool != pools_.end();) {
    if (snapshot->services.contains(pool->first)) {
      ++pool;
    } else {
      pool->second->remove(world_.random, world_.clock.now());
      gone_.push_back(pool->second);
      pool = pools_.erase(pool);
    }
  }
  std::erase_if(gone_, [](auto& pool) { return pool->in_flight() == 0; });
  bool public_from_catalog = options_.gateway.family() != Address::Family::none;
  if (public_from_catalog && (!snapshot_ || !gateway::same_routes(*snapshot_, *snapshot))) {
    gateway_ = gateway::gateway_of(*snapshot, options_.gateway);
  }
  snapshot_ = std::move(snapshot);
  update_frontends();
}

Result<void> Proxy::apply_gateway(std::shared_ptr<const gateway::Gateway> gateway) {
  std::map<Address, tls::ServerContext> contexts;
  for (auto& entrance : gateway->entrances) {
    if (!entrance->secured) continue;
    contexts.emplace(entrance->address,
                     TRY(tls::ServerContext::make(options_of(*entrance, *options_.commons))));
  }
  gateway_ = std::move(gateway);
  options_.threads = gateway_->threads;
  options_.connections_max =
      std::max<std::size_t>(1, part_of(static_cast<std::uint32_t>(gateway_->connections_max),
                                       gateway_->threads, options_.number));
  update_frontends();
  for (auto& [address, context] : contexts) {
    auto& frontend = *frontends_.at(address);
    // What was there stays, and with it the tickets of clients that come again.
    bool kept = frontend.tls &&
                frontend.tls->replace(options_of(*frontend.entrance, *options_.commons)).ok();
    if (!kept) frontend.tls = std::move(context);
  }
  return {};
}

Result<void> Proxy::show_certificates(const gateway::Entrance& entrance,
                                      std::vector<tls::CertificatePem> certificates) {
  auto found = frontends_.find(entrance.address);
  if (found == frontends_.end() || !found->second->tls) return {};
  tls::ServerOptions options = options_of(entrance, *options_.commons);
  options.certificates = std::move(certificates);
  return found->second->tls->replace(std::move(options));
}

void Proxy::update_frontends() {
  struct Wanted {
    std::shared_ptr<Pool> pool;
    std::shared_ptr<const gateway::Entrance> entrance;
  };
  std::map<Address, Wanted> wanted;
  for (auto& [name, pool] : pools_) {
    const Address& vip = pool->service().vip;
    if (vip.family() == Address::Family::none) continue;
    wanted[vip].pool = pool;
    if (options_.port_80) wanted[vip.with_port(80)].pool = pool;
  }
  for (auto& entrance : gateway_->entrances) {
    if (!entrance->udp) wanted[entrance->address] = {nullptr, entrance};
  }
  update_udp();
  for (auto each = frontends_.begin(); each != frontends_.end();) {
    auto& frontend = *each->second;
    auto found = wanted.find(each->first);
    if (found != wanted.end() && found->second.pool == frontend.pool &&
        (frontend.pool || found->second.entrance->secured == frontend.entrance->secured)) {
      frontend.entrance = found->second.entrance;
      ++each;
      continue;
    }
    frontend.closed = true;
    if (frontend.listener) frontend.listener->close();
    listeners_.release(each->first);
    each = frontends_.erase(each);
  }
  for (auto& [address, each] : wanted) {
    if (frontends_.contains(address)) continue;
    auto frontend = open_frontend(address);
    frontend->pool = each.pool;
    frontend->entrance = each.entrance;
    scope_.add(listen(std::move(frontend)));
  }
}

void Proxy::update_udp() {
  std::map<Address, std::unique_ptr<UdpFront>> next;
  for (auto& entrance : gateway_->entrances) {
    if (!entrance->udp) continue;
    auto& place = next[entrance->address];
    auto found = udp_fronts_.find(entrance->address);
    if (found != udp_fronts_.end()) {
      place = std::move(found->second);
      place->set(entrance);
    } else {
      place = std::make_unique<UdpFront>(*this, entrance);
      place->start();
    }
  }
  udp_fronts_ = std::move(next);
}

std::shared_ptr<Proxy::Frontend> Proxy::open_frontend(const Address& address) {
  auto frontend = std::make_shared<Frontend>();
  frontend->address = address;
  frontends_[address] = frontend;
  return frontend;
}

Deferred<void> Proxy::listen(std::shared_ptr<Frontend> frontend) {
  for (Duration wait = 50ms; !frontend->listener; wait = std::min<Duration>(wait * 2, 5s)) {
    auto listener = co_await listeners_.listener(frontend->address).result();
    if (frontend->closed) co_return;
    if (listener.ok()) {
      frontend->listener = std::move(*listener);
      break;
    }
    log_.warning("an address cannot be listened on; trying again",
                 {{"address", frontend->address.text()}, {"error", listener.error()}});
    co_await world_.clock.after(wait);
  }
  co_await world_.clock.after(0s);  // whoever applies a change has all of it in place then
  while (!frontend->closed) {
    auto stream = co_await frontend->listener->accept().result();
    if (!stream.ok()) co_return;
    scope_.add(serve(Connection(*this, frontend, std::move(*stream))));
    while (connections_ >= options_.connections_max) co_await world_.clock.after(10ms);
  }
}

Deferred<void> Proxy::serve(Connection connection) {
  auto& frontend = *connection.frontend;
  auto& entrance = connection.entrance;
  auto& stream = connection.stream;
  ++frontend.accepted;
  auto too_many = [&] {
    if (!entrance || gateway_->trusted.addresses.contains(stream->peer_address())) return false;
    connection.of_client.emplace(frontend.clients, stream->peer_address());
    std::size_t most = entrance->connections_per_client_max;
    return connection.of_client->count() > (most + options_.threads - 1) / options_.threads;
  };
  bool told_who = entrance && entrance->proxy_protocol;
  if (!told_who && too_many()) co_return refuse_client(*stream);
  if (entrance && (entrance->secured || told_who)) {
    auto context = entrance->secured ? frontend.tls : std::nullopt;
    auto entering = gateway::enter(world_.clock, entrance, std::move(context), std::move(stream));
    auto entered = co_await std::move(entering).result();
    if (!entered.ok()) {
      tell_refused(entered.error());
      co_return;
    }
    stream = std::move(*entered);
    if (told_who && too_many()) co_return refuse_client(*stream);
  }
  if (entrance && !entrance->tcp_service.empty()) {
    TcpSession session(*this, pool_called(entrance->tcp_service), entrance, frontend.connections,
                       std::move(stream));
    co_return co_await session.run();
  }
  if (stream->protocol() == "h2") {
    H2Front front(*this, frontend.pool, entrance, frontend.connections);
    co_return co_await front.run(std::move(stream), Bytes());
  }
  scope_.add(converse(std::move(connection), Bytes()));
}

/// HTTP/1.1 until the connection ends, is parked, or shows to be one of HTTP/2.
Deferred<void> Proxy::converse(Connection connection, Bytes first) {
  auto& frontend = *connection.frontend;
  Bytes early;
  {
    Session session(*this, frontend.pool, connection.entrance, frontend.connections,
                    std::move(connection.stream), std::move(connection.identity), std::move(first));
    co_await session.run();
    auto until = session.silent_until();
    if (!until && !session.began_h2()) co_return;
    std::tie(connection.stream, early) = session.take_client();
    if (until) {
      if (scope_.closing()) co_return;
      connection.identity = session.take_identity();
      park(std::move(connection), *until);
      co_return;
    }
  }
  H2Front front(*this, frontend.pool, connection.entrance, frontend.connections);
  co_await front.run(std::move(connection.stream), std::move(early));
}

/// One line a second at most: a stranger may cause as many as he likes.
void Proxy::tell_refused(const Error& error) {
  ++entries_refused_;
  if (error.is(Code::cancelled) || world_.clock.now() < tell_after_) return;
  tell_after_ = world_.clock.now() + 1s;
  log_.warning("a connection was refused", {{"error", error}, {"in_all", entries_refused_}});
}

void Proxy::refuse_client(ByteStream& stream) {
  tell_refused(Error(Code::overloaded,
                     stream.peer_address().ip_text() + " has more connections than a client may"));
  stream.abort();
}

bool Proxy::has_encoder() const {
  auto most = static_cast<std::uint32_t>(gateway_->encoders_max);
  return encoders_ < part_of(most, options_.threads, options_.number);
}

std::shared_ptr<Pool> Proxy::pool_at(const Address& address) const {
  auto found = frontends_.find(address);
  return found == frontends_.end() ? nullptr : found->second->pool;
}

Deferred<void> Proxy::open_answers() {
  auto opened = co_await answers_.open(options_.state_folder).result();
  if (!opened.ok())
    log_.warning("answers to Idempotency-Keys are kept in memory alone",
                 {{"error", opened.error()}});
}

std::shared_ptr<Pool> Proxy::pool_called(std::string_view name) const {
  auto found = pools_.find(name);
  return found == pools_.end() ? nullptr : found->second;
}

std::vector<std::string> Proxy::draining_in_flight() const {
  std::vector<std::string> all;
  for (auto& [name, pool] : pools_) {
    for (auto& id : pool->draining_in_flight()) all.push_back(id);
  }
  for (auto& pool : gone_) {
    for (auto& id : pool->draining_in_flight()) all.push_back(id);
  }
  return all;
}

std::vector<Proxy::Front> Proxy::fronts() const {
  std::vector<Front> all;
  for (auto& [address, frontend] : frontends_) {
    all.push_back({frontend->entrance ? frontend->entrance->name : frontend->pool->name(), address,
                   frontend->connections, frontend->accepted});
  }
  for (auto& [address, front] : udp_fronts_) {
    all.push_back({front->entrance().name, address, front->sessions(), front->begun()});
  }
  return all;
}

catalog::BalancerReport Proxy::report() const {
  catalog::BalancerReport report;
  report.revision = revision();
  report.in_flight = draining_in_flight();
  MonotonicTime now = world_.clock.now();
  for (auto& [name, pool] : pools_) {
    pool->add_resting(report.out, catalog::BalancerReport::out_max, now);
  }
  return report;
}

void Proxy::stop_listening() {
  stopping_ = true;
  stopped_.set();
  for (auto& [address, front] : udp_fronts_) front->stop();
  for (auto& [address, frontend] : frontends_) {
    frontend->closed = true;
    if (frontend->listener) frontend->listener->close();
  }
}

std::size_t Proxy::requests_in_flight() const {
  std::size_t count = 0;
  for (auto& [name, pool] : pools_) count += pool->in_flight();
  for (auto& pool : gone_) count += pool->in_flight();
  return count;
}

Deferred<void> Proxy::close() {
  stop_listening();
  udp_fronts_.clear();
  while (parked_) delete parked_;
  return scope_.close();
}

}  // namespace berth::proxy
