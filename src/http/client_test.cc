#include "http/client.h"

#include <gtest/gtest.h>

#include "async/sync.h"
#include "http/authorization.h"
#include "http/simulated_web_suite.h"

namespace berth::http {
namespace {

struct ClientTest : SimulatedWeb {
  ClientOptions options;
  std::unique_ptr<Client> made;

  Client& client() {
    if (!made) made = std::make_unique<Client>(here.clock, here.network, options);
    return *made;
  }
  Result<std::string> get(const std::string& url, SendOptions send = {}) {
    auto response = run(client().send(parse_url(url).value(), Request(), std::move(send)));
    if (!response.ok()) return std::move(response).error();
    return run(response->text());
  }
  std::string error_of(const std::string& url, SendOptions send = {}) {
    auto text = get(url, std::move(send));
    return text.ok() ? "no error" : text.error().text();
  }
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

TEST_F(ClientTest, asks_by_name_and_keeps_the_connection_of_a_name) {
  options.resolver = &resolver;
  EXPECT_EQ(get("http://users/").value(), "hello");
  EXPECT_EQ(get("http://users/").value(), "hello");
  EXPECT_EQ(server.connections(), 1u);
  EXPECT_EQ(resolver.asked, 1);
  EXPECT_EQ(error_of("http://nobody/x"),
            "GET http://nobody/x: the name nobody: there is no name nobody");
}

TEST_F(ClientTest, needs_a_resolver_for_names_and_tls_for_https) {
  EXPECT_TRUE(get("http://users/").error().is(Code::unsupported));
  EXPECT_TRUE(get("https://10.0.0.2/").error().is(Code::unsupported));
}

TEST_F(ClientTest, secures_https_and_does_not_mix_it_with_http) {
  options.secure = no_tls();
  address = there.address(443);
  server.serve(there.network.listen(address).value());
  EXPECT_EQ(get("https://10.0.0.2/").value(), "hello");
  EXPECT_EQ(get("http://10.0.0.2:443/").value(), "hello");
  EXPECT_EQ(secured, 1);
  EXPECT_EQ(get("https://10.0.0.2/").value(), "hello");
  EXPECT_EQ(secured, 1);
  EXPECT_EQ(client().idle(), 2u);
  SendOptions elsewhere;
  elsewhere.connect_to = address;
  EXPECT_TRUE(has(error_of("https://wrong/", elsewhere), ", no TLS with wrong: the certificate"));
}

TEST_F(ClientTest, waits_for_a_connection_where_an_address_has_enough) {
  options.connections_per_address_max = 2;
  answer_late("/late", 1s);
  std::vector<Deferred<Response>> all;
  for (int i = 0; i < 6; ++i) all.push_back(client().get(address, "/late"));
  std::size_t most = 0;
  for (auto& each : all) {
    auto response = run(std::move(each)).value();
    most = std::max({most, server.connections(), client().busy()});
    EXPECT_EQ(run(response.text()).value(), "late");
  }
  EXPECT_EQ(most, 2u);
  EXPECT_EQ(client().busy(), 0u);
}

TEST_F(ClientTest, idle_connections_make_room_for_others) {
  options.connections_max = 1;
  server.serve(there.network.listen(there.address(81)).value());
  EXPECT_EQ(get("http://10.0.0.2/").value(), "hello");
  EXPECT_EQ(client().idle(), 1u);
  EXPECT_EQ(get("http://10.0.0.2:81/").value(), "hello");
  EXPECT_EQ(client().idle(), 1u);
  simulation.run_for(1s);
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(ClientTest, refuses_when_too_many_wait_and_says_when_the_wait_was_too_long) {
  options.connections_per_address_max = 1;
  options.waiting_max = 1;
  answer_late("/late", 20s);
  auto first = client().get(address, "/late");
  auto second = client().get(address, "/late");
  auto third = run(client().get(address, "/late"));
  EXPECT_TRUE(third.error().is(Code::overloaded));
  auto waited = run(std::move(second));
  EXPECT_TRUE(waited.error().is(Code::timed_out));
  EXPECT_EQ(waited.error().text(),
            "GET /late at 10.0.0.2:80: all connections to 10.0.0.2:80 were in use, none was free "
            "within 5 s");
  EXPECT_TRUE(run(std::move(first)).ok());
}

TEST_F(ClientTest, who_gives_up_waiting_takes_no_room) {
  options.connections_max = 1;
  answer_late("/late", 1s);
  auto first = client().get(address, "/late");
  auto second = client().get(address, "/");
  auto other = client().get(there.address(81), "/");
  auto third = client().get(address, "/");
  second.reset();
  other.cancel();
  EXPECT_TRUE(run(std::move(other)).error().is(Code::cancelled));
  run(std::move(first)).value();
  EXPECT_TRUE(run(std::move(third)).ok());
  EXPECT_EQ(client().busy(), 0u);
}

TEST_F(ClientTest, closes_what_is_idle_for_long) {
  EXPECT_EQ(get("http://10.0.0.2/").value(), "hello");
  simulation.run_for(20s);
  EXPECT_EQ(get("http://10.0.0.2/").value(), "hello");
  simulation.run_for(20s);
  EXPECT_EQ(client().idle(), 1u);
  simulation.run_for(11s);
  EXPECT_EQ(client().idle(), 0u);
  EXPECT_EQ(server.connections(), 0u);
}

TEST_F(ClientTest, says_how_far_a_request_came) {
  answer_late("/late", 1h);
  SendOptions send;
  send.timeouts.first_byte = 2s;
  std::string late = error_of("http://10.0.0.2/late", send);
  EXPECT_TRUE(late.starts_with("GET http://10.0.0.2/late: connected to 10.0.0.2:80 in ")) << late;
  EXPECT_TRUE(late.ends_with(", no answer within 2 s")) << late;

  EXPECT_EQ(get("http://10.0.0.2/").value(), "hello");
  std::string kept = error_of("http://10.0.0.2/late", send);
  EXPECT_EQ(kept,
            "GET http://10.0.0.2/late: on a kept connection to 10.0.0.2:80, no answer within 2 s");

  EXPECT_EQ(error_of("http://10.0.0.2:81/"),
            "GET http://10.0.0.2:81/: connecting to 10.0.0.2:81: nothing listens");

  simulation.fabric.cut(here.node(), there.node());
  EXPECT_EQ(error_of("http://10.0.0.2:81/"),
            "GET http://10.0.0.2:81/: not connected to 10.0.0.2:81 within 5 s");
  send.timeouts.whole = 1s;
  EXPECT_EQ(error_of("http://10.0.0.2:81/", send),
            "GET http://10.0.0.2:81/: not connected to 10.0.0.2:81 within 1 s");
}

TEST_F(ClientTest, a_connection_that_ended_while_it_was_kept_is_replaced) {
  EXPECT_EQ(get("http://10.0.0.2/").value(), "hello");
  // The end of the server's side is on its way when the next request goes out.
  simulation.run_until([&] { return simulation.now().nanoseconds > 0; });
  run(server.close()).value();
  Server again(there.clock, [this](ServerRequest& request) { return router.route(request); });
  again.serve(there.network.listen(address).value());
  EXPECT_EQ(get("http://10.0.0.2/").value(), "hello");
  run(again.close()).value();
}

/// Answers with what is asked, part by part as it comes.
struct EchoSource final : BodySource {
  explicit EchoSource(BodySource& content) : content(content) {}
  Deferred<Bytes> read() override { return content.read(); }
  BodySource& content;
};

TEST_F(ClientTest, streams_both_ways_at_once) {
  router.add("POST", "/echo", [](ServerRequest& request) {
    return ready(ServerResponse{200, {}, Body(std::make_unique<EchoSource>(*request.content))});
  });
  struct Told final : BodySource {
    explicit Told(Queue<Bytes>& queue) : queue(queue) {}
    Deferred<Bytes> read() override { return queue.pop(); }
    Queue<Bytes>& queue;
  };
  Queue<Bytes> queue(8);
  Request request;
  request.method = "POST";
  request.body = Body(std::make_unique<Told>(queue));
  auto response =
      run(client().send(parse_url("http://10.0.0.2/echo").value(), std::move(request))).value();
  for (std::string word : {"one", "two", "three"}) {
    ASSERT_TRUE(queue.try_push(Bytes::copy(word)));
    std::string heard;
    while (heard.size() < word.size()) heard += run(response.read()).value().view();
    EXPECT_EQ(heard, word);
  }
  ASSERT_TRUE(queue.try_push(Bytes()));
  EXPECT_TRUE(run(response.read()).value().empty());
}

TEST_F(ClientTest, tells_when_the_source_of_a_body_fails_or_has_another_length) {
  router.add("POST", "/", [](ServerRequest& request) -> Deferred<ServerResponse> {
    co_return ServerResponse::text(co_await request.body());
  });
  auto post = [&](std::unique_ptr<PartsSource> source, std::optional<std::uint64_t> length) {
    Request request;
    request.method = "POST";
    request.body = Body(std::move(source));
    request.body.length = length;
    return run(client().send(parse_url("http://10.0.0.2/").value(), std::move(request)));
  };
  auto parts = [] { return std::make_unique<PartsSource>(std::vector<std::string>{"abc", "def"}); };
  auto broken = parts();
  broken->fails = true;
  auto failed = post(std::move(broken), std::nullopt);
  EXPECT_TRUE(failed.error().is(Code::io));
  EXPECT_TRUE(has(failed.error().text(), "the source is broken, while reading what is to be sent"))
      << failed.error().text();
  EXPECT_TRUE(post(parts(), 5).error().is(Code::invalid));
  EXPECT_TRUE(post(parts(), 7).error().is(Code::invalid));
  for (std::optional<std::uint64_t> length : {std::optional<std::uint64_t>(6), {}}) {
    auto good = post(parts(), length).value();
    EXPECT_EQ(run(good.text()).value(), "abcdef");
  }
  EXPECT_EQ(client().idle(), 1u);
}

TEST_F(ClientTest, gets_an_answer_that_comes_before_all_was_sent) {
  router.add("POST", "/", [](ServerRequest&) { return ready(ServerResponse::text("no", 413)); });
  struct Endless final : BodySource {
    Deferred<Bytes> read() override { return ready(Bytes::copy(std::string(10'000, 'x'))); }
  };
  for (bool text : {false, true}) {
    Request request;
    request.method = "POST";
    request.body = text ? Body(std::string(80 << 20, 'x')) : Body(std::make_unique<Endless>());
    auto response =
        run(client().send(parse_url("http://10.0.0.2/").value(), std::move(request))).value();
    EXPECT_EQ(response.status(), 413);
    EXPECT_EQ(run(response.text()).value(), "no");
  }
}

TEST_F(ClientTest, bounds_the_answer_to_an_upload_from_when_it_was_sent) {
  router.add("POST", "/", [this](ServerRequest&) -> Deferred<ServerResponse> {
    co_await there.clock.after(1h);
    co_return ServerResponse::text("late");
  });
  struct Slow final : BodySource {
    explicit Slow(Clock& clock) : clock(clock) {}
    Deferred<Bytes> read() override {
      if (++count > 10) co_return Bytes();
      co_await clock.after(1s);
      co_return Bytes::copy("x");
    }
    Clock& clock;
    int count = 0;
  };
  Request request;
  request.method = "POST";
  request.body = Body(std::make_unique<Slow>(here.clock));
  SendOptions send;
  send.timeouts.first_byte = 2s;
  MonotonicTime begun = simulation.now();
  auto response =
      run(client().send(parse_url("http://10.0.0.2/").value(), std::move(request), send));
  EXPECT_TRUE(response.error().is(Code::timed_out));
  EXPECT_NEAR(std::chrono::duration<double>(simulation.now() - begun).count(), 12, 0.1);
}

TEST_F(ClientTest, asks_a_proxy_with_an_absolute_target) {
  options.proxy = Proxy{parse_url("http://10.0.0.2:80").value(), basic("me", "it"), {"direct"}};
  router.add("GET", "/auth", [](ServerRequest& request) {
    return ready(
        ServerResponse::text(std::string(request.head.headers.value("proxy-authorization"))));
  });
  EXPECT_EQ(get("http://users:81/auth").value(), basic("me", "it"));
  EXPECT_EQ(targets.back(), "GET users:81/auth");
  EXPECT_EQ(server.connections(), 1u);
  options.resolver = nullptr;
  EXPECT_TRUE(get("http://a.direct/").error().is(Code::unsupported));  // not by the proxy
}

TEST_F(ClientTest, goes_through_a_proxys_tunnel_for_https) {
  options.secure = no_tls();
  options.proxy = Proxy{parse_url("http://10.0.0.2:3128").value(), "Basic x", {}};
  EXPECT_EQ(get("https://users/").value(), "hello");
  EXPECT_EQ(get("https://users/").value(), "hello");
  EXPECT_EQ(
      proxy_heads,
      "CONNECT users:443 HTTP/1.1\r\nhost: users:443\r\nproxy-authorization: Basic x\r\n\r\n");
  EXPECT_EQ(secured, 1);
  proxy_status = "407 who are you";
  std::string error = error_of("https://others/");
  EXPECT_TRUE(has(error, ", no tunnel to others:443: the proxy answered with status 407")) << error;
}

TEST_F(ClientTest, asks_by_a_unix_socket) {
  Server local(here.clock, [this](ServerRequest& request) {
    targets.push_back(std::string(request.head.headers.value("host")));
    return router.route(request);
  });
  local.serve(here.network.listen(Address::unix_path("/run/x.sock")).value());
  SendOptions send;
  send.connect_to = Address::unix_path("/run/x.sock");
  EXPECT_EQ(get("http://users:99/", send).value(), "hello");
  EXPECT_EQ(targets.back(), "users:99");
  run(local.close()).value();
}

}  // namespace
}  // namespace berth::http
