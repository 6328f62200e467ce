#include <gtest/gtest.h>

#include "async/gather.h"
#include "http/h2_client_suite.h"
#include "http/h2_peer_suite.h"
#include "http/simulated_web_suite.h"
#include "http/websocket.h"

// WebSockets over streams of HTTP/2 (RFC 8441): a talk at /chat beside what else is served.
namespace berth::http {
namespace {

using Code = berth::Code;

struct WebSocketH2Test : SimulatedWeb {
  WebSocketTalk talk = echo;
  WebSocketOptions server_options;
  WebSocketOptions options;
  ClientOptions client_options;
  std::optional<Result<void>> talked;
  std::unique_ptr<Client> made;

  WebSocketH2Test() {
    options.version = Version::http_2;
    router.add("GET", "/chat", [this](ServerRequest& request) {
      auto noted = [this](WebSocket& socket) { return note(socket); };
      return ready(accept_websocket(request, there.clock, noted, server_options));
    });
  }
  static Deferred<void> echo(WebSocket& socket) {
    while (auto message = co_await socket.receive()) co_await socket.send(std::move(*message));
  }
  static Deferred<void> receive_all(WebSocket& socket) {
    while (co_await socket.receive()) {
    }
  }
  static Deferred<void> receive_after(Event& go, WebSocket& socket) {
    co_await go.wait();
    co_await receive_all(socket);
  }
  static Deferred<void> work_after(WebSocket& socket, Clock& clock, bool& done) {
    std::ignore = co_await receive_all(socket).result();
    co_await clock.after(3s);
    done = true;
  }
  Deferred<void> note(WebSocket& socket) {
    talked = co_await talk(socket).result();
    if (!talked->ok()) co_await fail_with(talked->error());
  }
  Client& client() {
    if (!made) made = std::make_unique<Client>(here.clock, here.network, client_options);
    return *made;
  }
  Deferred<std::unique_ptr<WebSocket>> opening(const std::string& url = "ws://10.0.0.2/chat") {
    return open_websocket(client(), here.clock, here.random, url, options);
  }
  std::unique_ptr<WebSocket> open() { return std::move(run(opening())).value(); }
  std::string refused(const std::string& url = "ws://10.0.0.2/chat") {
    auto socket = run(opening(url));
    return socket.ok() ? "no error" : socket.error().text();
  }
  Deferred<Response> get(const std::string& url = "http://10.0.0.2/") {
    SendOptions send;
    send.version = Version::http_2;
    return client().send(parse_url(url).value(), Request(), std::move(send));
  }
  std::string received(WebSocket& socket) {
    auto message = run(socket.receive());
    if (!message.ok()) return "error " + message.error().text();
    return *message ? (*message)->content : "closed " + std::to_string(socket.close_code());
  }
  /// An extended CONNECT by hand; `more` replaces and adds fields.
  std::int32_t connect(H2TestClient& by, H2TestClient::Fields more = {}) {
    H2TestClient::Fields fields{{":method", "CONNECT"},
                                {":protocol", "websocket"},
                                {":path", "/chat"},
                                {"sec-websocket-version", "13"}};
    for (auto& [name, value] : more) {
      auto same = std::ranges::find(fields, name, &std::pair<std::string, std::string>::first);
      if (same == fields.end()) {
        fields.emplace_back(name, value);
      } else {
        same->second = value;
      }
    }
    return by.ask(fields);
  }
  template <class F>
  bool until(F holds) {
    return simulation.run_until(holds, 1min);
  }
};

TEST_F(WebSocketH2Test, echoes_messages_of_any_size_compressed_and_not) {
  for (bool deflate : {true, false}) {
    options.deflate = deflate;
    auto socket = open();
    EXPECT_EQ(socket->compresses(), deflate);
    for (std::size_t size : {0u, 1u, 125u, 126u, 5000u, 65'536u, 600'000u}) {
      std::string text;
      for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('a' + i * i % 26);
      bool is_text = size % 2 == 0;
      ASSERT_TRUE(run(gather_results(together(
                          socket->send({text, is_text}),
                          socket->receive().then([&](std::optional<WebSocketMessage> answer) {
                            EXPECT_TRUE(answer && answer->content == text);
                            EXPECT_EQ(answer->text, is_text);
                          }))))
                      .ok());
    }
    run(socket->close()).value();
    EXPECT_EQ(socket->close_code(), close_code::normal);
  }
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(WebSocketH2Test, several_share_a_connection_with_other_requests) {
  std::vector<std::unique_ptr<WebSocket>> sockets;
  for (int i = 0; i < 10; ++i) sockets.push_back(open());
  for (int i = 0; i < 10; ++i) {
    run(sockets[i]->send({"to " + std::to_string(i)})).value();
    EXPECT_EQ(run(run(get()).value().text()).value(), "hello");
  }
  for (int i = 0; i < 10; ++i) EXPECT_EQ(received(*sockets[i]), "to " + std::to_string(i));
  EXPECT_EQ(server.connections(), 1u);
  EXPECT_EQ(client().busy(), 1u);
  for (auto& socket : sockets) run(socket->close()).value();
  EXPECT_EQ(client().busy(), 0u);
  EXPECT_EQ(client().idle(), 1u);
  sockets.clear();
  EXPECT_EQ(run(run(get()).value().text()).value(), "hello");
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(WebSocketH2Test, either_side_closes_with_a_code_and_hears_it_back) {
  auto socket = open();
  run(socket->close(4000, "enough")).value();
  EXPECT_EQ(socket->close_code(), 4000);
  ASSERT_TRUE(until([&] { return talked.has_value(); }));
  EXPECT_TRUE(talked->ok());

  talk = [](WebSocket& each) -> Deferred<void> { co_await each.close(4001, "no more"); };
  socket = open();
  EXPECT_EQ(received(*socket), "closed 4001");
  EXPECT_EQ(socket->close_reason(), "no more");
  socket.reset();

  talk = [](WebSocket&) -> Deferred<void> { co_await fail_with(Error(Code::io, "broken")); };
  socket = open();
  EXPECT_EQ(received(*socket), "closed 1011");
  EXPECT_EQ(client().busy(), 0u);
}

TEST_F(WebSocketH2Test, a_server_that_stops_says_that_it_is_going_away) {
  auto socket = open();
  auto message = socket->receive();
  run(server.close()).value();
  ASSERT_TRUE(run(std::move(message)).ok());
  EXPECT_EQ(socket->close_code(), close_code::going_away);
  ASSERT_TRUE(talked.has_value());
  EXPECT_TRUE(talked->error().is(Code::cancelled));
}

TEST_F(WebSocketH2Test, a_stream_that_is_reset_ends_the_talk_with_an_error_and_no_other) {
  talk = receive_all;
  auto socket = open();
  auto other = open();
  socket.reset();
  ASSERT_TRUE(until([&] { return talked.has_value(); }));
  EXPECT_TRUE(talked->error().is(Code::reset)) << talked->error().text();
  run(other->send({"still there"})).value();
  run(other->close()).value();
  EXPECT_EQ(other->close_code(), close_code::normal);
}

TEST_F(WebSocketH2Test, a_connection_that_breaks_ends_every_talk_with_an_error) {
  talk = receive_all;
  auto stream = run(here.network.connect(address)).value();
  H2TestClient by(std::move(stream));
  auto id = connect(by);
  ASSERT_TRUE(until([&] { return by.answers[id].status() == 200; }));
  by.stream().abort();
  ASSERT_TRUE(until([&] { return talked.has_value(); }));
  EXPECT_TRUE(talked->error().is(Code::reset)) << talked->error().text();
  ASSERT_TRUE(until([&] { return server.connections() == 0; }));
}

TEST_F(WebSocketH2Test, a_talk_may_go_on_with_other_work_when_its_peer_has_gone) {
  bool done = false;
  talk = [&](WebSocket& each) { return work_after(each, there.clock, done); };
  open().reset();
  EXPECT_TRUE(until([&] { return done; }));
}

TEST_F(WebSocketH2Test, who_does_not_receive_pushes_back_and_holds_up_nobody_else) {
  Event go;
  talk = [&](WebSocket& each) { return receive_after(go, each); };
  options.deflate = false;
  auto socket = open();
  auto sending = socket->send({std::string(1'000'000, 'x'), false});
  simulation.run_for(1s);
  EXPECT_TRUE(sending.pending());
  EXPECT_EQ(run(run(get()).value().text()).value(), "hello");
  go.set();
  EXPECT_TRUE(run(std::move(sending)).ok());
  run(socket->close()).value();
}

TEST_F(WebSocketH2Test, a_handshake_that_may_not_be_gets_the_status_that_says_why) {
  H2TestClient by(run(here.network.connect(address)).value());
  auto status = [&](H2TestClient::Fields fields) {
    auto id = connect(by, std::move(fields));
    EXPECT_TRUE(until([&] { return by.answers[id].status() != 0; }));
    int found = by.answers[id].status();
    by.reset(id);
    return found;
  };
  EXPECT_EQ(status({}), 200);
  EXPECT_EQ(
      nghttp2_session_get_remote_settings(by.session, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL),
      1u);
  EXPECT_EQ(status({{"sec-websocket-version", "12"}}), 426);
  EXPECT_EQ(status({{"origin", "https://elsewhere.example"}}), 403);
  EXPECT_EQ(status({{"origin", "https://a"}}), 200);
  EXPECT_EQ(status({{"sec-websocket-extensions", "=;"}}), 400);
  EXPECT_EQ(status({{":path", "/"}}), 400);
  EXPECT_EQ(status({{":path", "/nothing"}}), 404);
  EXPECT_EQ(status({{":protocol", "connect-udp"}}), 501);
}

TEST_F(WebSocketH2Test, a_tunnel_counts_among_the_streams) {
  ServerOptions limited;
  limited.h2.streams_max = 3;
  Server small(
      there.clock, [this](ServerRequest& request) { return router.route(request); }, limited);
  small.serve(there.network.listen(there.address(83)).value());
  std::vector<std::unique_ptr<WebSocket>> sockets;
  for (int i = 0; i < 3; ++i) {
    sockets.push_back(std::move(run(opening("ws://10.0.0.2:83/chat"))).value());
  }
  auto fourth = get("http://10.0.0.2:83/");
  simulation.run_for(1s);
  EXPECT_TRUE(fourth.pending());
  run(sockets[0]->close()).value();
  EXPECT_EQ(run(run(std::move(fourth)).value().text()).value(), "hello");
  sockets.clear();
}

TEST_F(WebSocketH2Test, the_client_agrees_upon_a_protocol_that_it_offered) {
  server_options.protocols = {"b", "a"};
  options.protocols = {"a", "b"};
  EXPECT_EQ(open()->protocol(), "b");
}

TEST_F(WebSocketH2Test, a_server_that_takes_none_is_unsupported) {
  H2Peer peer(there.network, there.address(81), [](const H2Peer::Frame&) { return ""; });
  auto socket = run(opening("ws://10.0.0.2:81/"));
  ASSERT_FALSE(socket.ok());
  EXPECT_TRUE(socket.error().is(Code::unsupported));
  EXPECT_TRUE(socket.error().text().ends_with("the server takes no websocket over HTTP/2"))
      << socket.error().text();
  EXPECT_TRUE(peer.of_type(NGHTTP2_HEADERS).empty());
}

TEST_F(WebSocketH2Test, answers_other_than_200_are_refused) {
  EXPECT_EQ(refused("ws://10.0.0.2/nothing"),
            "ws://10.0.0.2/nothing answered 404 instead of opening a WebSocket");
}

TEST_F(WebSocketH2Test, where_tls_agrees_upon_http_2_it_is_asked_for_else_an_upgrade) {
  client_options.secure = no_tls("h2");
  options.version = Version::negotiated;
  SimulatedWeb::address = there.address(443);
  server.serve(there.network.listen(there.address(443)).value());
  auto by_stream = std::move(run(opening("wss://10.0.0.2/chat"))).value();
  run(by_stream->send({"x"})).value();
  EXPECT_EQ(received(*by_stream), "x");
  auto second = std::move(run(opening("wss://10.0.0.2/chat"))).value();
  EXPECT_EQ(secured, 1);
  made.reset();
  client_options.secure = no_tls("http/1.1");
  auto by_upgrade = std::move(run(opening("wss://10.0.0.2/chat"))).value();
  run(by_upgrade->send({"y"})).value();
  EXPECT_EQ(received(*by_upgrade), "y");
}

TEST_F(WebSocketH2Test, where_http_2_takes_none_a_connection_of_http_1_1_is_opened) {
  auto say = [](const H2Peer::Frame&) { return ""; };
  H2Peer peer(there.network, there.address(443), say);
  int agreed = 0;
  client_options.secure = [&](std::unique_ptr<ByteStream> stream, std::string host,
                              std::vector<std::string> offered) {
    offers.push_back(offered);
    return secure(std::move(stream), std::move(host), ++agreed == 1 ? "h2" : "http/1.1");
  };
  options.version = Version::negotiated;
  auto opened = opening("wss://10.0.0.2/chat");
  EXPECT_TRUE(until([&] { return agreed == 2; }));
  ASSERT_EQ(offers.size(), 2u);
  EXPECT_EQ(offers[1], std::vector<std::string>{"http/1.1"});
}

TEST_F(WebSocketH2Test, a_cut_after_every_byte_ends_both_sides) {
  talk = echo;
  for (std::size_t bytes = 1; bytes < 200; ++bytes) {
    talked.reset();
    auto raw = run(here.network.connect(address)).value();
    H2TestClient by(std::move(raw));
    auto id = connect(by);
    ASSERT_TRUE(until([&] { return by.answers[id].status() == 200; }));
    // A frame of DATA that is cut: its head and the beginning of a message of 180 bytes.
    std::string message{static_cast<char>(0x81), static_cast<char>(0xfe), 0,
                        static_cast<char>(180)};
    message += std::string(4, '\0') + std::string(180, 'x');
    std::string frame = h2_frame(NGHTTP2_DATA, 0, static_cast<std::uint32_t>(id), message);
    run(by.stream().write(Bytes::copy(frame.substr(0, bytes)))).value();
    simulation.run_for(10ms);
    by.stream().abort();
    ASSERT_TRUE(until([&] { return talked.has_value(); })) << bytes;
    EXPECT_FALSE(talked->ok());
    ASSERT_TRUE(until([&] { return server.connections() == 0; }));
  }
}

}  // namespace
}  // namespace berth::http
