#include "async/sync.h"
#include "proxy/content_suite.h"

// Answers that are compressed on their way, and what a client may do with its content.

namespace berth::proxy {
namespace {

TEST_F(ContentTest, an_answer_is_compressed_as_the_client_likes_it_best) {
  apply(compressed);
  Got plain = ask("/");
  EXPECT_EQ(plain.text, text);
  EXPECT_EQ(plain["vary"], "Accept-Encoding");
  EXPECT_EQ(plain["etag"], "\"1\"");
  for (std::string coding : {"gzip", "zstd"}) {
    Got got = coded(coding);
    EXPECT_EQ(got["content-encoding"], coding);
    EXPECT_EQ(got["vary"], "Accept-Encoding");
    EXPECT_EQ(got["etag"], "W/\"1\"");
    EXPECT_EQ(got["content-length"], "none");
    EXPECT_EQ(got["accept-ranges"], "none");
    EXPECT_LT(got.text.size(), text.size() / 2);
    EXPECT_EQ(got.decoded(), text);
  }
  EXPECT_EQ(coded("gzip;q=0.8, zstd;q=0.5")["content-encoding"], "gzip");
  EXPECT_EQ(coded("gzip;q=0, *;q=0")["content-encoding"], "none");
  EXPECT_EQ(coded("br, identity")["content-encoding"], "none");
  EXPECT_EQ(seen, "br, identity");
  EXPECT_EQ(client.idle(), 1U);  // all by one connection
  EXPECT_EQ(alone.proxy().encoders(), 0U);
}

TEST_F(ContentTest, an_answer_of_unknown_length_and_one_by_http_1_0_keep_their_framing) {
  apply(compressed);
  answer = [](http::ServerRequest&) {
    http::ServerResponse response;
    response.headers = {{"content-type", "application/json"}};
    struct Parts final : http::BodySource {
      std::vector<std::string> parts;
      Deferred<Bytes> read() override {
        if (parts.empty()) return ready(Bytes());
        auto part = Bytes::copy(parts.front());
        parts.erase(parts.begin());
        return ready(std::move(part));
      }
    };
    auto parts = std::make_unique<Parts>();
    parts->parts = {"[1,", std::string(200'000, ' '), "2]"};
    response.body = http::Body(std::move(parts));
    return ready(std::move(response));
  };
  EXPECT_EQ(coded("zstd").decoded(), "[1," + std::string(200'000, ' ') + "2]");
  says("text/html");
  auto old = raw("GET / HTTP/1.0\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
  EXPECT_THAT(old, HasSubstr("Vary: Accept-Encoding\r\n"));
  EXPECT_THAT(old, testing::Not(HasSubstr("Content-Encoding")));
  EXPECT_TRUE(old.ends_with(text));
}

TEST_F(ContentTest, what_gains_nothing_or_is_apart_stays_as_it_is) {
  apply(compressed);
  says("image/png");
  EXPECT_EQ(coded("gzip")["vary"], "none");
  EXPECT_EQ(coded("gzip").text, text);
  says("");
  EXPECT_EQ(coded("gzip").text, text);
  says("text/html", {{"cache-control", "public, no-transform"}});
  EXPECT_EQ(coded("gzip").text, text);
  says("text/html", {{"content-encoding", "br"}});
  EXPECT_EQ(coded("gzip")["content-encoding"], "br");
  says("text/html", {{"content-range", "bytes 0-9/99"}}, 206);
  EXPECT_EQ(coded("gzip")["content-range"], "bytes 0-9/99");
  EXPECT_EQ(coded("gzip").text, text);
  says("text/html");
  text = "short";
  EXPECT_EQ(coded("gzip").text, "short");
  apply("service = \"a\"\n");
  text = std::string(5000, 'x');
  EXPECT_EQ(coded("gzip")["content-encoding"], "none");
}

TEST_F(ContentTest, a_route_says_which_types_and_from_which_length_on) {
  apply(
      "service = \"a\"\n"
      "compress = { types = [\"image/*\", \"text/css\"], bytes_min = 3, gzip = 9, zstd = 1 }\n");
  EXPECT_EQ(coded("gzip")["content-encoding"], "none");
  says("Image/PNG");
  EXPECT_EQ(coded("gzip").decoded(), text);
  says("text/css; charset=utf-8");
  text = "abc";
  EXPECT_EQ(coded("gzip")["content-encoding"], "gzip");
  text = "ab";
  EXPECT_EQ(coded("gzip")["content-encoding"], "none");
  text = std::string(5000, 'x');
  apply("service = \"a\"\ncompress = true\n", "[proxy]\nencoders_max = 0\n");
  EXPECT_EQ(coded("gzip").text, text);  // as many as there may be are at work
  EXPECT_EQ(coded("gzip")["vary"], "Accept-Encoding");
}

/// BREACH: another site's page makes the browser ask, and sees how long the answer is.
TEST_F(ContentTest, answers_with_secrets_are_not_compressed_for_the_pages_of_other_sites) {
  apply(compressed);
  auto coding = [&](Fields fields) { return coded("gzip", std::move(fields))["content-encoding"]; };
  std::string host = middle.address(80).text();
  EXPECT_EQ(coding({{"sec-fetch-site", "cross-site"}}), "gzip");  // nothing secret in it
  EXPECT_EQ(coding({{"cookie", "id=1"}, {"sec-fetch-site", "cross-site"}}), "none");
  EXPECT_EQ(coding({{"cookie", "id=1"}, {"sec-fetch-site", "same-origin"}}), "gzip");
  EXPECT_EQ(coding({{"cookie", "id=1"}, {"sec-fetch-site", "none"}}), "gzip");
  EXPECT_EQ(coding({{"cookie", "id=1"}}), "none");  // nobody knows
  EXPECT_EQ(coding({{"cookie", "id=1"}, {"referer", "http://" + host + "/a"}}), "gzip");
  EXPECT_EQ(coding({{"cookie", "id=1"}, {"referer", "http://evil.example/" + host}}), "none");
  EXPECT_EQ(coding({{"cookie", "id=1"}, {"origin", "null"}}), "none");
  EXPECT_EQ(coding({{"authorization", "Basic eDp5"}}), "none");
  EXPECT_EQ(coding({{"authorization", "Bearer x"}}), "gzip");  // no browser adds that by itself
  apply("service = \"a\"\ncompress = { cross_site = true }\n");
  EXPECT_EQ(coding({{"cookie", "id=1"}, {"sec-fetch-site", "cross-site"}}), "gzip");
}

TEST_F(ContentTest, a_head_and_a_304_tell_what_the_answer_would) {
  apply(compressed);
  Got head = ask("/", {{"accept-encoding", "gzip"}}, "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head["content-encoding"], "gzip");
  EXPECT_EQ(head["etag"], "W/\"1\"");
  EXPECT_EQ(head["content-length"], "none");
  EXPECT_EQ(head.text, "");
  says("", {}, 304);
  EXPECT_EQ(coded("gzip", {{"if-none-match", "W/\"1\""}})["etag"], "W/\"1\"");
  EXPECT_EQ(coded("gzip", {{"if-none-match", "\"1\""}})["etag"], "\"1\"");
  EXPECT_EQ(client.idle(), 1U);
}

TEST_F(ContentTest, an_event_is_passed_on_as_soon_as_it_is_there) {
  apply(compressed);
  std::shared_ptr<Queue<std::string>> events;
  struct Told final : http::BodySource {
    explicit Told(std::shared_ptr<Queue<std::string>> queue) : queue(std::move(queue)) {}
    Deferred<Bytes> read() override {
      std::string event = co_await queue->pop();
      co_return Bytes::copy(event);
    }
    std::shared_ptr<Queue<std::string>> queue;
  };
  answer = [&events](http::ServerRequest&) {
    http::ServerResponse response;
    response.headers = {{"content-type", "text/event-stream"}};
    response.body = http::Body(std::make_unique<Told>(events));
    return ready(std::move(response));
  };
  for (std::string coding : {"gzip", "zstd"}) {
    events = std::make_shared<Queue<std::string>>(10);
    auto response = send("/", {{"accept-encoding", coding}}).value();
    EXPECT_EQ(response.headers().value("content-encoding"), coding);
    EXPECT_GE(alone.proxy().encoders(), 1U);
    auto decoder = http::ContentDecoder::make(coding);
    for (std::string event : {"data: one\n\n", "data: two\n\n", "data: three\n\n"}) {
      ASSERT_TRUE(events->try_push(event));
      std::string heard;
      while (heard.size() < event.size()) {
        Bytes part = decoder->next().value();
        if (part.empty()) decoder->feed(simulation.run(response.read(), 5s).value());
        heard += part.view();
      }
      EXPECT_EQ(heard, event);
    }
  }
  ASSERT_TRUE(simulation.run_until([&] { return alone.proxy().encoders() == 0; }, 1min));
}

/// Content whose sum follows it (RFC 9110 section 6.5), and fields that would be wrong there.
struct Trailed final : http::BodySource {
  std::string text;
  bool told = false;
  Deferred<Bytes> read() override {
    if (std::exchange(told, true)) return ready(Bytes());
    return ready(Bytes::copy(text));
  }
  Fields trailers() override {
    return {{"x-sum", "42"}, {"content-digest", "sha-256=:AAAA:"}, {"content-length", "7"}};
  }
};

TEST_F(ContentTest, trailers_follow_a_compressed_answer_but_for_those_of_its_bytes) {
  apply(compressed);
  answer = [this](http::ServerRequest&) {
    auto trailed = std::make_unique<Trailed>();
    trailed->text = text;
    http::ServerResponse response;
    response.headers = {{"content-type", "text/html"}, {"trailer", "x-sum"}};
    response.body = http::Body(std::move(trailed));
    return ready(std::move(response));
  };
  for (std::string coding : {"gzip", "zstd"}) {
    auto stream = simulation.run(outside.network.connect(middle.address(80))).value();
    std::string asked =
        "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: " + coding + "\r\nConnection: close\r\n\r\n";
    simulation.run(stream->write(Bytes::copy(asked))).value();
    std::string whole;
    for (;;) {
      Bytes part = simulation.run(stream->read()).value();
      if (part.empty()) break;
      whole += part.view();
    }
    EXPECT_THAT(whole, HasSubstr("Content-Encoding: " + coding + "\r\n"));
    EXPECT_THAT(lower(whole), HasSubstr("trailer: x-sum\r\n"));
    std::string end = lower(whole.substr(whole.rfind("\r\n0\r\n") + 5));
    EXPECT_EQ(end, "x-sum: 42\r\n\r\n");
  }
}

TEST_F(ContentTest, a_client_of_events_that_goes_is_noticed_before_the_next_event) {
  struct Silent final : http::BodySource {
    Deferred<Bytes> read() override {
      if (!std::exchange(told, true)) co_return Bytes::copy("data: one\n\n");
      co_await never.wait();
      co_return Bytes();
    }
    bool told = false;
    Event never;
  };
  for (const std::string& route : {std::string("service = \"a\"\n"), compressed}) {
    std::string log = "/log" + std::to_string(route.size());
    apply(route + "[[log]]\nto = \"file:" + log + "\"\n");
    answer = [](http::ServerRequest&) {
      http::ServerResponse response;
      response.headers = {{"content-type", "text/event-stream; charset=utf-8"}};
      response.body = http::Body(std::make_unique<Silent>());
      return ready(std::move(response));
    };
    auto stream = simulation.run(outside.network.connect(middle.address(80))).value();
    std::string asked = "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n";
    simulation.run(stream->write(Bytes::copy(asked))).value();
    std::string head;
    while (head.find("\r\n\r\n") == head.npos) {
      head += simulation.run(stream->read()).value().view();
    }
    EXPECT_THAT(head, HasSubstr("Connection: close\r\n"));
    simulation.run_for(500ms);
    EXPECT_EQ(alone.proxy().requests_in_flight(), 1U);  // whoever is silent is there
    stream->close();
    auto gone = [&] { return alone.proxy().requests_in_flight() == 0; };
    ASSERT_TRUE(simulation.run_until(gone, 1s)) << route;
    simulation.run_for(100ms);
    auto told = simulation.run(middle.disk.read_file(log)).value();
    EXPECT_THAT(told, HasSubstr(" CD-- "));
  }
}

TEST_F(ContentTest, an_answer_that_is_broken_off_never_looks_whole) {
  apply(compressed + "[[log]]\nto = \"file:/log\"\n");
  answer = [this](http::ServerRequest&) {
    struct Broken final : http::BodySource {
      std::string text;
      bool told = false;
      Deferred<Bytes> read() override {
        if (std::exchange(told, true)) return failed<Bytes>(Error(Code::io, "its disk is gone"));
        return ready(Bytes::copy(text));
      }
    };
    auto broken = std::make_unique<Broken>();
    broken->text = text;
    http::ServerResponse response;
    response.headers = {{"content-type", "text/html"}};
    response.body = http::Body(std::move(broken));
    return ready(std::move(response));
  };
  auto response = send("/", {{"accept-encoding", "gzip"}}).value();
  EXPECT_FALSE(simulation.run(response.text()).ok());
  simulation.run_for(1s);
  EXPECT_THAT(simulation.run(middle.disk.read_file("/log")).value(), HasSubstr(" SD-- "));
}

TEST_F(ContentTest, one_client_may_ask_a_route_so_often_whatever_it_is_answered) {
  apply(
      "service = \"a\"\nprefix = \"/login\"\nauth = \"staff\"\nlimit = { per_second = 1, burst = 3 "
      "}\n"
      "[route.two]\nservice = \"a\"\n",
      "[proxy]\ntrusted_proxies = [\"10.0.0.1\"]\n[auth.staff]\nusers = { ann = \"secret\" }\n");
  auto as = [&](const std::string& client) {
    return ask("/login",
               {{"x-forwarded-for", client}, {"authorization", "Basic YW5uOnNlY3JldA=="}});
  };
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(ask("/login", {{"x-forwarded-for", "192.0.2.1"}}).status, 401);
  Got refused = as("192.0.2.1");  // with the right password, too
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused["retry-after"], "1");
  EXPECT_EQ(refused["www-authenticate"], "none");
  EXPECT_EQ(as("192.0.2.2").status, 200);
  EXPECT_EQ(ask("/other", {{"x-forwarded-for", "192.0.2.1"}}).status, 200);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(as("2001:db8::" + std::to_string(i + 1)).status, 200);
  EXPECT_EQ(as("2001:db8::ffff").status, 429);  // one /64 is one client
  EXPECT_EQ(as("2001:db8:0:1::1").status, 200);
  simulation.run_for(1s);
  EXPECT_EQ(as("192.0.2.1").status, 200);
  EXPECT_EQ(as("192.0.2.1").status, 429);
}

/// "Slow POST": a connection for a byte now and then.
TEST_F(ContentTest, a_client_that_drips_its_content_is_told_that_it_is_too_slow) {
  answer = [](http::ServerRequest& request) -> Deferred<http::ServerResponse> {
    std::string body = co_await request.body(1 << 20);
    co_return http::ServerResponse::text(std::to_string(body.size()));
  };
  /// What is answered to so many bytes each second, and when.
  auto drip = [&](std::size_t bytes, std::size_t seconds) {
    auto stream = simulation.run(outside.network.connect(middle.address(80))).value();
    std::string head =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(bytes * seconds) +
        "\r\n\r\n";
    simulation.run(stream->write(Bytes::copy(head))).value();
    auto answered = stream->read();
    std::size_t gone = 0;
    for (; gone < seconds && answered.pending(); ++gone) {
      simulation.run_for(1s);
      auto sent = simulation.run(stream->write(Bytes::copy(std::string(bytes, 'x'))));
    }
    std::string text = simulation.run(std::move(answered), 10s).value().text();
    while (text.size() < 12) text += simulation.run(stream->read(), 10s).value().text();
    return std::make_pair(text.substr(9, 3), gone);
  };
  apply("service = \"a\"\n");
  auto [status, after] = drip(10, 200);
  EXPECT_EQ(status, "408");
  EXPECT_GE(after, 30U);
  EXPECT_LE(after, 40U);
  EXPECT_EQ(drip(400, 100), std::make_pair(std::string("200"), std::size_t{100}));
}

}  // namespace
}  // namespace berth::proxy
