#include <gtest/gtest.h>

#include "async/allocations_suite.h"
#include "async/serve.h"
#include "http/access_record.h"
#include "os/disk.h"
#include "os/network.h"
#include "os/process.h"
#include "os/random.h"
#include "os/reactor.h"
#include "os/workers.h"
#include "proxy/log_outputs.h"
#include "proxy/proxy.h"

namespace berth::proxy {
namespace {

struct Sink final : AccessSink {
  void note(const http::AccessRecord& record) override {
    records += record.status == 200 ? 1 : 0;
    if (logs) logs->note(record);
  }
  std::size_t records = 0;
  LogOutputs* logs = nullptr;
};
struct Nobody final : CallerFinder {
  std::string find(const Address&, const Address&) override { return "unknown"; }
};
struct Plain final : ListenerSource {
  explicit Plain(Network& network) : network(network) {}
  Deferred<std::unique_ptr<Listener>> listener(Address address) override {
    return resolved<std::unique_ptr<Listener>>(network.listen(address));
  }
  void release(const Address&) override {}
  Network& network;
};

/// Sends `request` again and again, each when the answer to the last has come: all of `answer` to
/// its last byte.
Deferred<void> ask(ByteStream& stream, std::string_view request, std::size_t answer_bytes,
                   std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) {
    co_await stream.write(Bytes::literal(request));
    for (std::size_t left = answer_bytes; left > 0;) {
      Bytes part = co_await stream.read(left);
      left -= part.size();
    }
  }
}

constexpr std::string_view answer =
    "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\n"
    "date: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 5\r\n\r\nhello";

constexpr std::string_view kept_answer =
    "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\n"
    "date: Sun, 06 Nov 1994 08:49:37 GMT\r\ncache-control: max-age=2000000000\r\n"
    "vary: accept\r\ncontent-length: 5\r\n\r\nhello";

/// The instance: answers each request, whose last bytes are an empty line or "body".
Deferred<void> answer_all(std::unique_ptr<ByteStream> stream) {
  for (;;) {
    Bytes part = co_await stream->read();
    if (part.empty()) co_return;
    bool whole = part.view().ends_with("\r\n\r\n") || part.view().ends_with("body");
    bool keeps = part.view().starts_with("GET /kept");
    part = Bytes();
    if (whole) co_await stream->write(Bytes::literal(keeps ? kept_answer : answer));
  }
}

/// Client, proxy and instance stand in this thread: none of them may call malloc.
struct ProxyAllocations : ::testing::Test {
  os::Reactor reactor;
  os::Network network{reactor};
  os::Workers workers{1};
  os::Disk disk{workers};
  os::Process process{reactor};
  os::Random random;
  World world{reactor, network, disk, process, random, workers};
  Sink sink;
  Nobody nobody;
  Plain plain{network};
  catalog::Service users;
  std::unique_ptr<Listener> instance = network.listen(Address::loopback(0)).value();
  Deferred<void> instance_serves = serve(
      *instance, [](std::unique_ptr<ByteStream> stream) { return answer_all(std::move(stream)); });
  Proxy proxy{world, Log(), plain, sink, nobody, ProxyOptions()};

