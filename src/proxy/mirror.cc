#include "proxy/mirror.h"

#include <tuple>

#include "async/clock.h"
#include "http/h1_parser.h"
#include "proxy/session.h"

namespace berth::proxy {

void Mirror::send(std::shared_ptr<Pool> to, std::string method, Bytes request, Duration idle_max) {
  if (in_flight_ >= in_flight_max) {
    ++dropped_;
    return;
  }
  ++sent_;
  scope_.add(
      carry(std::move(to), std::move(method), std::move(request), idle_max).or_else([](Error) {
      }));  // its failures are nobody's
}

Deferred<void> Mirror::carry(std::shared_ptr<Pool> to, std::string method, Bytes request,
                             Duration idle_max) {
  auto& clock = world_.clock;
  auto pick = to->pick({}, world_.random, clock.now());
  if (pick.choice != Pool::Choice::found) {
    ++dropped_;
    co_return;
  }
  struct Flight {
    Flight(std::size_t& count, Pool& pool, Endpoint& endpoint)
        : count(count), pool(pool), endpoint(endpoint) {
      ++count;
      pool.begin(endpoint);
    }
    Flight(const Flight&) = delete;
    ~Flight() {
      --count;
      pool.end(endpoint);
    }
    std::size_t& count;
    Pool& pool;
    Endpoint& endpoint;
  } flight(in_flight_, *to, *pick.endpoint);
  Endpoint& endpoint = *pick.endpoint;
  auto stream = endpoint.take_idle(clock.now(), idle_max);
  if (!stream) {
    auto connecting = gateway::connect_to_instance(world_, endpoint.address, to->tls());
    stream = co_await with_timeout(clock, to->policy().connect_timeout, std::move(connecting));
  }
  BytesList bytes(std::move(request));
  co_await with_timeout(clock, to->policy().timeout, stream->write(std::move(bytes)));
  bool again = false;
  co_await with_timeout(clock, to->policy().timeout, read_away(*stream, std::move(method), again));
  if (again) endpoint.give_idle(std::move(stream), clock.now());
}

/// `again`: the connection may be used again.
Deferred<void> Mirror::read_away(ByteStream& stream, std::string method, bool& again) {
  http::HeadFinder finder;
  Bytes pending;
  std::size_t size = 0;
  while ((size = finder.find(pending.view())) == 0) {
    Bytes more = co_await stream.read();
    if (more.empty() || pending.size() > http::HeadLimits().head_bytes_max) co_return;
    pending = joined(pending, more);
  }
  auto head = co_await or_return(http::parse_response(pending.slice(0, size), method));
  pending.remove_prefix(size);
  http::BodyScanner body(head.framing);
  for (std::size_t read = 0; read < answer_bytes_max;) {
    auto taken = co_await or_return(body.scan(pending.view(), [](std::size_t, std::size_t) {}));
    pending.remove_prefix(taken);
    if (body.done()) {
      again = head.keep_alive && pending.empty() && head.status >= 200;
      co_return;
    }
    pending = co_await stream.read();
    if (pending.empty()) co_return;
    read += pending.size();
  }
}

}  // namespace berth::proxy
