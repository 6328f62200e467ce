#include <deque>

#include "async/gather.h"
#include "http/bell.h"
#include "http/h2_peer_suite.h"
#include "http/websocket.h"
#include "proxy/h2_suite.h"

// HTTP/2 and gRPC on either side of the proxy.

namespace berth::proxy {
namespace {

using testing::HasSubstr;

TEST_F(H2ProxyTest, requests_of_both_versions_share_one_connection_to_an_instance) {
  add();
  apply();
  std::vector<Deferred<Got>> many;
  for (int i = 0; i < 20; ++i) many.push_back(whole(post("a" + std::to_string(i)), i % 2 == 0));
  auto all = simulation.run(gather_results(std::move(many)));
  ASSERT_TRUE(all.ok());
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ((*all)[static_cast<std::size_t>(i)].text, "a" + std::to_string(i));
  }
  auto& endpoint = *proxy.pool_called("users")->endpoints().at(0);
  EXPECT_EQ(endpoint.links.size(), 1U);
  EXPECT_EQ(endpoint.in_flight, 0U);
  EXPECT_EQ(sink.all.size(), 20U);
  EXPECT_EQ(sink.all[0].caller, "web");
  EXPECT_LE(callers.asked, 12);  // once a connection: that of HTTP/2 is one
  EXPECT_THAT(heads[0], HasSubstr("te: trailers\n"));
  EXPECT_THAT(heads[0], HasSubstr("host: users\n"));
}

TEST_F(H2ProxyTest, trailers_go_both_ways_by_http_2) {
  add();
  apply();
  auto got = ask(post(streamed({"ab", "cde"}, {{"x-check", "five"}})));
  EXPECT_EQ(got.text, "abcde");
  EXPECT_EQ(got.trailers["x-sum"], "5");
  EXPECT_EQ(trailers_seen, (Fields{{"x-check", "five"}}));
}

TEST_F(H2ProxyTest, trailers_of_http_2_are_those_of_chunked_bodies) {
  users.policy.protocol = catalog::Protocol::http_1_1;
  auto listener = there.network.listen(place(1)).value();
  note_instance(1);
  apply();
  std::string received;
  auto serve = [&]() -> Deferred<void> {
    auto stream = co_await listener->accept();
    while (received.find("\r\n0\r\n") == received.npos || !received.ends_with("\r\n\r\n")) {
      received += (co_await stream->read()).view();
    }
    co_await stream->write(Bytes::literal(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nxyz\r\n000\r\n"
        "Grpc-Status: 0\r\nContent-Length: 9\r\n\r\n"));
    std::ignore = co_await stream->read();  // until the proxy lets go of it
  };
  auto serving = serve();
  auto got = ask(post(streamed({"abc"}, {{"x-check", "three"}, {"transfer-encoding", "gzip"}})));
  EXPECT_EQ(got.text, "xyz") << got.error;
  EXPECT_EQ(got.trailers["grpc-status"], "0");
  EXPECT_THAT(received, HasSubstr("3\r\nabc\r\n0\r\nx-check: three\r\n\r\n"));
}

TEST_F(H2ProxyTest, chunked_bodies_of_http_1_have_their_trailers_at_an_instance_of_http_2) {
  add();
  apply();
  auto stream = simulation.run(here.network.connect(users.vip)).value();
  auto text = Bytes::literal(
      "POST /x HTTP/1.1\r\nHost: users\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n"
      "\r\n4\r\nwxyz\r\n0\r\nX-Check: four\r\n\r\n");
  ASSERT_TRUE(simulation.run(stream->write(std::move(text))).ok());
  std::string answer;
  while (!answer.ends_with("\r\n\r\n") || answer.find("\r\n0\r\n") == answer.npos) {
    auto part = simulation.run(stream->read());
    ASSERT_TRUE(part.ok() && !part->empty()) << answer;
    answer += part->view();
  }
  EXPECT_THAT(answer, testing::StartsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("4\r\nwxyz\r\n0\r\nx-sum: 4\r\n\r\n"));
  EXPECT_EQ(trailers_seen, (Fields{{"x-check", "four"}}));
}

TEST_F(H2ProxyTest, answers_without_content_end_with_their_head) {
  add();
  apply();
  handler = [](http::ServerRequest& request) {
    http::ServerResponse response;
    response.status = request.head.path() == "/none" ? 204 : 200;
    response.headers.emplace_back("grpc-status", "5");
    return ready(std::move(response));
  };
  for (bool by_h2 : {true, false}) {
    for (std::string method : {"GET", "HEAD"}) {
      for (std::string target : {"/", "/none"}) {
        http::Request request;
        request.method = method;
        request.target = target;
        auto got = ask(std::move(request), by_h2);
        EXPECT_EQ(got.status, target == "/" ? 200 : 204) << got.error;
        EXPECT_EQ(got.fields["grpc-status"], "5");
        EXPECT_EQ(got.text, "");
      }
    }
  }
}

TEST_F(H2ProxyTest, a_peer_that_says_goaway_again_and_again_is_not_felt) {
  server_options.requests_per_connection_max = 3;
  users.policy.retries = 5;
  users.policy.retry.budget_permille = 1000;
  add();
  apply();
  for (int round = 0; round < 5; ++round) {
    std::vector<Deferred<Got>> many;
    for (int i = 0; i < 8; ++i) many.push_back(whole(post("x"), true));
    auto all = simulation.run(gather_results(std::move(many)));
    ASSERT_TRUE(all.ok());
    for (auto& each : *all) EXPECT_EQ(each.status, 200) << each.text;
  }
}

TEST_F(H2ProxyTest, a_refused_stream_is_tried_on_another_instance_even_if_it_is_a_post) {
  http::H2Peer refusing(there.network, place(1), [](auto& frame) {
    return frame.begins_request() ? http::H2Peer::reset(frame.stream, NGHTTP2_REFUSED_STREAM) : "";
  });
  note_instance(1);
  add();
  users.policy.retry.budget_permille = 1000;
  apply();
  for (int i = 0; i < 10; ++i) {
    auto got = ask(post(streamed({"ab", "c"})));
    EXPECT_EQ(got.status, 200) << got.text << got.error;
    EXPECT_EQ(got.text, "abc");
  }
  EXPECT_GE(refusing.of_type(NGHTTP2_HEADERS).size(), 1U);
  // A reset says nothing about what was done: a POST is not sent again.
  http::H2Peer resetting(there.network, place(3), [](auto& frame) {
    return frame.begins_request() ? http::H2Peer::reset(frame.stream, NGHTTP2_INTERNAL_ERROR) : "";
  });
  users.instances.clear();
  users.instances.push_back(
      {"users/3", "1", "v1", "there", place(3), catalog::Health::healthy, "", 0});
  apply();
  EXPECT_EQ(ask(post("abc")).status, 502);
  EXPECT_EQ(resetting.of_type(NGHTTP2_HEADERS).size(), 1U);
}

TEST_F(H2ProxyTest, the_instances_reset_reaches_the_client_with_its_code) {
  std::uint32_t code = 0;
  http::H2Peer peer(there.network, place(1), [&](auto& frame) -> std::string {
    if (!frame.begins_request()) return "";
    return http::h2_frame(NGHTTP2_HEADERS, 4, frame.stream, "\x88") +
           http::h2_frame(NGHTTP2_DATA, 0, frame.stream, "part") +
           http::H2Peer::reset(frame.stream, code);
  });
  note_instance(1);
  apply();
  std::pair<std::uint32_t, const char*> codes[] = {
      {NGHTTP2_CANCEL, "CANCEL"},
      {NGHTTP2_ENHANCE_YOUR_CALM, "ENHANCE_YOUR_CALM"},
      {NGHTTP2_INADEQUATE_SECURITY, "INADEQUATE_SECURITY"},
      {NGHTTP2_PROTOCOL_ERROR, "INTERNAL_ERROR"}};
  for (auto [given, told] : codes) {
    code = given;
    EXPECT_THAT(ask(post("x")).error, HasSubstr(told));
    EXPECT_EQ(sink.all.back().termination, "SD--");
  }
  EXPECT_EQ(peer.connections, 1);  // the connection stays
}

TEST_F(H2ProxyTest, the_clients_reset_reaches_the_instance) {
  add();
  apply();
  bool begun = false;
  bool cancelled = false;
  handler = [&](http::ServerRequest& request) -> Deferred<http::ServerResponse> {
    struct Watch {
      bool& flag;
      ~Watch() { flag = true; }
    } watch{cancelled};
    begun = true;
    co_await there.clock.after(60s);
    co_return http::ServerResponse::text(std::string(request.head.target));
  };
  auto asked = whole(post("x"), true);
  simulation.run_until([&] { return begun; }, 1s);
  ASSERT_TRUE(begun);
  EXPECT_FALSE(cancelled);
  asked.reset();
  simulation.run_for(100ms);
  EXPECT_TRUE(cancelled);
  EXPECT_EQ(proxy.pool_called("users")->in_flight(), 0U);
  ASSERT_EQ(sink.all.size(), 1U);
  handler = [this](http::ServerRequest& request) { return echo(request); };
  EXPECT_EQ(ask(post("y")).text, "y");
}

TEST_F(H2ProxyTest, what_the_client_does_not_read_is_not_asked_for) {
  add();
  apply();
  std::size_t taken = 0;
  handler = [&](http::ServerRequest&) {
    http::ServerResponse response;
    std::vector<std::string> parts(4000, std::string(16 << 10, 'z'));
    response.body = http::Body(std::make_unique<PartsSource>(parts, Fields(), &taken));
    return ready(std::move(response));
  };
  auto answer = simulation.run(send(post("x"))).value();
  simulation.run_for(5s);
  EXPECT_GT(taken, std::size_t{1} << 20);
  EXPECT_LT(taken, std::size_t{4} << 20);  // windows of both sides, and what the bridge holds
  std::size_t read = 0;
  while (true) {
    auto part = simulation.run(answer.read());
    ASSERT_TRUE(part.ok());
    if (part->empty()) break;
    read += part->size();
  }
  EXPECT_EQ(read, std::size_t{4000} * (16 << 10));
}

TEST_F(H2ProxyTest, what_the_instance_does_not_read_is_not_taken_of_the_client) {
  add();
  apply();
  Event go;
  std::size_t sent = 0;
  handler = [&](http::ServerRequest& request) -> Deferred<http::ServerResponse> {
    request.slow_content_allowed = true;
    co_await go.wait();
    co_return co_await echo(request);
  };
  std::vector<std::string> parts(500, std::string(16 << 10, 'z'));
  auto body = http::Body(std::make_unique<PartsSource>(parts, Fields(), &sent));
  auto asked = whole(post(std::move(body)), true);
  simulation.run_for(5s);
  EXPECT_GT(sent, std::size_t{256} << 10);
  EXPECT_LT(sent, std::size_t{1} << 20);
  go.set();
  auto got = simulation.run(std::move(asked));
  ASSERT_TRUE(got.ok()) << got.error().text();
  EXPECT_EQ(got->text.size(), std::size_t{500} * (16 << 10));
}

/// Each part of the content comes back as it comes.
struct Back final : http::BodySource {
  explicit Back(http::BodySource& from) : content(from) {}
  Deferred<Bytes> read() override { return content.read(); }
  std::vector<std::pair<std::string, std::string>> trailers() override {
    return {{"grpc-status", "0"}};
  }
  http::BodySource& content;
};

/// Gives what the test says, when it says it.
struct Spoken final : http::BodySource {
  Deferred<Bytes> read() override {
    while (words.empty()) {
      if (over) co_return Bytes();
      co_await said.wait();
    }
    std::string word = std::move(words.front());
    words.pop_front();
    co_return Bytes::copy(word);
  }
  void say(std::string word) {
    words.push_back(std::move(word));
    said.ring();
  }
  void end() {
    over = true;
    said.ring();
  }
  std::deque<std::string> words;
  bool over = false;
  http::Bell said;
};

TEST_F(H2ProxyTest, both_sides_speak_in_turn_on_one_stream) {
  add();
  apply();
  handler = [](http::ServerRequest& request) {
    request.slow_content_allowed = true;
    http::ServerResponse response;
    response.headers.emplace_back("content-type", "application/grpc");
    response.body = http::Body(std::make_unique<Back>(*request.content));
    return ready(std::move(response));
  };
  auto source = std::make_unique<Spoken>();
  Spoken& voice = *source;
  auto response = simulation.run(send(post(http::Body(std::move(source))))).value();
  for (std::string word : {"one", "two", "three"}) {
    voice.say(word);
    std::string back;
    while (back.size() < word.size()) back += simulation.run(response.read()).value().view();
    EXPECT_EQ(back, word);
    simulation.run_for(10s);  // longer than the policy's time in all: silence of less is none
  }
  voice.end();
  EXPECT_EQ(simulation.run(response.read()).value().text(), "");
  auto trailers = response.trailers();
  ASSERT_EQ(trailers.size(), 1U);
  EXPECT_EQ(trailers[0].second, "0");
  simulation.run_for(10ms);
  EXPECT_EQ(sink.all.back().termination, "----");
}

TEST_F(H2ProxyTest, an_answer_that_ends_before_the_request_does_ends_at_once) {
  add();
  apply();
  handler = [](http::ServerRequest& request) {
    request.slow_content_allowed = true;
    http::ServerResponse response;
    response.body = http::Body(
        std::make_unique<PartsSource>(std::vector<std::string>{"enough"}, Fields{{"x-end", "1"}}));
    return ready(std::move(response));
  };
  auto source = std::make_unique<Spoken>();
  source->say("begin");
  auto begun = simulation.now();
  auto got = ask(post(http::Body(std::move(source))));
  EXPECT_EQ(got.text, "enough") << got.error;
  EXPECT_EQ(got.trailers["x-end"], "1");
  EXPECT_LT(simulation.now() - begun, 1s);
}

TEST_F(H2ProxyTest, a_websocket_by_http_2_is_an_upgrade_at_an_instance_of_http_1) {
  users.policy.protocol = catalog::Protocol::http_1_1;
  add();
  apply();
  auto talk = [](http::WebSocket& socket) -> Deferred<void> {
    while (auto message = co_await socket.receive()) co_await socket.send(std::move(*message));
  };
  handler = [&](http::ServerRequest& request) {
    return ready(http::accept_websocket(request, there.clock, talk, {}));
  };
  http::WebSocketOptions options;
  options.version = http::Version::http_2;
  std::string url = "ws://" + users.vip.text() + "/chat";
  auto opened = simulation.run(open_websocket(client, here.clock, here.random, url, options));
  ASSERT_TRUE(opened.ok()) << opened.error().text();
  auto& socket = **opened;
  for (std::string text : {std::string("hello"), std::string(300'000, 'w')}) {
    ASSERT_TRUE(simulation.run(socket.send({text})).ok());
    auto back = simulation.run(socket.receive());
    ASSERT_TRUE(back.ok() && back->has_value());
    EXPECT_TRUE((*back)->content == text);
  }
  ASSERT_TRUE(simulation.run(socket.close()).ok());
  simulation.run_for(100ms);
  ASSERT_EQ(sink.all.size(), 1U);
  EXPECT_EQ(sink.all[0].status, 101);
  EXPECT_EQ(proxy.pool_called("users")->in_flight(), 0U);
}

TEST_F(H2ProxyTest, a_websocket_of_either_version_reaches_an_instance_of_http_2) {
  add();
  apply();
  auto talk = [](http::WebSocket& socket) -> Deferred<void> {
    while (auto message = co_await socket.receive()) co_await socket.send(std::move(*message));
  };
  handler = [&](http::ServerRequest& request) {
    EXPECT_EQ(request.head.protocol, "websocket");
    return ready(http::accept_websocket(request, there.clock, talk, {}));
  };
  for (auto version : {http::Version::http_1_1, http::Version::http_2}) {
    http::WebSocketOptions options;
    options.version = version;
    std::string url = "ws://" + users.vip.text() + "/chat";
    auto opened = simulation.run(open_websocket(client, here.clock, here.random, url, options));
    ASSERT_TRUE(opened.ok()) << opened.error().text();
    auto& socket = **opened;
    std::string text(100'000, 'w');
    ASSERT_TRUE(simulation.run(socket.send({text})).ok());
    auto back = simulation.run(socket.receive());
    ASSERT_TRUE(back.ok() && back->has_value());
    EXPECT_TRUE((*back)->content == text);
    ASSERT_TRUE(simulation.run(socket.close()).ok());
    simulation.run_for(100ms);
    EXPECT_EQ(sink.all.back().status, 101);
    EXPECT_EQ(proxy.pool_called("users")->in_flight(), 0U);
  }
}

TEST_F(H2ProxyTest, a_proxy_that_stops_within_an_answer_answers_the_next_request_too) {
  users.policy.protocol = catalog::Protocol::http_1_1;
  add();
  apply();
  Spoken* voice = nullptr;
  handler = [&](http::ServerRequest&) {
    auto source = std::make_unique<Spoken>();
    voice = source.get();
    voice->say("begin");
    http::ServerResponse response;
    response.body = http::Body(std::move(source));
    return ready(std::move(response));
  };
  {
    auto response = simulation.run(send(http::Request(), false)).value();
    EXPECT_FALSE(response.headers().has_token("connection", "close"));
    proxy.stop_listening();
    voice->say("end");
    voice->end();
    EXPECT_EQ(simulation.run(response.text()).value(), "beginend");
  }
  // On the same connection: nobody takes another.
  handler = [this](http::ServerRequest& request) { return echo(request); };
  auto got = ask(post("next"), false);
  EXPECT_EQ(got.text, "next") << got.error;
  EXPECT_EQ(got.fields["Connection"], "close");
}

TEST_F(H2ProxyTest, a_call_of_grpc_hears_what_the_proxy_says_as_its_status) {
  apply();
  auto got = ask(grpc());
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.fields["grpc-status"], "14");
  EXPECT_THAT(got.fields["grpc-message"], HasSubstr("no instance of users runs"));
  EXPECT_EQ(sink.all.back().status, 503);
  add();
  apply();
  handler = [&](http::ServerRequest&) -> Deferred<http::ServerResponse> {
    co_await there.clock.after(60s);
    co_return http::ServerResponse::text("late");
  };
  auto begun = simulation.now();
  got = ask(grpc({{"grpc-timeout", "200m"}}));
  EXPECT_EQ(got.fields["grpc-status"], "4");
  EXPECT_LT(simulation.now() - begun, 1s);
  EXPECT_EQ(ask(post("x", {{"x-berth-deadline", "200"}})).status, 504);  // and others its status
}

TEST_F(H2ProxyTest, a_reset_before_the_answer_is_the_status_that_grpc_names) {
  std::uint32_t code = 0;
  http::H2Peer peer(there.network, place(1), [&](auto& frame) {
    return frame.begins_request() ? http::H2Peer::reset(frame.stream, code) : "";
  });
  note_instance(1);
  users.policy.eject.failures = 0;
  users.policy.eject.share_permille = 0;
  apply();
  std::pair<std::uint32_t, const char*> codes[] = {{NGHTTP2_CANCEL, "1"},
                                                   {NGHTTP2_ENHANCE_YOUR_CALM, "8"},
                                                   {NGHTTP2_INADEQUATE_SECURITY, "7"},
                                                   {NGHTTP2_INTERNAL_ERROR, "14"}};
  for (auto [given, status] : codes) {
    code = given;
    EXPECT_EQ(ask(grpc()).fields["grpc-status"], status) << given;
  }
}

TEST_F(H2ProxyTest, more_streams_than_a_peer_takes_are_more_connections) {
  server_options.h2.streams_max = 2;
  add();
  apply();
  Event go;
  handler = [&](http::ServerRequest& request) -> Deferred<http::ServerResponse> {
    co_await go.wait();
    co_return co_await echo(request);
  };
  go.set();
  EXPECT_EQ(ask(post("first")).text, "first");  // SETTINGS are known from here on
  go.reset();
  std::vector<Deferred<Got>> many;
  for (int i = 0; i < 6; ++i) many.push_back(whole(post("x"), true));
  simulation.run_for(100ms);
  EXPECT_GE(proxy.pool_called("users")->endpoints().at(0)->links.size(), 2U);
  go.set();
  auto all = simulation.run(gather_results(std::move(many)));
  ASSERT_TRUE(all.ok());
  for (auto& each : *all) EXPECT_EQ(each.text, "x");
}

TEST_F(H2ProxyTest, an_instance_that_speaks_no_http_2_is_a_502_with_the_reason) {
  auto listener = there.network.listen(place(1)).value();
  note_instance(1);
  apply();
  auto serve = [&]() -> Deferred<void> {
    for (;;) {
      auto stream = co_await listener->accept();
      std::ignore = co_await stream->read();
      co_await stream->write(Bytes::literal("HTTP/1.1 400 Bad Request\r\n\r\n"));
      for (bool open = true; open;) {
        auto part = co_await stream->read().result();
        open = part.ok() && !part->empty();
      }
    }
  };
  auto serving = serve();
  auto got = ask(post("x"));
  EXPECT_EQ(got.status, 502);
  EXPECT_THAT(got.text, HasSubstr("the peer speaks HTTP/1.1"));
}

}  // namespace
}  // namespace berth::proxy
