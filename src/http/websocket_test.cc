#include "http/websocket.h"

#include <gtest/gtest.h>

#include "async/gather.h"
#include "http/websocket_handshake.h"
#include "sim/simulation.h"

namespace berth::http {
namespace {

/// A server on one simulated host, a client on another.
struct WebSocketTest : ::testing::Test {
  sim::Simulation simulation{7};
  sim::Host& here = simulation.add_host("here");
  sim::Host& there = simulation.add_host("there");
  WebSocketTalk talk;
  WebSocketOptions server_options;
  Result<void> talked;
  Server server{here.clock, [this](ServerRequest& request) {
                  auto noted = [this](WebSocket& socket) { return note(socket); };
                  return ready(accept_websocket(request, here.clock, noted, server_options));
                }};
  Client client{there.clock, there.network};
  std::string url;

  Deferred<void> note(WebSocket& socket) {
    talked = co_await talk(socket).result();
    if (!talked.ok()) co_await fail_with(talked.error());
  }
  void start(WebSocketTalk with) {
    talk = std::move(with);
    auto listener = here.network.listen(here.address(80)).value();
    url = "ws://" + listener->address().text() + "/chat";
    server.serve(std::move(listener));
  }
  static Deferred<void> echo(WebSocket& socket) {
    while (auto message = co_await socket.receive()) co_await socket.send(std::move(*message));
  }
  template <class T>
  Result<T> run(Deferred<T> work) {
    return simulation.run(std::move(work));
  }
  Result<std::unique_ptr<WebSocket>> open(WebSocketOptions options = {}) {
    return run(open_websocket(client, there.clock, there.random, url, options));
  }
  std::string received(WebSocket& socket) {
    auto message = run(socket.receive());
    if (!message.ok()) return "error " + message.error().text();
    return *message ? (*message)->content : "closed " + std::to_string(socket.close_code());
  }
  /// A stream after a handshake by hand.
  std::unique_ptr<ByteStream> raw() {
    auto stream = run(there.network.connect(here.address(80))).value();
    write(*stream, request_with(""));
    std::string answer;
    while (!answer.ends_with("\r\n\r\n")) answer += exactly(*stream, 1);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 101 ")) << answer;
    return stream;
  }
  std::string request_with(const std::string& lines) const {
    return "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
           lines + "\r\n";
  }
  void write(ByteStream& stream, const std::string& text) {
    ASSERT_TRUE(run(stream.write(Bytes::copy(text))).ok());
  }
  std::string read(ByteStream& stream) {
    auto part = run(stream.read());
    return part.ok() ? part->text() : "error " + part.error().text();
  }
  /// `size` bytes, or fewer and why.
  std::string exactly(ByteStream& stream, std::size_t size) {
    std::string all;
    while (all.size() < size) {
      auto part = run(stream.read(size - all.size()));
      if (!part.ok()) return all + " error " + part.error().text();
      if (part->empty()) return all + " end";
      all += part->view();
    }
    return all;
  }
  /// All until the end.
  std::string rest(ByteStream& stream) {
    std::string all;
    for (;;) {
      auto part = run(stream.read());
      if (!part.ok()) return all + " error " + part.error().text();
      if (part->empty()) return all;
      all += part->view();
    }
  }
  static std::string masked(WebSocketOpcode opcode, std::string payload, bool final = true) {
    WebSocketMask key{1, 2, 3, 4};
    std::string out;
    append_websocket_head(out, {opcode, final, false, key, payload.size()});
    apply_websocket_mask(payload.data(), payload.size(), key, 0);
    return out + payload;
  }
  static std::string plain(WebSocketOpcode opcode, const std::string& payload) {
    std::string out;
    append_websocket_head(out, {opcode, true, false, std::nullopt, payload.size()});
    return out + payload;
  }
  static std::string code(std::uint16_t number) {
    return {static_cast<char>(number >> 8), static_cast<char>(number)};
  }
};

TEST_F(WebSocketTest, echoes_texts_and_binaries_of_any_size_compressed_and_not) {
  start(echo);
  for (bool deflate : {true, false}) {
    for (bool keep : {true, false}) {
      server_options.keep_context = keep;
      WebSocketOptions options;
      options.deflate = deflate;
      options.keep_context = keep;
      auto socket = open(options).value();
      EXPECT_EQ(socket->compresses(), deflate);
      for (std::size_t size : {0, 5, 125, 126, 600, 60'000, 70'000, 1'000'000}) {
        std::string content;
        while (content.size() < size) content += "line " + std::to_string(content.size()) + "\n";
        content.resize(size);
        ASSERT_TRUE(run(socket->send({content, size % 2 == 0})).ok());
        auto back = run(socket->receive()).value().value();
        EXPECT_EQ(back.content, content);
        EXPECT_EQ(back.text, size % 2 == 0);
      }
      EXPECT_TRUE(run(socket->close()).ok());
    }
  }
}

TEST_F(WebSocketTest, the_side_that_closes_tells_code_and_reason_and_hears_them_back) {
  std::string heard;
  auto listen = [](WebSocket& socket, std::string& heard) -> Deferred<void> {
    while (co_await socket.receive()) {
    }
    heard = std::to_string(socket.close_code()) + " " + socket.close_reason();
  };
  start([&](WebSocket& socket) { return listen(socket, heard); });
  auto socket = open().value();
  EXPECT_TRUE(run(socket->close(4001, "enough")).ok());
  EXPECT_EQ(heard, "4001 enough");
  EXPECT_EQ(socket->close_code(), 4001);
  EXPECT_TRUE(run(socket->send({"more"})).error().is(Code::closed));
  EXPECT_EQ(received(*socket), "closed 4001");
  EXPECT_TRUE(simulation.run_until([&] { return server.connections() == 0; }));
}

TEST_F(WebSocketTest, a_talk_that_ends_closes_with_1000_and_one_that_fails_with_1011) {
  start([](WebSocket&) -> Deferred<void> { co_return; });
  EXPECT_EQ(received(*open().value()), "closed 1000");
  talk = [](WebSocket&) -> Deferred<void> { co_await fail_with(Error(Code::internal, "a fault")); };
  EXPECT_EQ(received(*open().value()), "closed 1011");
}

TEST_F(WebSocketTest, a_server_that_stops_says_that_it_is_going_away) {
  start(echo);
  auto socket = open().value();
  auto closing = server.close();
  EXPECT_EQ(received(*socket), "closed 1001");
  EXPECT_TRUE(run(std::move(closing)).ok());
}

TEST_F(WebSocketTest, both_may_close_at_once) {
  start([](WebSocket& socket) -> Deferred<void> {
    std::ignore = co_await socket.receive().result();
    co_await socket.close(3001);
  });
  auto socket = open().value();
  ASSERT_TRUE(run(socket->send({"go"})).ok());
  EXPECT_TRUE(run(socket->close(3002)).ok());
  EXPECT_EQ(socket->close_code(), 3001);
}

TEST_F(WebSocketTest, a_peer_that_does_not_answer_a_close_is_waited_for_no_longer_than_allowed) {
  start([](WebSocket& socket) { return socket.close(); });
  auto stream = raw();
  auto begun = simulation.now();
  EXPECT_EQ(rest(*stream), plain(WebSocketOpcode::close, code(1000)));
  EXPECT_LT(simulation.now() - begun, 3s);
}

TEST_F(WebSocketTest, close_while_receiving_lets_the_receive_see_the_end) {
  start(echo);
  auto socket = open().value();
  auto receiving = socket->receive();
  EXPECT_TRUE(run(socket->close()).ok());
  EXPECT_FALSE(run(std::move(receiving)).value().has_value());
}

TEST_F(WebSocketTest, pings_are_answered_with_their_content_between_the_parts_of_a_message) {
  start(echo);
  auto stream = raw();
  write(*stream, masked(WebSocketOpcode::text, "Hel", false) +
                     masked(WebSocketOpcode::ping, "are you there?"));
  std::string pong = plain(WebSocketOpcode::pong, "are you there?");
  EXPECT_EQ(exactly(*stream, pong.size()), pong);
  write(*stream,
        masked(WebSocketOpcode::continuation, "lo") + masked(WebSocketOpcode::pong, "unasked"));
  std::string hello = plain(WebSocketOpcode::text, "Hello");
  EXPECT_EQ(exactly(*stream, hello.size()), hello);
}

TEST_F(WebSocketTest, who_breaks_the_protocol_is_told_the_code_and_disconnected) {
  start(echo);
  struct Fault {
    std::string bytes;
    std::uint16_t code;
  };
  for (auto& [bytes, number] :
       {Fault{plain(WebSocketOpcode::text, "no mask"), 1002},
        Fault{masked(WebSocketOpcode::text, "\xff"), 1007},
        Fault{masked(WebSocketOpcode::continuation, ""), 1002},
        Fault{std::string("\x82\xff\0\0\0\0\x7f\xff\xff\xff\0\0\0\0", 14), 1009}}) {
    auto stream = raw();
    write(*stream, bytes);
    std::string told = rest(*stream);
    EXPECT_EQ(told.substr(2, 2), code(number)) << told;
    EXPECT_EQ(told.size(), 2u + static_cast<unsigned char>(told[1])) << told;
    stream->close();
    EXPECT_TRUE(simulation.run_until([&] { return !talked.ok(); }));
    talked = {};
  }
}

TEST_F(WebSocketTest, a_flood_of_pings_ends_with_1008) {
  start(echo);
  auto stream = raw();
  std::string flood;
  for (int i = 0; i < 101; ++i) flood += masked(WebSocketOpcode::ping, "");
  write(*stream, flood);
  std::string all;
  while (all.find(code(1008)) == all.npos) {
    std::string part = read(*stream);
    ASSERT_NE(part, "") << "ended without 1008";
    all += part;
  }
  stream->close();
  EXPECT_TRUE(simulation.run_until([&] { return !talked.ok(); }));
  EXPECT_TRUE(talked.error().is(Code::overloaded));
}

TEST_F(WebSocketTest, the_end_of_the_stream_without_a_close_is_an_error) {
  start(echo);
  raw()->close();
  EXPECT_TRUE(simulation.run_until([&] { return !talked.ok(); }));
  EXPECT_TRUE(talked.error().is(Code::reset));
}

TEST_F(WebSocketTest, a_silent_peer_is_pinged_and_then_given_up) {
  start(echo);
  auto stream = raw();
  EXPECT_EQ(exactly(*stream, 2), plain(WebSocketOpcode::ping, ""));
  EXPECT_TRUE(simulation.run_until([&] { return !talked.ok(); }, 5min));
  EXPECT_TRUE(talked.error().is(Code::timed_out));
}

TEST_F(WebSocketTest, two_that_only_answer_pings_stay_connected) {
  start(echo);
  auto socket = open().value();
  auto receiving = socket->receive();
  simulation.run_for(10min);
  EXPECT_TRUE(receiving.pending());
  ASSERT_TRUE(run(socket->send({"still here"})).ok());
  EXPECT_EQ(run(std::move(receiving)).value()->content, "still here");
}

TEST_F(WebSocketTest, who_does_not_receive_pushes_back) {
  std::size_t sent = 0;
  auto pour = [](WebSocket& socket, std::size_t& sent) -> Deferred<void> {
    for (; sent < 1000; ++sent) co_await socket.send({std::string(100'000, 'x')});
  };
  start([&](WebSocket& socket) { return pour(socket, sent); });
  auto socket = open().value();
  simulation.run_for(5s);
  std::size_t before = sent;
  EXPECT_LT(before, 50u);
  simulation.run_for(5s);
  EXPECT_EQ(sent, before);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(received(*socket).size(), 100'000u);
  EXPECT_EQ(received(*socket), "closed 1000");
}

TEST_F(WebSocketTest, sends_of_many_go_whole_and_in_order) {
  start(echo);
  auto socket = open().value();
  std::vector<Deferred<void>> sends;
  for (int i = 0; i < 50; ++i) {
    sends.push_back(socket->send({std::to_string(i) + std::string(20'000, 'x')}));
  }
  auto all = gather_results(std::move(sends));
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(received(*socket).starts_with(std::to_string(i) + "x")) << i;
  }
  EXPECT_TRUE(run(std::move(all)).ok());
}

TEST_F(WebSocketTest, a_cancelled_receive_loses_nothing) {
  start(echo);
  auto socket = open().value();
  auto receiving = socket->receive();
  simulation.run_for(10ms);
  receiving.cancel();
  EXPECT_TRUE(run(std::move(receiving)).error().is(Code::cancelled));
  ASSERT_TRUE(run(socket->send({"kept"})).ok());
  EXPECT_EQ(received(*socket), "kept");
}

TEST_F(WebSocketTest, chooses_the_first_protocol_of_its_own_that_the_client_offers) {
  start(echo);
  server_options.protocols = {"v3", "v2", "v1"};
  WebSocketOptions options;
  options.protocols = {"v1", "v2"};
  EXPECT_EQ(open(options).value()->protocol(), "v2");
  options.protocols = {"v9"};
  EXPECT_EQ(open(options).value()->protocol(), "");
}

TEST_F(WebSocketTest, requests_that_are_no_handshake_get_the_status_that_says_why) {
  start(echo);
  std::string good = request_with("");
  auto status = [&](std::string request) {
    auto stream = run(there.network.connect(here.address(80))).value();
    write(*stream, request);
    return exactly(*stream, 12).substr(9);
  };
  auto without = [&](const std::string& what, const std::string& instead) {
    std::string request = good;
    return request.replace(request.find(what), what.size(), instead);
  };
  EXPECT_EQ(status(good), "101");
  EXPECT_EQ(status(without("GET", "POST")), "400");
  EXPECT_EQ(status(without("Upgrade: WebSocket\r\n", "")), "426");
  EXPECT_EQ(status(without("keep-alive, Upgrade", "keep-alive")), "426");
  EXPECT_EQ(status(without("Version: 13", "Version: 8")), "426");
  EXPECT_EQ(status(without("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZQ==")), "400");
  EXPECT_EQ(status(request_with("Origin: http://evil.example\r\n")), "403");
  EXPECT_EQ(status(request_with("Origin: http://a\r\n")), "101");
  EXPECT_EQ(status(request_with("Sec-WebSocket-Extensions: ;\r\n")), "400");
}

TEST_F(WebSocketTest, the_client_refuses_answers_that_are_no_handshake) {
  auto listener = there.network.listen(there.address(81)).value();
  auto serve_raw = [&](std::string text) {
    auto opening = open_websocket(client, there.clock, there.random,
                                  "ws://" + there.address(81).text() + "/", {});
    auto stream = run(listener->accept()).value();
    read(*stream);
    write(*stream, text);
    return run(std::move(opening)).error();
  };
  EXPECT_TRUE(serve_raw("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n").is(Code::refused));
  EXPECT_TRUE(serve_raw("HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
                        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
                  .is(Code::invalid));
  EXPECT_TRUE(serve_raw("HTTP/1.1 101 S\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\n")
                  .is(Code::invalid));
}

}  // namespace
}  // namespace berth::http
