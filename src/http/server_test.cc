#include "http/server.h"

#include <gtest/gtest.h>

#include "async/manual_clock.h"
#include "http/client.h"
#include "http/router.h"
#include "os/network.h"
#include "os/reactor.h"

namespace berth::http {
namespace {

struct ServerTest : ::testing::Test {
  os::Reactor reactor;
  os::Network network{reactor};
  Router router;
  Server server{reactor, [this](ServerRequest& request) { return router.route(request); }};
  Client client{reactor, network};
  Address address;

  void start() {
    auto listener = network.listen(Address::loopback(0)).value();
    address = listener->address();
    server.serve(std::move(listener));
  }
  template <class T>
  Result<T> run(Deferred<T> work) {
    for (int i = 0; i < 2000 && work.pending(); ++i) reactor.turn(5ms);
    return work.take();
  }
};

TEST_F(ServerTest, routes_answers_and_keeps_the_connection) {
  router.add("GET", "/users/:id", [](ServerRequest& request) -> Deferred<ServerResponse> {
    co_return ServerResponse::text("user " + std::string(request.parameter("id")) +
                                   request.query("x"));
  });
  router.add("POST", "/echo", [](ServerRequest& request) -> Deferred<ServerResponse> {
    co_return ServerResponse::text(co_await request.body());
  });
  start();
  for (int i = 0; i < 3; ++i) {
    auto answer = run(client.get(address, "/users/a%20b?x=%21")).value();
    EXPECT_EQ(run(answer.text()).value(), "user a b!");
  }
  EXPECT_EQ(server.connections(), 1u);
  std::string big(3'000'000, 'z');
  auto echoed = run(client.post(address, "/echo", "text/plain", big)).value();
  EXPECT_EQ(echoed.status(), 413);
  auto small = run(client.post(address, "/echo", "text/plain", "hello")).value();
  EXPECT_EQ(run(small.text()).value(), "hello");
  EXPECT_EQ(run(client.get(address, "/echo")).value().status(), 405);
  EXPECT_EQ(run(client.get(address, "/none")).value().status(), 404);
  auto by_url = run(client.get("http://" + address.text() + "/users/b?x=y#z")).value();
  EXPECT_EQ(run(by_url.text()).value(), "user by");
  EXPECT_TRUE(run(client.get("ftp://x")).error().is(Code::invalid));
}

TEST_F(ServerTest, an_answer_before_the_end_of_a_large_body_arrives) {
  router.add("POST", "/", [](ServerRequest& request) -> Deferred<ServerResponse> {
    auto body = co_await request.body(1000).result();
    co_return ServerResponse::text("no", body.ok() ? 200 : 413);
  });
  start();
  for (int i = 0; i < 20; ++i) {
    auto answer = run(client.post(address, "/", "text/plain", std::string(8 << 20, 'x')));
    ASSERT_TRUE(answer.ok()) << answer.error().text();
    EXPECT_EQ(answer->status(), 413);
    EXPECT_EQ(run(answer->text()).value(), "no");
  }
}

TEST_F(ServerTest, close_ends_what_is_being_answered) {
  Promise<void> never;
  router.add("GET", "/", [&](ServerRequest&) {
    return Deferred<ServerResponse>(
        never.deferred().then([] { return ServerResponse::text("late"); }));
  });
  start();
  auto asked = client.get(address, "/");
  for (int i = 0; i < 20; ++i) reactor.turn(1ms);
  EXPECT_TRUE(run(server.close()).ok());
  EXPECT_FALSE(run(std::move(asked)).ok());
}

TEST_F(ServerTest, a_connection_that_asks_nothing_more_is_closed_in_time) {
  ManualClock clock;
  Server patient(clock, [](ServerRequest&) { return ready(ServerResponse::text("hello")); },
                 {.head_timeout = 10s, .idle_timeout = 60s});
  auto listener = network.listen(Address::loopback(0)).value();
  address = listener->address();
  patient.serve(std::move(listener));
  auto settle = [&] {
    for (int i = 0; i < 20; ++i) reactor.turn(1ms);
  };
  auto open_and_ask = [&](std::string_view text) {
    auto stream = run(network.connect(address)).value();
    EXPECT_TRUE(run(stream->write(Bytes::literal(text))).ok());
    settle();
    return stream;
  };
  auto silent = open_and_ask("GET / HTTP/1.1\r\n");
  auto asked = open_and_ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(patient.connections(), 2u);
  clock.advance(10s);
  settle();
  EXPECT_EQ(patient.connections(), 1u);
  clock.advance(49s);
  settle();
  EXPECT_EQ(patient.connections(), 1u);
  EXPECT_TRUE(run(asked->write(Bytes::literal("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))).ok());
  settle();
  clock.advance(59s);
  settle();
  EXPECT_EQ(patient.connections(), 1u);
  clock.advance(1s);
  settle();
  EXPECT_EQ(patient.connections(), 0u);
}

TEST_F(ServerTest, client_says_what_it_tried) {
  auto failed = run(client.get(Address::loopback(1), "/x"));
  ASSERT_FALSE(failed.ok());
  EXPECT_TRUE(failed.error().is(Code::refused));
  EXPECT_NE(failed.error().text().find("GET /x at 127.0.0.1:1"), std::string::npos)
      << failed.error().text();
}

}  // namespace
}  // namespace berth::http
