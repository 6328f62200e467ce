#include "proxy/udp_front.h"

#include <algorithm>
#include <string>
#include <tuple>

#include "async/clock.h"
#include "http/access_record.h"
#include "proxy/proxy.h"

namespace berth::proxy {
namespace {

constexpr int looks = 4;  // within idle_timeout, for sessions that are over

/// Where answers come to: any address of the instance's family.
Address any_like(const Address& instance) {
  bool v6 = instance.family() == Address::Family::ipv6;
  return v6 ? Address::ipv6({}, 0) : Address::ipv4(0, 0);
}

}  // namespace

/// One client's address and its instance.
class UdpFront::Session final : public OpenSession {
 public:
  Session(UdpFront& front, Address client, std::shared_ptr<Pool> pool,
          std::shared_ptr<Endpoint> endpoint, std::unique_ptr<DatagramSocket> socket)
      : front_(front),
        client_(std::move(client)),
        pool_(std::move(pool)),
        endpoint_(std::move(endpoint)),
        socket_(std::move(socket)),
        begun_(clock().exact_now()),
        heard_(clock().now()),
        id_(front.proxy_.next_session_id()),
        enlisted_(front.proxy_.enlist(*this)) {
    pool_->begin(*endpoint_);
    record_.accepted = clock().wall().nanoseconds;
    record_.waiting = record_.connecting = 0;
    record_.backend_requests = pool_->in_flight();
    record_.server_requests = endpoint_->in_flight;
    receiving_ = receive_all();
  }
  ~Session() {
    receiving_.reset();
    note_record();
    pool_->end(*endpoint_);
    front_.proxy_.strike(enlisted_);
  }

  void send(const Bytes& bytes) {
    heard_ = clock().now();
    record_.bytes_in += bytes.size();
    if (!socket_->send(endpoint_->address, bytes)) ++front_.dropped_;
  }
  bool over(MonotonicTime now) const {
    Duration idle = front_.entrance_->idle_timeout;
    if (front_.stopped_) idle = std::min(idle, answers_wait);
    return killed_ || now - heard_ >= idle;
  }
  /// Its instance still takes what is new.
  bool good() const { return !killed_ && !pool_->removed() && !endpoint_->draining; }

  Shown shown() const override {
    Shown out;
    out.id = id_;
    out.client = client_;
    out.frontend = front_.entrance_->name;
    out.service = pool_->name();
    out.server = endpoint_->id;
    out.age = clock().now() - begun_;
    out.method = "UDP";
    out.asking = true;
    return out;
  }
  std::string_view server() const override { return endpoint_->id; }
  void kill() override {
    killed_ = true;
    record_.termination[0] = 'K';
    record_.termination[1] = 'D';
    clock().timers().arm(front_, clock().now());
  }

 private:
  Clock& clock() const { return front_.proxy_.world().clock; }

  Deferred<void> receive_all() {
    for (;;) {
      auto datagram = co_await socket_->receive().result();
      if (!datagram.ok()) co_return;
      if (datagram->peer != endpoint_->address) continue;  // a stranger's
      heard_ = clock().now();
      record_.bytes_out += datagram->bytes.size();
      if (!front_.socket_ || !front_.socket_->send(client_, datagram->bytes)) ++front_.dropped_;
    }
  }
  void note_record() {
    record_.total = (clock().exact_now() - begun_).count();
    bool v4 = client_.family() == Address::Family::ipv4;
    record_.client_ip = v4 ? client_.ipv4_value() : 0;
    record_.client_port = client_.port();
    record_.process_connections = static_cast<std::uint32_t>(front_.proxy_.connections());
    record_.frontend_connections = static_cast<std::uint32_t>(front_.sessions_.size());
    record_.frontend = front_.entrance_->name;
    record_.backend = pool_->name();
    record_.server = endpoint_->id;
    record_.caller = "gateway";
    front_.proxy_.sink().note(record_);
  }

  UdpFront& front_;
  Address client_;
  std::shared_ptr<Pool> pool_;
  std::shared_ptr<Endpoint> endpoint_;
  std::unique_ptr<DatagramSocket> socket_;
  http::AccessRecord record_;
  MonotonicTime begun_;
  MonotonicTime heard_;
  bool killed_ = false;
  std::uint64_t id_;
  OpenSessions::iterator enlisted_;
  Deferred<void> receiving_;
};

UdpFront::UdpFront(Proxy& proxy, std::shared_ptr<const gateway::Entrance> entrance)
    : proxy_(proxy), entrance_(std::move(entrance)) {}
UdpFront::~UdpFront() {
  running_.reset();
  sessions_.clear();
}

Deferred<void> UdpFront::run() {
  auto& world = proxy_.world();
  for (Duration wait = 50ms; !socket_; wait = std::min<Duration>(wait * 2, 5s)) {
    auto socket = world.network.bind_datagram(entrance_->address);
    if (socket.ok()) {
      socket_ = std::move(*socket);
      break;
    }
    proxy_.log().warning(
        "an address cannot be listened on; trying again",
        {{"address", "udp:" + entrance_->address.text()}, {"error", socket.error()}});
    co_await world.clock.after(wait);
  }
  co_await world.clock.after(0s);  // the services of the change are in place then
  for (;;) {
    auto datagram = co_await socket_->receive().result();
    if (!datagram.ok()) co_return;
    take(std::move(*datagram));
  }
}

void UdpFront::stop() {
  stopped_ = true;
  running_.reset();
  if (!sessions_.empty()) look_later();
}

void UdpFront::take(Datagram datagram) {
  auto found = sessions_.find(datagram.peer);
  if (found != sessions_.end() && !found->second->good()) {
    sessions_.erase(found);  // its instance leaves: the next datagram goes to another
    found = sessions_.end();
  }
  if (found == sessions_.end()) {
    auto session = sessions_.size() < entrance_->sessions_max ? open(datagram.peer) : nullptr;
    if (!session) {
      ++dropped_;
      return;
    }
    ++begun_;
    found = sessions_.emplace(datagram.peer, std::move(session)).first;
    if (!armed()) look_later();
  }
  found->second->send(datagram.bytes);
}

/// Null: nothing can take it.
std::unique_ptr<UdpFront::Session> UdpFront::open(const Address& client) {
  auto& world = proxy_.world();
  auto pool = proxy_.pool_called(entrance_->tcp_service);
  if (!pool || !pool->lets_in(RequestFacts::urgency_usual)) return nullptr;
  Pool::Wish wish;
  if (pool->hashes()) wish.key = pool->hash_key().of({}, client.ip_text(), "gateway");
  auto pick = pool->pick(wish, world.random, world.clock.now());
  if (!pick.endpoint) return nullptr;
  auto socket = world.network.bind_datagram(any_like(pick.endpoint->address));
  if (!socket.ok()) {
    proxy_.log().warning("no socket for a client", {{"error", socket.error()}});
    return nullptr;
  }
  return std::make_unique<Session>(*this, client, std::move(pool), std::move(pick.endpoint),
                                   std::move(*socket));
}

void UdpFront::look_later() {
  auto& clock = proxy_.world().clock;
  Duration idle = stopped_ ? answers_wait : entrance_->idle_timeout;
  Duration step = std::max<Duration>(idle / looks, 10ms);
  clock.timers().arm(*this, clock.now() + step);
}

void UdpFront::fire() {
  MonotonicTime now = proxy_.world().clock.now();
  std::erase_if(sessions_, [&](auto& each) { return each.second->over(now); });
  if (!sessions_.empty()) look_later();
}

}  // namespace berth::proxy
