#include "observe/streams/riemann_server.h"

#include "http/client.h"
#include "http/router.h"
#include "http/server.h"
#include "http/websocket.h"
#include "observe/streams/riemann_by_protobuf.h"
#include "observe/streams/riemann_web.h"
#include "observe/streams/streams_suite.h"
#include "os/network.h"
#include "os/random.h"
#include "os/reactor.h"

namespace berth::observe::streams {
namespace {

std::string framed(const riemann::Message& message) {
  std::string body = message.SerializeAsString(), out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(body.size() >> shift);
  return out + body;
}

riemann::Message event_message(const char* service, double metric) {
  riemann::Message out;
  auto& event = *out.add_events();
  event.set_host("h");
  event.set_service(service);
  event.set_metric_d(metric);
  return out;
}

/// A server with an index on real sockets of this host, and a client's side.
class RiemannServerTest : public testing::Test {
 protected:
  RiemannServerTest() : core(reactor, Log()), server(core, Log()) {
    EXPECT_TRUE(core.add(index()).ok());
    auto listener = network.listen(Address::loopback(0));
    EXPECT_TRUE(listener.ok());
    place = (*listener)->address();
    server.serve(std::move(*listener));
  }
  ~RiemannServerTest() override { finish(server.close()); }

  /// Sends bytes and reads answers until there are so many.
  Deferred<std::vector<riemann::Message>> ask(std::string bytes, std::size_t answers) {
    auto stream = co_await network.connect(place);
    co_await stream->write(Bytes::copy(bytes));
    std::vector<riemann::Message> out;
    std::string held;
    while (out.size() < answers) {
      Bytes more = co_await stream->read();
      if (more.empty()) break;
      held += more.view();
      while (held.size() >= 4) {
        auto* head = reinterpret_cast<const unsigned char*>(held.data());
        std::size_t size = std::size_t{head[2]} << 8 | head[3] | std::size_t{head[1]} << 16;
        if (held.size() < 4 + size) break;
        out.emplace_back();
        EXPECT_TRUE(out.back().ParseFromString(held.substr(4, size)));
        held.erase(0, 4 + size);
      }
    }
    co_return out;
  }
  std::vector<riemann::Message> answers(std::string bytes, std::size_t count) {
    return finish(ask(std::move(bytes), count));
  }
  template <class T>
  T finish(Deferred<T> work) {
    while (work.pending()) reactor.turn(1s);
    auto out = work.take();
    EXPECT_TRUE(out.ok()) << (out.ok() ? "" : out.error().text());
    if constexpr (!std::is_void_v<T>) return std::move(*out);
  }
  template <class F>
  void until(F holds) {
    while (!holds()) reactor.turn(10ms);
  }

