#include "proxy/proxy.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "async/world.h"
#include "http/access_record.h"
#include "http/client.h"
#include "http/server.h"
#include "os/disk.h"
#include "os/network.h"
#include "os/process.h"
#include "os/random.h"
#include "os/reactor.h"
#include "os/workers.h"

namespace berth::proxy {
namespace {

struct Recorded {
  int status;
  std::string server, caller, target, termination;
  std::uint32_t retries;
};

struct Sink final : AccessSink {
  void note(const http::AccessRecord& r) override {
    records.push_back({r.status, std::string(r.server), std::string(r.caller),
                       std::string(r.target), std::string(r.termination, 4), r.retries});
  }
  std::vector<Recorded> records;
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

struct ProxyTest : ::testing::Test {
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
  Address vip = Address::ipv4(0x7f4dfe01, 17480 + static_cast<std::uint16_t>(::getpid() % 10000));
  Address gateway = vip.with_port(static_cast<std::uint16_t>(vip.port() + 1));
  Proxy proxy{world, Log(), plain, sink, nobody, ProxyOptions{.gateway = gateway}};
  http::Client client{reactor, network};
  std::vector<std::unique_ptr<http::Server>> servers;
  catalog::Service users;
  std::uint64_t revision = 0;

  ProxyTest() {
    users.name = "users";
    users.vip = vip;
    users.routes = {{"web", "/"}};
    users.policy.queue_timeout = 300ms;
  }
  /// An instance that answers its id, echoes POSTs, and dies on /die.
  void add_instance(const std::string& id) {
    auto listener = network.listen(Address::loopback(0)).value();
    catalog::Instance instance{id, "1", "v1", "here", listener->address(), catalog::Health::healthy,
                               "", 0};
    servers.push_back(std::make_unique<http::Server>(
        reactor, [this, id](http::ServerRequest& request) -> Deferred<http::ServerResponse> {
          if (request.head.path() == "/slow") co_await reactor.after(200ms);
          if (request.head.path() == "/fail") co_return http::ServerResponse::text("no", 500);
          std::string body = co_await request.body(64 << 20);
          co_return http::ServerResponse::text(request.head.method == "POST" ? body : id);
        }));
    servers.back()->serve(std::move(listener));
    users.instances.push_back(instance);
  }
  void apply() {
    auto snapshot = std::make_shared<catalog::Snapshot>();
    snapshot->revision = ++revision;
    snapshot->domain = "shop.localhost";
    snapshot->services["users"] = std::make_shared<catalog::Service>(users);
    proxy.apply(snapshot);
    for (int i = 0; i < 5; ++i) reactor.turn(1ms);
  }
  template <class T>
  Result<T> run(Deferred<T> work) {
    for (int i = 0; i < 4000 && work.pending(); ++i) reactor.turn(5ms);
    return work.take();
  }
  std::pair<int, std::string> get(std::string target, std::string host = "users", Address to = {}) {
    http::Request request;
    request.target = std::move(target);
    request.host = std::move(host);
    auto answer = run(client.send(to.port() ? to : vip, std::move(request)));
    if (!answer.ok()) return {0, answer.error().text()};
    int status = answer->status();
    return {status, run(answer->text()).value()};
  }
};

TEST_F(ProxyTest, balances_over_healthy_instances_and_records_each_request) {
  add_instance("users/1");
  add_instance("users/2");
  apply();
  std::map<std::string, int> seen;
  for (int i = 0; i < 40; ++i) ++seen[get("/a").second];
  EXPECT_EQ(seen.size(), 2u);
  ASSERT_EQ(sink.records.size(), 40u);
  EXPECT_EQ(sink.records[0].status, 200);
  EXPECT_EQ(sink.records[0].target, "/a");
  EXPECT_EQ(sink.records[0].termination, "----");
}

TEST_F(ProxyTest, dead_instance_is_not_felt_by_what_may_be_repeated) {
  add_instance("users/1");
  add_instance("users/2");
  apply();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get("/a").first, 200);
  ASSERT_TRUE(run(servers[0]->close()).ok());
  for (int i = 0; i < 30; ++i) EXPECT_EQ(get("/a"), std::make_pair(200, std::string("users/2")));
}

TEST_F(ProxyTest, kept_connection_finds_a_service_that_was_removed_and_came_back) {
  add_instance("users/1");
  apply();
  EXPECT_EQ(get("/a").first, 200);
  auto none = std::make_shared<catalog::Snapshot>();
  none->revision = ++revision;
  proxy.apply(none);
  apply();  // it is back before the client asks again
  EXPECT_EQ(get("/a"), std::make_pair(200, std::string("users/1")));

  auto gone = std::make_shared<catalog::Snapshot>();
  gone->revision = ++revision;
  proxy.apply(gone);
  EXPECT_EQ(get("/a").first, 503);  // at once, and the connection ends
  EXPECT_EQ(get("/a").first, 0);
  apply();
  EXPECT_EQ(get("/a").first, 200);
}

TEST_F(ProxyTest, nothing_left_is_a_503_with_the_reason) {
  add_instance("users/1");
  users.instances[0].health = catalog::Health::unhealthy;
  users.instances[0].why = "GET /health answered 500";
  apply();
  auto [status, text] = get("/a");
  EXPECT_EQ(status, 503);
  EXPECT_NE(text.find("users/1: GET /health answered 500"), std::string::npos) << text;
  EXPECT_EQ(sink.records.at(0).status, 503);
}

TEST_F(ProxyTest, large_bodies_go_through_both_ways) {
  add_instance("users/1");
  apply();
  std::string big(5'000'000, 'b');
  for (std::size_t i = 0; i < big.size(); i += 7) big[i] = static_cast<char>('a' + i % 26);
  auto answer = run(client.post(vip, "/echo", "text/plain", big)).value();
  EXPECT_EQ(answer.status(), 200);
  EXPECT_TRUE(run(answer.text()).value() == big);
  EXPECT_EQ(get("/a").first, 200);
}

TEST_F(ProxyTest, gateway_routes_by_host_and_refuses_the_rest) {
  add_instance("users/1");
  apply();
  EXPECT_EQ(get("/x", "web.shop.localhost:8080", gateway).first, 200);
  EXPECT_EQ(sink.records.back().caller, "gateway");
  EXPECT_EQ(get("/x", "other.shop.localhost", gateway).first, 404);
  EXPECT_EQ(get("/x", "localhost", gateway).first, 404);
}

TEST_F(ProxyTest, draining_instance_finishes_what_it_answers_and_gets_nothing_new) {
  add_instance("users/1");
  apply();
  auto slow = client.get(vip, "/slow");
  for (int i = 0; i < 10; ++i) reactor.turn(5ms);
  add_instance("users/2");
  users.instances[0].health = catalog::Health::draining;
  apply();
  EXPECT_EQ(proxy.draining_in_flight(), std::vector<std::string>{"users/1@1"});
  EXPECT_EQ(get("/a").second, "users/2");
  auto answer = run(std::move(slow)).value();
  EXPECT_EQ(run(answer.text()).value(), "users/1");
  EXPECT_TRUE(proxy.draining_in_flight().empty());
}

TEST_F(ProxyTest, request_is_cut_off_when_its_time_is_over) {
  add_instance("users/1");
  users.policy.timeout = 50ms;
  apply();
  EXPECT_EQ(get("/slow").first, 504);
}

TEST_F(ProxyTest, smuggling_is_refused_with_400) {
  add_instance("users/1");
  apply();
  auto stream = run(network.connect(vip)).value();
  std::string text =
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: "
      "chunked\r\n\r\n0\r\n\r\n";
  ASSERT_TRUE(run(stream->write(Bytes::copy(text))).ok());
  EXPECT_TRUE(run(stream->read()).value().view().starts_with("HTTP/1.1 400 "));
}

}  // namespace
}  // namespace berth::proxy
