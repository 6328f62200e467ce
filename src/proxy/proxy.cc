#include "proxy/proxy.h"

#include "async/clock.h"
#include "base/strings.h"
#include "proxy/session.h"

namespace berth::proxy {

struct Proxy::Frontend {
  Address address;
  std::shared_ptr<Pool> pool;  // null: the gateway
  std::unique_ptr<Listener> listener;
  bool closed = false;
  std::uint32_t connections = 0;
};

Proxy::Proxy(World& world, Log log, ListenerSource& listeners, AccessSink& sink,
             CallerFinder& callers, ProxyOptions options)
    : world_(world),
      log_(log),
      listeners_(listeners),
      sink_(sink),
      callers_(callers),
      options_(std::move(options)),
      answers_(world, log.named("answers")),
      mirror_(world) {
  if (!options_.state_folder.empty()) scope_.add(open_answers());
  if (options_.gateway.family() != Address::Family::none) open_frontend(options_.gateway, nullptr);
}

Proxy::~Proxy() = default;

void Proxy::apply(std::shared_ptr<const catalog::Snapshot> snapshot) {
  if (snapshot_ && snapshot->revision < snapshot_->revision) return;
  for (auto& [name, service] : snapshot->services) {
    auto& pool = pools_[name];
    if (!pool) pool = std::make_shared<Pool>(name, options_.zone);
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
  snapshot_ = std::move(snapshot);
  update_frontends();
}

void Proxy::update_frontends() {
  std::map<Address, std::shared_ptr<Pool>> wanted;
  for (auto& [name, pool] : pools_) {
    const Address& vip = pool->service().vip;
    if (vip.family() == Address::Family::none) continue;
    wanted[vip] = pool;
    if (options_.port_80) wanted[vip.with_port(80)] = pool;
  }
  for (auto each = frontends_.begin(); each != frontends_.end();) {
    auto& frontend = *each->second;
    auto found = wanted.find(each->first);
    if (!frontend.pool || (found != wanted.end() && found->second == frontend.pool)) {
      ++each;
      continue;
    }
    frontend.closed = true;
    if (frontend.listener) frontend.listener->close();
    listeners_.release(each->first);
    each = frontends_.erase(each);
  }
  for (auto& [address, pool] : wanted) {
    if (!frontends_.contains(address)) open_frontend(address, pool);
  }
}

void Proxy::open_frontend(const Address& address, std::shared_ptr<Pool> pool) {
  auto frontend = std::make_shared<Frontend>();
  frontend->address = address;
  frontend->pool = std::move(pool);
  frontends_[address] = frontend;
  scope_.add(listen(std::move(frontend)));
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
  while (!frontend->closed) {
    auto stream = co_await frontend->listener->accept().result();
    if (!stream.ok()) co_return;
    scope_.add(serve(frontend, std::move(*stream)));
    while (connections_ >= options_.connections_max) co_await world_.clock.after(10ms);
  }
}

Deferred<void> Proxy::serve(std::shared_ptr<Frontend> frontend,
                            std::unique_ptr<ByteStream> stream) {
  struct Counted {
    std::size_t& all;
    std::uint32_t& here;
    Counted(std::size_t& a, std::uint32_t& h) : all(a), here(h) { ++all, ++here; }
    ~Counted() { --all, --here; }
  } counted(connections_, frontend->connections);
  Session session(*this, frontend->pool, frontend->connections, std::move(stream));
  co_await session.run();
}

std::shared_ptr<Pool> Proxy::pool_at(const Address& address) const {
  auto found = frontends_.find(address);
  return found == frontends_.end() ? nullptr : found->second->pool;
}

std::shared_ptr<Pool> Proxy::pool_of(std::string_view service) const {
  auto found = pools_.find(service);
  return found == pools_.end() ? nullptr : found->second;
}

Deferred<void> Proxy::open_answers() {
  auto opened = co_await answers_.open(options_.state_folder).result();
  if (!opened.ok())
    log_.warning("answers to Idempotency-Keys are kept in memory alone",
                 {{"error", opened.error()}});
}

std::shared_ptr<Pool> Proxy::route(std::string_view host, std::string_view path) const {
  if (!snapshot_) return nullptr;
  std::string_view domain = snapshot_->domain;
  if (host.size() <= domain.size() + 1 ||
      !equal_ignoring_case(host.substr(host.size() - domain.size()), domain) ||
      host[host.size() - domain.size() - 1] != '.') {
    return nullptr;
  }
  std::string_view label = host.substr(0, host.size() - domain.size() - 1);
  const std::shared_ptr<Pool>* best = nullptr;
  std::size_t best_size = 0;
  for (auto& [name, pool] : pools_) {
    for (auto& route : pool->service().routes) {
      if (!equal_ignoring_case(route.label, label)) continue;
      std::string_view prefix = route.path;
      while (prefix.ends_with('/')) prefix.remove_suffix(1);
      bool fits =
          path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/' ||
                                       path[prefix.size()] == '?');
      if (fits && (!best || prefix.size() > best_size)) {
        best = &pool;
        best_size = prefix.size();
      }
    }
  }
  return best ? *best : nullptr;
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
  return scope_.close();
}

}  // namespace berth::proxy