  os::Reactor reactor;
  os::Network network{reactor};
  StreamCore core;
  RiemannServer server;
  Address place;
};

TEST_F(RiemannServerTest, events_are_acknowledged_in_order_and_a_query_finds_them) {
  riemann::Message query;
  query.mutable_query()->set_string("metric > 1");
  riemann::Message wrong;
  wrong.mutable_query()->set_string("metric >");
  auto all =
      answers(framed(event_message("a", 1)) + framed(event_message("b", 2)) + framed(query) +
                  framed(wrong) + std::string("\0\0\0\1\xff", 5) + framed(event_message("c", 3)),
              6);
  ASSERT_EQ(all.size(), 6u);
  EXPECT_TRUE(all[0].ok() && all[1].ok() && all[2].ok());
  ASSERT_EQ(all[2].events_size(), 1);
  EXPECT_EQ(all[2].events(0).service(), "b");
  EXPECT_EQ(all[2].events(0).metric_sint64(), 2);
  EXPECT_FALSE(all[3].ok());
  EXPECT_EQ(all[3].error(), "parse error: column 9: expected a number, found the end");
  EXPECT_EQ(all[4].error(), "not a message of Riemann's protocol");
  EXPECT_TRUE(all[5].ok());
  EXPECT_EQ(core.index().size(), 3u);
  EXPECT_EQ(server.counters().messages, 6u);
  EXPECT_EQ(server.counters().refused, 2u);
}

TEST_F(RiemannServerTest, messages_in_any_cut) {
  std::string bytes;
  for (int i = 0; i < 20; ++i) bytes += framed(event_message(("s" + std::to_string(i)).c_str(), i));
  auto piecewise = [this](std::string all) -> Deferred<std::size_t> {
    auto stream = co_await network.connect(place);
    std::size_t answered = 0;
    for (std::size_t at = 0; at < all.size(); at += 7) {
      co_await stream->write(Bytes::copy(all.substr(at, 7)));
    }
    while (answered < 20 * 6) answered += (co_await stream->read()).size();
    co_return answered;
  };
  EXPECT_EQ(finish(piecewise(bytes)), 20u * 6);
  EXPECT_EQ(core.index().size(), 20u);
}

TEST_F(RiemannServerTest, a_message_that_is_too_long_ends_the_connection) {
  EXPECT_EQ(answers(framed(event_message("a", 1)) + std::string("\x7f\0\0\0", 4), 2).size(), 1u);
}

TEST_F(RiemannServerTest, datagrams_are_taken_and_long_ones_lost) {
  auto socket = network.bind_datagram(Address::loopback(0));
  ASSERT_TRUE(socket.ok());
  Address at = (*socket)->address();
  server.serve(std::move(*socket));
  auto client = network.bind_datagram(Address::loopback(0));
  riemann::Message large = event_message("large", 1);
  large.mutable_events(0)->set_description(std::string(17'000, 'x'));
  (*client)->send(at, Bytes::copy(large.SerializeAsString()));
  (*client)->send(at, Bytes::copy("\xff"));
  (*client)->send(at, Bytes::copy(event_message("small", 1).SerializeAsString()));
  until([&] { return server.counters().datagrams == 3; });
  EXPECT_EQ(server.counters().lost, 2u);
  EXPECT_EQ(core.index().size(), 1u);
}

/// The web side on real sockets too.
class RiemannWebTest : public RiemannServerTest {
 protected:
  RiemannWebTest()
      : web(core, Log()),
        http_server(reactor, [this](http::ServerRequest& r) { return router.route(r); }),
        sse_server(reactor, [this](http::ServerRequest& r) { return sse_router.route(r); }),
        client(reactor, network) {
    web.add_websocket_routes(router);
    web.add_event_stream_routes(sse_router);
    auto listener = network.listen(Address::loopback(0));
    url = (*listener)->address().text();
    http_server.serve(std::move(*listener));
    listener = network.listen(Address::loopback(0));
    sse_url = (*listener)->address().text();
    sse_server.serve(std::move(*listener));
  }
  ~RiemannWebTest() override {
    finish(http_server.close());
    finish(sse_server.close());
  }
  Deferred<std::unique_ptr<http::WebSocket>> open(std::string path) {
    return http::open_websocket(client, reactor, random, "ws://" + url + path);
  }
  Deferred<std::string> next(http::WebSocket& socket) {
    auto message = co_await socket.receive();
    co_return message ? message->content : "closed " + std::to_string(socket.close_code());
  }
  void inject(std::string_view written) {
    Event event = e(written);
    core.inject(event);
  }

  RiemannWeb web;
  http::Router router, sse_router;
  http::Server http_server, sse_server;
  http::Client client;
  os::Random random;
  std::string url, sse_url;
};

TEST_F(RiemannWebTest, the_index_by_websocket_once) {
  inject("host=a service=x metric=1");
  inject("host=b service=y metric=2");
  auto talk = [this]() -> Deferred<Texts> {
    auto socket = co_await open("/index?query=metric%20%3E%201");
    Texts out;
    out.push_back(co_await next(*socket));
    out.push_back(co_await next(*socket));
    co_return out;
  };
  Texts got = finish(talk());
  EXPECT_THAT(got[0], testing::HasSubstr(R"("host":"b","service":"y","metric":2)"));
  EXPECT_EQ(got[1], "closed 1000");
}

TEST_F(RiemannWebTest, the_index_and_what_comes_to_it) {
  inject("host=a service=x metric=5");
  auto talk = [this]() -> Deferred<Texts> {
    auto socket = co_await open("/index?query=metric%20%3E%201&subscribe=true");
    Texts out;
    out.push_back(co_await next(*socket));
    inject("host=a service=quiet metric=0");
    inject("host=a service=loud metric=7");
    out.push_back(co_await next(*socket));
    co_await socket->close();
    co_return out;
  };
  Texts got = finish(talk());
  EXPECT_THAT(got[0], testing::HasSubstr(R"("service":"x")"));
  EXPECT_THAT(got[1], testing::HasSubstr(R"("service":"loud")"));
  until([&] { return core.pubsub().listeners() == 0; });
}

TEST_F(RiemannWebTest, a_topic_by_websocket) {
  std::unique_ptr<http::WebSocket> socket = finish(open("/pubsub/alerts?query=true"));
  until([&] { return core.pubsub().listeners() == 1; });
  core.pubsub().publish("alerts", e("service=x state=critical"));
  EXPECT_EQ(finish(next(*socket)), R"({"service":"x","state":"critical"})");
  finish(socket->close());
}

TEST_F(RiemannWebTest, events_by_websocket_and_by_http) {
  auto talk = [this]() -> Deferred<Texts> {
    auto socket = co_await open("/events");
    Texts out;
    for (auto* text : {R"({"host":"a","service":"x","metric":1,"time":"2026-11-24T11:56:21.123Z"})",
                       R"({"metric":"high"})", "{"}) {
      co_await socket->send({text, true});
      out.push_back(co_await next(*socket));
    }
    co_await socket->close();
    co_return out;
  };
  Texts got = finish(talk());
  EXPECT_EQ(got[0], "{}");
  EXPECT_EQ(got[1], R"({"error":"'metric' must be a number, found a string"})");
  EXPECT_THAT(got[2], testing::HasSubstr("error"));
  ASSERT_NE(core.index().find("a", "x"), nullptr);
  EXPECT_EQ(core.index().find("a", "x")->time.nanoseconds, 1'795'521'381'123'000'000);
}

TEST_F(RiemannWebTest, a_wrong_query_is_answered_400) {
  for (auto* path : {"/index?query=metric%20%3E", "/index", "/pubsub/x"}) {
    auto refused = [&]() -> Deferred<bool> {
      auto opened = co_await open(path).result();
      co_return !opened.ok();
    };
    EXPECT_TRUE(finish(refused())) << path;
  }
}

TEST_F(RiemannWebTest, the_index_as_server_sent_events) {
  inject("host=a service=x metric=5");
  auto talk = [this]() -> Deferred<std::string> {
    auto port = Address::parse(sse_url).value();
    auto stream = co_await network.connect(port);
    co_await stream->write(
        Bytes::literal("GET /index?query=metric%20%3E%201 HTTP/1.1\r\nHost: x\r\n\r\n"));
    std::string got;
    while (!got.contains("\"x\"")) got += (co_await stream->read()).view();
    inject("host=a service=loud metric=7");
    while (!got.contains("loud")) got += (co_await stream->read()).view();
    co_return got;
  };
  std::string got = finish(talk());
  EXPECT_THAT(got, testing::HasSubstr("text/event-stream"));
  EXPECT_THAT(got, testing::HasSubstr("data: {\"host\":\"a\",\"service\":\"x\",\"metric\":5"));
  // The listener goes with the next event after its reader.
  until([&] {
    inject("host=a service=more metric=7");
    return core.pubsub().listeners() == 0;
  });
}

}  // namespace
}  // namespace berth::observe::streams