  ProxyAllocations() {
    users.name = "users";
    auto free = network.listen(Address::loopback(0)).value();
    users.vip = free->address();
    free->close();
    free.reset();
    // What is kept of remarkable requests has its memory from the beginning: else the first
    // minutes take some, and one may begin in the middle of a test.
    http::Headers long_ones;
    std::string value(500, 'x');
    long_ones.add_view("x", value);
    http::AccessRecord record;
    record.status = 200;
    record.target = value;
    for (int minute = 0; minute < 15; ++minute) {
      record.accepted = (reactor.wall() - (15 - minute) * 1min).nanoseconds;
      record.server = record.backend = record.frontend = value;
      for (int i = 0; i < 10; ++i) {
        proxy.remarkable().note(record, users.vip, long_ones, long_ones,
                                [](std::string_view) { return false; });
      }
    }
    users.instances.push_back(
        {"users/1", "1", "v1", "here", instance->address(), catalog::Health::healthy, "", 0});
  }
  void apply() {
    auto snapshot = std::make_shared<catalog::Snapshot>();
    snapshot->revision = 1;
    snapshot->services["users"] = std::make_shared<catalog::Service>(users);
    proxy.apply(snapshot);
    for (int i = 0; i < 5; ++i) reactor.turn(1ms);
  }
  template <class T>
  auto run(T work) {
    while (work.pending()) reactor.turn(1s);
    return work.take();
  }
  void expect_none(std::string_view request) {
    apply();
    auto stream = run(network.connect(users.vip)).value();
    ASSERT_TRUE(run(ask(*stream, request, answer.size(), 100)).ok());
    [[maybe_unused]] std::size_t fresh_before = detail::frame_pool.fresh;
    auto round = [&] { ASSERT_TRUE(run(ask(*stream, request, answer.size(), 1000)).ok()); };
    EXPECT_EQ(least_allocations(round), 0u);
#ifndef BERTH_SANITIZED
    EXPECT_EQ(detail::frame_pool.fresh, fresh_before);
#endif
    EXPECT_EQ(sink.records % 1000, 100u);
  }
};

constexpr std::string_view small_get =
    "GET /users/42/greeting HTTP/1.1\r\nHost: users:7480\r\nUser-Agent: x\r\nAccept: */*\r\n\r\n";

TEST_F(ProxyAllocations, a_keep_alive_request_needs_none_in_steady_state) {
  expect_none(small_get);
}

TEST_F(ProxyAllocations, nor_does_one_that_was_forwarded_with_a_deadline) {
  expect_none(
      "GET /users HTTP/1.1\r\nHost: users:7480\r\nX-Forwarded-For: 203.0.113.7, 198.51.100.1\r\n"
      "X-Berth-Deadline: 10000\r\ngrpc-timeout: 20S\r\nPriority: u=1\r\n\r\n");
}

TEST_F(ProxyAllocations, nor_does_a_small_post) {
  expect_none("POST /users HTTP/1.1\r\nHost: users:7480\r\nContent-Length: 4\r\n\r\nbody");
}

TEST_F(ProxyAllocations, nor_does_one_that_is_answered_by_what_is_kept) {
  users.policy.cache.on = true;
  users.policy.cache.join = true;
  apply();
  constexpr std::string_view request =
      "GET /kept HTTP/1.1\r\nHost: users:7480\r\nAccept: */*\r\n\r\n";
  auto stream = run(network.connect(users.vip)).value();
  Bytes first;
  for (int i = 0; i < 2; ++i) {  // the second is the first hit
    ASSERT_TRUE(run(stream->write(Bytes::literal(request))).ok());
    first = run(stream->read()).value();
  }
  // Age and ttl keep their length: the answer is from 1994.
  std::size_t size = first.size();
  first = Bytes();
  ASSERT_TRUE(run(ask(*stream, request, size, 100)).ok());
  auto round = [&] { ASSERT_TRUE(run(ask(*stream, request, size, 1000)).ok()); };
  EXPECT_EQ(least_allocations(round), 0u);
  EXPECT_EQ(proxy.pool_called("users")->cache().counts.hits % 1000, 101u);
}

TEST_F(ProxyAllocations, nor_do_limits_and_hashes) {
  users.policy.balance.way = catalog::BalancePolicy::Way::ring;
  users.policy.balance.key = "path";
  users.policy.limit.in_flight = 100;
  users.policy.limit.adaptive = true;
  users.policy.limit.per_second = 1e6;
  users.policy.limit.key_per_second = 1e6;
  users.policy.breaker.share_permille = 500;
  expect_none(small_get);
}

TEST_F(ProxyAllocations, nor_does_the_line_of_one_that_goes_out_by_udp) {
  auto reader = network.bind_datagram(Address::loopback(0)).value();
  LogOutputs logs(world, Log());
  ASSERT_TRUE(logs.set({{.to = gateway::LogSpec::To::syslog_udp,
                         .form = gateway::LogSpec::Form::haproxy,
                         .path = "",
                         .address = reader->address()}})
                  .ok());
  sink.logs = &logs;
  expect_none(small_get);
}

}  // namespace
}  // namespace berth::proxy
