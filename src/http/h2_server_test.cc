#include "http/h2_server_suite.h"

namespace berth::http {
namespace {

TEST_F(H2ServerTest, answers_both_versions_on_one_listener_by_one_handler) {
  handler = [](ServerRequest& request) -> Deferred<ServerResponse> {
    co_return ServerResponse::text(
        std::string(request.head.method) + " " + std::string(request.head.target) + " " +
        std::string(request.head.host()) + " " + std::string(request.head.headers.value("host")));
  };
  H2TestClient client(connect());
  auto id = client.ask({{":path", "/x?y"}, {":authority", "shop:80"}});
  EXPECT_EQ(answer(client, id).content, "GET /x?y shop shop:80");
  EXPECT_EQ(client.answers[id].status(), 200);
  EXPECT_EQ(client.answers[id].field("content-length"), "21");
  Client old(there.clock, there.network);
  Request request;
  request.host = "shop:80";
  request.target = "/x?y";
  auto by_h1 = simulation.run(old.send(address, std::move(request))).value();
  EXPECT_EQ(simulation.run(by_h1.text()).value(), "GET /x?y shop shop:80");
}

TEST_F(H2ServerTest, bodies_go_both_ways_however_large) {
  H2TestClient client(connect());
  for (std::size_t size : {0, 1, 16'384, 100'000, 3'000'000}) {
    std::string content(size, 'z');
    auto id = client.ask({}, &content);
    EXPECT_EQ(answer(client, id).content, content) << size;
    EXPECT_EQ(client.answers[id].error, 0u);
  }
}

TEST_F(H2ServerTest, requests_of_one_connection_are_answered_at_once) {
  std::vector<Promise<void>> waiting;
  auto first_or_later = [](ServerRequest& request,
                           std::vector<Promise<void>>& waiting) -> Deferred<ServerResponse> {
    if (request.head.target == "/last") co_return ServerResponse::text("first");
    waiting.emplace_back();
    co_await waiting.back().deferred();
    co_return ServerResponse::text("later");
  };
  handler = with(first_or_later, waiting);
  H2TestClient client(connect());
  auto slow = client.ask({});
  auto fast = client.ask({{":path", "/last"}});
  EXPECT_EQ(answer(client, fast).content, "first");
  EXPECT_FALSE(client.answers[slow].closed);
  waiting[0].callback();
  EXPECT_EQ(answer(client, slow).content, "later");
}

TEST_F(H2ServerTest, a_handler_that_does_not_read_holds_its_client_back_and_no_other) {
  Promise<void> go;
  auto read_when_told = [](ServerRequest& request, Promise<void>& go) -> Deferred<ServerResponse> {
    if (request.head.target == "/slow") co_await go.deferred();
    co_return ServerResponse::text(std::to_string((co_await request.body(8 << 20)).size()));
  };
  handler = with(read_when_told, go);
  options.h2.stream_window_bytes = 100'000;
  H2TestClient client(connect());
  std::string content(1'000'000, 'x');
  auto slow = client.ask({{":path", "/slow"}}, &content);
  simulation.run_for(10s);
  EXPECT_LE(client.sent(slow), 100'000u);
  EXPECT_GE(client.sent(slow), 65'535u);
  auto fast = client.ask({}, &content);
  EXPECT_EQ(answer(client, fast).content, "1000000");
  EXPECT_LE(client.sent(slow), 100'000u);
  go.callback();
  EXPECT_EQ(answer(client, slow).content, "1000000");
}

TEST_F(H2ServerTest, what_handlers_leave_unread_does_not_use_up_the_connection) {
  handler = [](ServerRequest&) { return ready(ServerResponse::text("no", 413)); };
  H2TestClient client(connect());
  std::string content(300'000, 'x');
  for (int i = 0; i < 30; ++i) {
    auto id = client.ask({}, &content);
    EXPECT_EQ(answer(client, id).status(), 413);
    EXPECT_EQ(client.answers[id].content, "no");
    EXPECT_EQ(client.answers[id].error, NGHTTP2_NO_ERROR);
  }
  handler = echo;
  auto id = client.ask({}, &content);
  EXPECT_EQ(answer(client, id).content, content);
}

TEST_F(H2ServerTest, a_source_is_asked_only_as_its_client_accepts) {
  int asked = 0;
  handler = [&](ServerRequest&) {
    return ready(ServerResponse{200, {}, Body(std::make_unique<CountedSource>(100, asked))});
  };
  H2TestClient client(connect(), false);
  auto id = client.ask({});
  simulation.run_for(10s);
  int before = asked;
  EXPECT_LE(before, 8);  // 65,535 bytes of window, and one part at hand
  simulation.run_for(10s);
  EXPECT_EQ(asked, before);
  auto accepted = [&](std::size_t bytes) { return client.answers[id].content.size() >= bytes; };
  for (std::size_t bytes = 60'000; bytes <= 1'000'000; bytes += 20'000) {
    EXPECT_TRUE(until([&] { return accepted(bytes); })) << bytes;
    client.accept(id, bytes == 60'000 ? 60'000 : 20'000);
  }
  EXPECT_EQ(answer(client, id).content.size(), 1'000'000u);
}

TEST_F(H2ServerTest, trailers_go_both_ways) {
  int asked = 0;
  H2TestClient::Fields heard;
  auto hear_trailers = [](ServerRequest& request, int& asked,
                          H2TestClient::Fields& heard) -> Deferred<ServerResponse> {
    co_await request.body();
    heard = request.content->trailers();
    co_return ServerResponse{200,
                             {{"Content-Type", "application/grpc"}},
                             Body(std::make_unique<CountedSource>(1, asked))};
  };
  handler = with(hear_trailers, asked, heard);
  H2TestClient client(connect());
  std::string content = "x";
  auto id = client.ask({{"te", "trailers"}}, &content, {{"checksum", "7"}});
  EXPECT_EQ(answer(client, id).content.size(), 10'000u);
  EXPECT_EQ(client.answers[id].field("content-type"), "application/grpc");
  EXPECT_EQ(client.answers[id].trailers, (H2TestClient::Fields{{"grpc-status", "0"}}));
  EXPECT_EQ(heard, (H2TestClient::Fields{{"checksum", "7"}}));
}

TEST_F(H2ServerTest, head_and_204_have_no_content) {
  handler = [](ServerRequest& request) {
    return ready(ServerResponse::text("four", request.head.target == "/204" ? 204 : 200));
  };
  H2TestClient client(connect());
  auto head = client.ask({{":method", "HEAD"}});
  EXPECT_EQ(answer(client, head).content, "");
  EXPECT_EQ(client.answers[head].field("content-length"), "4");
  auto nothing = client.ask({{":path", "/204"}});
  EXPECT_EQ(answer(client, nothing).content, "");
  EXPECT_EQ(client.answers[nothing].field("content-length"), "");
}

TEST_F(H2ServerTest, asks_for_the_content_of_who_waits_for_that) {
  H2TestClient client(connect());
  std::string content = "x";
  auto id = client.ask({{"expect", "100-continue"}}, &content);
  EXPECT_EQ(answer(client, id).status(), 200);
  EXPECT_LE(client.answers[id].statuses.size(), 2u);
  content = std::string(500'000, 'y');
  id = client.ask({{"expect", "100-continue"}}, &content);
  answer(client, id);
  EXPECT_EQ(client.answers[id].statuses, (std::vector{100, 200}));
}

TEST_F(H2ServerTest, the_head_is_as_http_1_has_it) {
  std::string cookie;
  std::string parameter;
  handler = [&](ServerRequest& request) {
    cookie = std::string(request.head.headers.value("Cookie"));
    parameter = request.query("q");
    return ready(ServerResponse{200, {{"Connection", "close"}, {"X-A", "b\r\nx: y"}}, {}});
  };
  H2TestClient client(connect());
  auto id = client.ask({{"cookie", "a=1"}, {"cookie", "b=2"}, {":path", "/?q=a%20b"}});
  EXPECT_EQ(answer(client, id).status(), 200);
  EXPECT_EQ(cookie, "a=1; b=2");
  EXPECT_EQ(parameter, "a b");
  EXPECT_EQ(client.answers[id].field("connection"), "");
  EXPECT_EQ(client.answers[id].field("x-a"), "");
}

TEST_F(H2ServerTest, heads_that_contradict_themselves_or_are_too_long_are_refused) {
  H2TestClient client(connect());
  auto status = [&](H2TestClient::Fields fields) {
    return answer(client, client.ask(std::move(fields))).status();
  };
  EXPECT_EQ(status({{"host", "b"}}), 400);
  EXPECT_EQ(status({{"host", "A"}}), 200);
  EXPECT_EQ(status({{":path", "/a#b"}}), 400);
  EXPECT_EQ(status({{"x-long", std::string(40'000, 'x')}}), 431);
  EXPECT_EQ(status({{":path", "/" + std::string(9'000, 'x')}}), 431);
  EXPECT_EQ(status(H2TestClient::Fields(101, {"a", "b"})), 431);
  EXPECT_EQ(status({}), 200);
}

TEST_F(H2ServerTest, an_error_of_the_handler_is_a_problem_and_one_of_its_source_a_reset) {
  struct Broken final : BodySource {
    Deferred<Bytes> read() override { return failed<Bytes>(Error(Code::io, "the disk")); }
  };
  handler = [](ServerRequest& request) -> Deferred<ServerResponse> {
    if (request.head.target == "/source") {
      co_return ServerResponse{200, {}, Body(std::make_unique<Broken>())};
    }
    co_return Error(Code::not_found, "no such thing");
  };
  H2TestClient client(connect());
  EXPECT_EQ(answer(client, client.ask({})).status(), 404);
  EXPECT_EQ(answer(client, client.ask({{":path", "/source"}})).error, NGHTTP2_INTERNAL_ERROR);
}

TEST_F(H2ServerTest, a_stream_that_its_client_resets_cancels_its_handler_alone) {
  int begun = 0;
  int cancelled = 0;
  auto wait = [](ServerRequest& request, auto& clock, int& begun,
                 int& cancelled) -> Deferred<ServerResponse> {
    if (request.head.target != "/wait") co_return ServerResponse::text("ok");
    ++begun;
    auto waited = co_await clock.after(24h).result();
    if (!waited.ok()) ++cancelled;
    co_return Error::cancelled();
  };
  handler = with(wait, here.clock, begun, cancelled);
  H2TestClient client(connect());
  auto one = client.ask({{":path", "/wait"}});
  client.ask({{":path", "/wait"}});
  EXPECT_TRUE(until([&] { return begun == 2; }));
  client.reset(one);
  EXPECT_TRUE(until([&] { return cancelled == 1; }));
  EXPECT_EQ(answer(client, client.ask({})).content, "ok");
  EXPECT_EQ(cancelled, 1);
  client.stream().abort();
  EXPECT_TRUE(until([&] { return cancelled == 2 && server->connections() == 0; }));
}

TEST_F(H2ServerTest, close_says_goodbye_to_who_is_idle_and_to_who_waits) {
  auto wait = [](ServerRequest& request, auto& clock) -> Deferred<ServerResponse> {
    if (request.head.target == "/wait") co_await clock.after(24h);
    co_return ServerResponse::text("ok");
  };
  handler = with(wait, here.clock);
  H2TestClient client(connect());
  EXPECT_EQ(answer(client, client.ask({})).content, "ok");
  auto waits = client.ask({{":path", "/wait"}});
  simulation.run_for(1s);
  auto closing = server->close();
  EXPECT_TRUE(until([&] { return client.ended; }));
  EXPECT_EQ(client.goaway, NGHTTP2_NO_ERROR);
  EXPECT_EQ(client.goaway_last, waits);
  EXPECT_EQ(client.answers[waits].error, NGHTTP2_CANCEL);
  EXPECT_TRUE(simulation.run(std::move(closing)).ok());
}

TEST_F(H2ServerTest, close_lets_an_answer_arrive_that_is_on_its_way) {
  handler = [](ServerRequest&) { return ready(ServerResponse::text(std::string(2'000'000, 'x'))); };
  H2TestClient client(connect());
  auto id = client.ask({});
  EXPECT_TRUE(until([&] { return !client.answers[id].content.empty(); }));
  EXPECT_FALSE(client.answers[id].ended);
  auto closing = server->close();
  EXPECT_EQ(answer(client, id).content.size(), 2'000'000u);
  EXPECT_EQ(client.answers[id].error, NGHTTP2_NO_ERROR);
  EXPECT_TRUE(simulation.run(std::move(closing)).ok());
}

TEST_F(H2ServerTest, a_silent_connection_ends_and_one_that_waits_for_its_answer_does_not) {
  Promise<void> go;
  auto wait = [](ServerRequest&, Promise<void>& go) -> Deferred<ServerResponse> {
    co_await go.deferred();
    co_return ServerResponse::text("at last");
  };
  handler = with(wait, go);
  H2TestClient idle(connect());
  H2TestClient busy(connect());
  auto id = busy.ask({});
  simulation.run_for(10min);
  EXPECT_TRUE(idle.ended);
  EXPECT_EQ(idle.goaway, NGHTTP2_NO_ERROR);
  EXPECT_GE(busy.pings, 5);
  go.callback();
  EXPECT_EQ(answer(busy, id).content, "at last");
}

TEST_F(H2ServerTest, who_takes_nothing_of_its_answer_is_given_up) {
  handler = [](ServerRequest&) { return ready(ServerResponse::text(std::string(2'000'000, 'x'))); };
  H2TestClient client(connect(), false);
  client.ask({});
  EXPECT_TRUE(until([&] { return client.ended; }, 5min));
  EXPECT_TRUE(until([&] { return server->connections() == 0; }));
}

}  // namespace
}  // namespace berth::http
