#include "proxy/second_attempt.h"

#include <algorithm>

#include "async/clock.h"
#include "http/h1_parser.h"

namespace berth::proxy {

SecondAttempt::~SecondAttempt() {
  if (endpoint) pool_->end(*endpoint);
}

void SecondAttempt::begin(std::shared_ptr<Endpoint> to) {
  endpoint = std::move(to);
  pool_->begin(*endpoint);
  under_way = true;
}

Deferred<void> SecondAttempt::run(std::string head, std::string method, Duration idle_max,
                                  MonotonicTime due) {
  auto& clock = world_.clock;
  auto left = [&] { return std::max<Duration>(due - clock.now(), 1ns); };
  MonotonicTime began = clock.exact_now();
  stream = endpoint->take_idle(clock.now(), idle_max);
  reused = stream != nullptr;
  if (!stream) {
    Duration most = std::min(left(), pool_->policy().connect_timeout);
    auto connecting = gateway::connect_to_instance(world_, endpoint->address, pool_->tls());
    stream = co_await with_timeout(clock, most, std::move(connecting));
  }
  sent = clock.exact_now();
  connecting = sent - began;
  BytesList bytes(Bytes::copy(head));
  co_await with_timeout(clock, left(), stream->write(std::move(bytes)));
  const http::HeadLimits limits;
  http::HeadFinder finder;
  for (;;) {
    std::size_t size = finder.find(pending.view());
    if (size == 0) {
      if (pending.size() > limits.head_bytes_max)
        co_await fail_with(Error(Code::invalid, "the answer's head is too long"));
      Bytes more = co_await with_timeout(clock, left(), stream->read());
      if (more.empty())
        co_await fail_with(Error(Code::reset, "the connection ended without an answer"));
      pending = joined(pending, more);
      continue;
    }
    answer = co_await or_return(http::parse_response(pending.slice(0, size), method, limits));
    pending.remove_prefix(size);
    if (answer.status >= 200) break;
    finder.reset();  // interim answers are the first attempt's to pass on
  }
  response = clock.exact_now() - sent;
}

}  // namespace berth::proxy
