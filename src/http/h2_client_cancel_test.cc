#include "http/client_cancel_suite.h"
#include "http/h2_peer_suite.h"
#include "http/websocket.h"

namespace berth::http {
namespace {

struct H2ClientCancelTest : ClientCancelTest {
  H2ClientCancelTest() { options.client.version = Version::http_2; }

  static Deferred<void> echo(WebSocket& socket) {
    while (auto message = co_await socket.receive()) co_await socket.send(std::move(*message));
  }
  /// Opens a WebSocket, says something, hears it back, and closes.
  static Deferred<std::string> talk(Client& client, sim::Host& host) {
    WebSocketOptions options;
    options.version = Version::http_2;
    auto socket =
        co_await open_websocket(client, host.clock, host.random, "ws://10.0.0.2/chat", options);
    WebSocketMessage message{"heard"};
    co_await socket->send(std::move(message));
    auto answer = co_await socket->receive();
    co_await socket->close();
    std::string heard = answer ? std::move(answer->content) : std::string("nothing");
    co_return heard;
  }
};

TEST_F(H2ClientCancelTest, a_request_on_a_connection_of_its_own) {
  answer("GET", "/x", "there");
  stop_everywhere(
      [&] {
        made.reset();  // so that it must connect
        simulation.run_for(1s);
        return text_of(session().get("http://10.0.0.2/x"));
      },
      "there", 10);
}

TEST_F(H2ClientCancelTest, a_request_beside_another_that_goes_on) {
  answer("GET", "/x", "there");
  answer_late("/late", 50ms);
  Deferred<std::string> other;
  stop_everywhere(
      [&] {
        if (other.valid()) {
          EXPECT_EQ(run(std::move(other)).value(), "late");
        }
        run(text_of(session().get("http://10.0.0.2/"))).value();
        other = text_of(session().get("http://10.0.0.2/late"));
        return text_of(session().get("http://10.0.0.2/x"));
      },
      "there", 5, 1);
  EXPECT_EQ(run(std::move(other)).value(), "late");
}

TEST_F(H2ClientCancelTest, the_one_that_opens_the_connection_others_wait_for) {
  answer_late("/late", 10ms);
  stop_everywhere(
      [&]() -> Deferred<std::string> {
        made.reset();
        simulation.run_for(1s);
        return both(text_of(session().get("http://10.0.0.2/late")),
                    text_of(session().get("http://10.0.0.2/late")));
      },
      "latelate", 20);
}

TEST_F(H2ClientCancelTest, an_upload_that_is_answered_while_it_goes_on) {
  router.add("POST", "/echo", [](ServerRequest& request) {
    return ready(ServerResponse{200, {}, Body(std::make_unique<EchoedSource>(*request.content))});
  });
  stop_everywhere(
      [&] {
        RequestOptions how;
        how.content = Content::stream(std::make_unique<SlowSource>(here.clock), "text/plain");
        return text_of(session().post("http://10.0.0.2/echo", std::move(how)));
      },
      "xxx", 20);
}

TEST_F(H2ClientCancelTest, a_websocket_from_its_opening_to_its_close) {
  router.add("GET", "/chat", [this](ServerRequest& request) {
    return ready(accept_websocket(request, there.clock, echo));
  });
  stop_everywhere(
      [&] {
        made.reset();
        simulation.run_for(1s);
        return talk(client(), here);
      },
      "heard", 30);
}

TEST_F(H2ClientCancelTest, one_that_waits_for_a_stream) {
  H2Peer peer(there.network, there.address(81), [](const H2Peer::Frame& frame) {
    return frame.begins_request() ? H2Peer::good(frame.stream, "one") : std::string();
  });
  peer.settings = h2_frame(NGHTTP2_SETTINGS, 0, 0, std::string("\0\3\0\0\0\1", 6));
  for (int place = 0; place < 60; ++place) {
    auto first = text_of(session().get("http://10.0.0.2:81/"));
    auto second = text_of(session().get("http://10.0.0.2:81/"));
    for (int i = 0; i < place && second.pending() && turn(); ++i) {
    }
    second.cancel();
    auto ended = run(std::move(second));
    EXPECT_TRUE(ended.ok() || ended.error().is(Code::cancelled)) << place;
    EXPECT_EQ(run(std::move(first)).value(), "one") << place;
    EXPECT_EQ(run(text_of(session().get("http://10.0.0.2:81/"))).value(), "one") << place;
    EXPECT_EQ(client().busy(), 0u) << place;
    EXPECT_EQ(client().idle(), 1u) << place;
  }
  EXPECT_EQ(peer.connections, 1);
}

TEST_F(H2ClientCancelTest, all_at_once_name_tunnel_tls_repeats_redirects) {
  options.client.proxy = Proxy{parse_url("http://proxy:3128").value(), "", {"10.0.0.2"}};
  options.client.resolver = &resolver;
  options.client.secure = no_tls("h2");
  options.retries.budget = 10;
  resolver.names["proxy"] = {there.address(0)};
  router.add("PUT", "/start", [this](ServerRequest& request) -> Deferred<ServerResponse> {
    return request.body().then([this](std::string) {
      if (++attempts == 1) return ServerResponse::text("not now", 503);
      return ServerResponse{307, {{"location", "/end"}, {"set-cookie", "a=b"}}, "there"};
    });
  });
  router.add("PUT", "/end", [](ServerRequest& request) -> Deferred<ServerResponse> {
    std::string body = co_await request.body();
    co_return ServerResponse::text(std::string(request.head.headers.value("cookie")) + body);
  });
  stop_everywhere(
      [&] {
        made.reset();
        simulation.run_for(1s);
        RequestOptions how;
        how.content = Content::text(" and all");
        return text_of(session().put("https://users/start", std::move(how)));
      },
      "a=b and all", 50);
}

}  // namespace
}  // namespace berth::http
