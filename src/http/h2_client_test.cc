#include <gtest/gtest.h>

#include "async/sync.h"
#include "http/client.h"
#include "http/h2_server_suite.h"
#include "http/simulated_web_suite.h"

namespace berth::http {
namespace {

struct H2ClientTest : SimulatedWeb {
  ClientOptions options;
  std::unique_ptr<Client> made;
  std::unique_ptr<Server> own;  // on port 82

  H2ClientTest() { options.version = Version::http_2; }

  Client& client() {
    if (!made) made = std::make_unique<Client>(here.clock, here.network, options);
    return *made;
  }
  Deferred<Response> ask(const std::string& url, Request request = {}, SendOptions send = {}) {
    return client().send(parse_url(url).value(), std::move(request), std::move(send));
  }
  Deferred<std::string> text(const std::string& url, SendOptions send = {}) {
    return ask(url, Request(), std::move(send)).then(text_of);
  }
  Result<std::string> get(const std::string& url) { return run(text(url)); }
  std::string error_of(const std::string& url, SendOptions send = {}) {
    auto answer = run(text(url, std::move(send)));
    return answer.ok() ? "no error" : answer.error().text();
  }
  void serve(Server::Handler handler, ServerOptions server_options = {}) {
    own = std::make_unique<Server>(there.clock, std::move(handler), server_options);
    own->serve(there.network.listen(there.address(82)).value());
  }
  static Request post(Body body) {
    Request request;
    request.method = "POST";
    request.body = std::move(body);
    return request;
  }
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

/// Answers with what is asked, part by part as it comes, and with the same trailers.
struct EchoSource final : BodySource {
  explicit EchoSource(BodySource& content) : content(content) {}
  Deferred<Bytes> read() override { return content.read(); }
  std::vector<std::pair<std::string, std::string>> trailers() override {
    return content.trailers();
  }
  BodySource& content;
};
Deferred<ServerResponse> echo(ServerRequest& request) {
  return ready(ServerResponse{200, {}, Body(std::make_unique<EchoSource>(*request.content))});
}

TEST_F(H2ClientTest, one_connection_carries_all_requests_at_once) {
  answer_late("/late", 1s);
  std::vector<Deferred<Response>> all;
  for (int i = 0; i < 50; ++i) all.push_back(ask("http://10.0.0.2/late"));
  auto begun = simulation.now();
  for (auto& each : all) {
    Response response = run(std::move(each)).value();
    EXPECT_EQ(response.major_version(), 2);
    EXPECT_EQ(run(response.text()).value(), "late");
  }
  EXPECT_LT(simulation.now() - begun, 2s);
  EXPECT_EQ(server.connections(), 1u);
  EXPECT_EQ(get("http://10.0.0.2/").value(), "hello");
  EXPECT_EQ(server.connections(), 1u);
  EXPECT_EQ(client().busy(), 0u);
  EXPECT_EQ(client().idle(), 1u);
}

TEST_F(H2ClientTest, says_what_a_client_of_1_1_says) {
  serve([](ServerRequest& request) -> Deferred<ServerResponse> {
    std::string text = std::string(request.head.method) + " " + std::string(request.head.target);
    for (auto& [name, value] : request.head.headers) {
      text.append(" ").append(name).append("=").append(value);
    }
    co_return ServerResponse::text(text);
  });
  options.resolver = &resolver;
  Request request;
  request.method = "PUT";
  request.headers = {{"X-Big", "one"}, {"te", "trailers"}, {"connection", "close"}};
  request.body = Body("abc");
  auto response = run(ask("http://users:82/x?y=1", std::move(request))).value();
  EXPECT_EQ(run(response.text()).value(),
            "PUT /x?y=1 x-big=one te=trailers content-length=3 host=users:82");
  Request by_address;
  by_address.headers = {{"host", "never mind"}};
  auto answered = run(client().send(there.address(82), std::move(by_address))).value();
  EXPECT_EQ(run(answered.text()).value(), "GET / host=10.0.0.2:82");
  EXPECT_EQ(answered.headers().value("content-length"), "22");
}

TEST_F(H2ClientTest, bodies_go_both_ways_however_large) {
  serve(echo);
  for (std::size_t size : {0, 1, 16'384, 100'000, 5'000'000}) {
    std::string content(size, 'z');
    auto response = run(ask("http://10.0.0.2:82/", post(Body(content)))).value();
    EXPECT_EQ(run(response.text()).value(), content) << size;
  }
  EXPECT_EQ(own->connections(), 1u);
}

TEST_F(H2ClientTest, streams_both_ways_at_once_with_trailers) {
  serve(echo);
  struct Told final : BodySource {
    explicit Told(Queue<Bytes>& queue) : queue(queue) {}
    Deferred<Bytes> read() override { return queue.pop(); }
    std::vector<std::pair<std::string, std::string>> trailers() override {
      return {{"Grpc-Status", "0"}, {"connection", "never"}};
    }
    Queue<Bytes>& queue;
  };
  Queue<Bytes> queue(8);
  auto response =
      run(ask("http://10.0.0.2:82/", post(Body(std::make_unique<Told>(queue))))).value();
  for (std::string word : {"one", "two", "three"}) {
    ASSERT_TRUE(queue.try_push(Bytes::copy(word)));
    std::string heard;
    while (heard.size() < word.size()) heard += run(response.read()).value().view();
    EXPECT_EQ(heard, word);
  }
  ASSERT_TRUE(queue.try_push(Bytes()));
  EXPECT_TRUE(run(response.read()).value().empty());
  std::vector<std::pair<std::string, std::string>> trailers{{"grpc-status", "0"}};
  EXPECT_EQ(response.trailers(), trailers);
}

TEST_F(H2ClientTest, an_answer_that_is_not_read_holds_back_its_sender_and_nobody_else) {
  int asked = 0;
  serve([&](ServerRequest& request) -> Deferred<ServerResponse> {
    if (request.head.target != "/large") return ready(ServerResponse::text("small"));
    return ready(ServerResponse{200, {}, Body(std::make_unique<CountedSource>(2'000, asked))});
  });
  std::vector<Response> unread;
  for (int i = 0; i < 20; ++i) {
    asked = 0;
    unread.push_back(run(ask("http://10.0.0.2:82/large")).value());
    simulation.run_for(10s);
    EXPECT_GE(asked, 100);
    EXPECT_LE(asked, 110);  // a window of 1 MiB, in parts of 10,000 bytes
  }
  EXPECT_EQ(get("http://10.0.0.2:82/").value(), "small");
  EXPECT_EQ(run(unread.back().text(30'000'000)).value().size(), 20'000'000u);
  unread.clear();
  EXPECT_EQ(own->connections(), 1u);
  EXPECT_EQ(client().busy(), 0u);
}

TEST_F(H2ClientTest, an_upload_is_asked_for_as_the_server_reads) {
  Promise<void> go;
  serve([&](ServerRequest& request) -> Deferred<ServerResponse> {
    if (request.head.target != "/slow") return ready(ServerResponse::text("ok"));
    return go.deferred()
        .then([&request] { return request.body(30'000'000); })
        .then([](std::string text) { return ServerResponse::text(std::to_string(text.size())); });
  });
  int asked = 0;
  auto slow =
      ask("http://10.0.0.2:82/slow", post(Body(std::make_unique<CountedSource>(2'000, asked))));
  simulation.run_for(10s);
  EXPECT_LE(asked, 30);  // a window of 256 KiB
  EXPECT_EQ(get("http://10.0.0.2:82/").value(), "ok");
  go.callback();
  auto response = run(std::move(slow)).value();
  EXPECT_EQ(run(response.text()).value(), "20000000");
}

TEST_F(H2ClientTest, who_goes_resets_its_stream_alone) {
  int begun = 0;
  int cancelled = 0;
  serve([&](ServerRequest& request) -> Deferred<ServerResponse> {
    if (request.head.target != "/wait") return ready(ServerResponse::text("ok"));
    ++begun;
    return there.clock.after(24h).then([] { return ServerResponse(); },
                                       [&](Error error) {
                                         ++cancelled;
                                         return error;
                                       });
  });
  SendOptions patient;
  patient.timeouts = {1s, 0s, 0s};
  auto first = ask("http://10.0.0.2:82/wait", {}, patient);
  auto second = ask("http://10.0.0.2:82/wait", {}, patient);
  simulation.run_until([&] { return begun == 2; });
  first.reset();
  simulation.run_until([&] { return cancelled == 1; }, 10s);
  EXPECT_EQ(cancelled, 1);
  EXPECT_EQ(get("http://10.0.0.2:82/").value(), "ok");
  second.cancel();
  EXPECT_TRUE(run(std::move(second)).error().is(Code::cancelled));
  simulation.run_until([&] { return cancelled == 2; }, 10s);
  EXPECT_EQ(cancelled, 2);
  EXPECT_EQ(own->connections(), 1u);
  EXPECT_EQ(client().idle(), 1u);
}

TEST_F(H2ClientTest, asks_no_more_at_once_than_the_server_takes) {
  int running = 0;
  int most = 0;
  ServerOptions few;
  few.h2.streams_max = 3;
  serve(
      [&](ServerRequest&) {
        most = std::max(most, ++running);
        return there.clock.after(1s).then([&] {
          --running;
          return ServerResponse::text("done");
        });
      },
      few);
  EXPECT_EQ(get("http://10.0.0.2:82/").value(), "done");  // and the server has told its limit
  std::vector<Deferred<std::string>> all;
  for (int i = 0; i < 12; ++i) all.push_back(text("http://10.0.0.2:82/"));
  for (auto& each : all) EXPECT_EQ(run(std::move(each)).value(), "done");
  EXPECT_EQ(most, 3);
  EXPECT_EQ(own->connections(), 1u);
}

TEST_F(H2ClientTest, says_when_the_wait_for_a_stream_was_too_long_or_too_many_wait) {
  ServerOptions one;
  one.h2.streams_max = 1;
  serve(
      [&](ServerRequest&) { return there.clock.after(20s).then([] { return ServerResponse(); }); },
      one);
  options.waiting_max = 2;
  auto first = ask("http://10.0.0.2:82/");
  simulation.run_for(1s);
  auto second = ask("http://10.0.0.2:82/");
  auto third = ask("http://10.0.0.2:82/");
  EXPECT_EQ(error_of("http://10.0.0.2:82/"),
            "GET http://10.0.0.2:82/: on a kept connection to 10.0.0.2:82, no answer: 2 requests "
            "wait for a stream already");
  auto waited = run(std::move(second));
  EXPECT_TRUE(waited.error().is(Code::timed_out));
  EXPECT_EQ(waited.error().text(),
            "GET http://10.0.0.2:82/: all connections to 10.0.0.2:82 were in use, none was free "
            "within 5 s");
  EXPECT_TRUE(run(std::move(first)).ok());
  EXPECT_TRUE(run(std::move(third)).error().is(Code::timed_out));
  EXPECT_TRUE(run(ask("http://10.0.0.2:82/")).ok());
}

TEST_F(H2ClientTest, says_how_far_a_request_came) {
  answer_late("/late", 1h);
  SendOptions send;
  send.timeouts.first_byte = 2s;
  std::string late = error_of("http://10.0.0.2/late", send);
  EXPECT_TRUE(late.starts_with("GET http://10.0.0.2/late: connected to 10.0.0.2:80 in ")) << late;
  EXPECT_TRUE(late.ends_with(", no answer within 2 s")) << late;
  EXPECT_EQ(error_of("http://10.0.0.2/late", send),
            "GET http://10.0.0.2/late: on a kept connection to 10.0.0.2:80, no answer within 2 s");
  EXPECT_EQ(error_of("http://10.0.0.2:83/"),
            "GET http://10.0.0.2:83/: connecting to 10.0.0.2:83: nothing listens");
}

TEST_F(H2ClientTest, a_connection_that_answers_no_ping_is_given_up) {
  answer_late("/late", 1h);
  SendOptions patient;
  patient.timeouts = {5s, 0s, 0s};
  auto work = ask("http://10.0.0.2/late", {}, patient);
  simulation.run_for(10min);
  EXPECT_TRUE(work.pending());  // pings are answered
  simulation.fabric.cut(here.node(), there.node());
  auto begun = simulation.now();
  auto answer = run(std::move(work));
  EXPECT_TRUE(has(answer.error().text(), "no answer: the peer answers no PING"))
      << answer.error().text();
  EXPECT_LE(simulation.now() - begun, 41s);
}

TEST_F(H2ClientTest, connections_that_rest_make_room_and_end_in_time) {
  options.connections_max = 1;
  serve(echo);
  EXPECT_EQ(get("http://10.0.0.2/").value(), "hello");
  EXPECT_EQ(client().idle(), 1u);
  EXPECT_TRUE(get("http://10.0.0.2:82/").ok());
  EXPECT_EQ(client().idle(), 1u);
  simulation.run_for(1s);
  EXPECT_EQ(server.connections(), 0u);
  EXPECT_EQ(own->connections(), 1u);
  simulation.run_for(20s);
  EXPECT_TRUE(get("http://10.0.0.2:82/").ok());
  simulation.run_for(20s);
  EXPECT_EQ(client().idle(), 1u);
  simulation.run_for(11s);
  EXPECT_EQ(client().idle(), 0u);
  EXPECT_EQ(own->connections(), 0u);
}

TEST_F(H2ClientTest, answers_outlive_their_client) {
  int asked = 0;
  serve([&](ServerRequest&) {
    return ready(ServerResponse{200, {}, Body(std::make_unique<CountedSource>(300, asked))});
  });
  auto response = run(ask("http://10.0.0.2:82/")).value();
  made.reset();
  EXPECT_EQ(run(response.text()).value().size(), 3'000'000u);
  {
    Response gone = std::move(response);
  }
  simulation.run_for(1s);
  EXPECT_EQ(own->connections(), 0u);
}

TEST_F(H2ClientTest, a_server_that_closes_is_left_for_another) {
  EXPECT_EQ(get("http://10.0.0.2/").value(), "hello");
  run(server.close()).value();
  Server again(there.clock, [this](ServerRequest& request) { return router.route(request); });
  again.serve(there.network.listen(address).value());
  EXPECT_EQ(get("http://10.0.0.2/").value(), "hello");
  run(again.close()).value();
}

TEST_F(H2ClientTest, tells_when_the_source_of_a_body_fails_or_has_another_length) {
  serve([](ServerRequest& request) {
    return request.body().then([](std::string text) { return ServerResponse::text(text); });
  });
  auto send = [&](std::unique_ptr<PartsSource> source, std::optional<std::uint64_t> length) {
    Body body(std::move(source));
    body.length = length;
    return run(ask("http://10.0.0.2:82/", post(std::move(body))));
  };
  auto parts = [] { return std::make_unique<PartsSource>(std::vector<std::string>{"abc", "def"}); };
  auto broken = parts();
  broken->fails = true;
  auto failed = send(std::move(broken), std::nullopt);
  EXPECT_TRUE(failed.error().is(Code::io));
  EXPECT_TRUE(has(failed.error().text(), "the source is broken, while reading what is to be sent"))
      << failed.error().text();
  EXPECT_TRUE(send(parts(), 5).error().is(Code::invalid));
  EXPECT_TRUE(send(parts(), 7).error().is(Code::invalid));
  for (std::optional<std::uint64_t> length : {std::optional<std::uint64_t>(6), {}}) {
    auto good = send(parts(), length).value();
    EXPECT_EQ(run(good.text()).value(), "abcdef");
  }
  EXPECT_EQ(own->connections(), 1u);
  EXPECT_EQ(client().idle(), 1u);
}

TEST_F(H2ClientTest, gets_an_answer_that_comes_before_all_was_sent) {
  serve([](ServerRequest&) { return ready(ServerResponse::text("no", 413)); });
  struct Endless final : BodySource {
    Deferred<Bytes> read() override { return ready(Bytes::copy(std::string(10'000, 'x'))); }
  };
  for (bool text : {false, true}) {
    Body body = text ? Body(std::string(8 << 20, 'x')) : Body(std::make_unique<Endless>());
    auto response = run(ask("http://10.0.0.2:82/", post(std::move(body)))).value();
    EXPECT_EQ(response.status(), 413);
    EXPECT_EQ(run(response.text()).value(), "no");
  }
  EXPECT_EQ(client().idle(), 1u);
}

TEST_F(H2ClientTest, bounds_the_answer_to_an_upload_from_when_it_was_sent) {
  serve([&](ServerRequest& request) {
    return request.body().then([&](std::string) { return there.clock.after(1h); }).then([] {
      return ServerResponse();
    });
  });
  struct Slow final : BodySource {
    explicit Slow(Clock& clock) : clock(clock) {}
    Deferred<Bytes> read() override {
      if (++count > 10) return ready(Bytes());
      return clock.after(1s).then([] { return Bytes::copy("x"); });
    }
    Clock& clock;
    int count = 0;
  };
  SendOptions send;
  send.timeouts.first_byte = 2s;
  MonotonicTime begun = simulation.now();
  auto response = run(
      ask("http://10.0.0.2:82/", post(Body(std::make_unique<Slow>(here.clock))), std::move(send)));
  EXPECT_TRUE(response.error().is(Code::timed_out));
  EXPECT_NEAR(std::chrono::duration<double>(simulation.now() - begun).count(), 12, 0.1);
}

}  // namespace
}  // namespace berth::http
