#include <gmock/gmock.h>

#include "async/scope.h"
#include "http/h2_server_suite.h"

namespace berth::http {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A client that says what it likes, and hears in the background.
struct RawClient {
  explicit RawClient(std::unique_ptr<ByteStream> of, std::string text = "", bool reads = true)
      : stream(std::move(of)) {
    if (reads) scope.add(listen());
    if (!text.empty()) say(std::move(text));
  }
  Deferred<void> listen() {
    for (;;) {
      auto part = co_await stream->read().result();
      if (part.ok()) heard += part->view();
      if (!part.ok() || part->empty()) break;
    }
    ended = true;
  }
  void say(std::string text) {
    scope.add(stream->write(Bytes::copy(text)).then([] {}, [](Error) {}));
  }
  std::unique_ptr<ByteStream> stream;
  std::string heard;
  bool ended = false;
  Scope scope;
};

struct LogLines : LogTarget {
  LogLines() {
    write = [](void* self, std::string_view line) {
      static_cast<LogLines*>(self)->lines.emplace_back(line);
    };
    context = this;
  }
  std::vector<std::string> lines;
};

struct ServerLimitsTest : H2ServerTest {
  LogLines log;
  ServerLimitsTest() { options.log = Log(log, "http"); }

  std::uint64_t refused(Refusal why) { return server->refused(why); }
};

const std::string post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";
const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

TEST_F(ServerLimitsTest, a_head_that_comes_too_slowly_is_answered_408) {
  RawClient client(connect());
  for (int i = 0; i < 9; ++i) {
    client.say("G");
    simulation.run_for(1s);
  }
  EXPECT_EQ(client.heard, "");
  EXPECT_TRUE(until([&] { return client.ended; }, 3s));
  EXPECT_THAT(client.heard, StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
  EXPECT_THAT(client.heard, HasSubstr("connection: close\r\n"));
  EXPECT_EQ(refused(Refusal::head_time), 1u);
  EXPECT_EQ(server->connections(), 0u);
}

TEST_F(ServerLimitsTest, who_says_nothing_at_all_is_left_without_a_word) {
  RawClient client(connect());
  EXPECT_TRUE(until([&] { return client.ended; }, 11s));
  EXPECT_EQ(client.heard, "");
  EXPECT_EQ(refused(Refusal::head_time), 0u);
}

TEST_F(ServerLimitsTest, a_later_head_has_its_time_from_its_first_byte) {
  RawClient client(connect(), get);
  simulation.run_for(55s);
  ASSERT_FALSE(client.ended);
  client.say("GET / HT");
  simulation.run_for(9s);
  ASSERT_FALSE(client.ended);
  client.say("TP/1.1\r\nHost: a\r\n\r\nGET /");
  EXPECT_TRUE(until([&] { return client.ended; }, 21s));
  EXPECT_THAT(client.heard, HasSubstr("HTTP/1.1 408 "));
}

TEST_F(ServerLimitsTest, content_that_comes_too_slowly_is_answered_408) {
  RawClient client(connect(), post);
  for (int i = 0; i < 29 && !client.ended; ++i) {
    client.say("x");
    simulation.run_for(1s);
  }
  EXPECT_EQ(client.heard, "");
  EXPECT_TRUE(until([&] { return client.ended; }, 5s));
  EXPECT_THAT(client.heard, StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(client.heard, HasSubstr("application/problem+json"));
  EXPECT_EQ(refused(Refusal::content_rate), 1u);
}

TEST_F(ServerLimitsTest, content_at_the_least_rate_may_take_as_long_as_it_is) {
  RawClient client(connect(), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n");
  for (int i = 0; i < 240; ++i) {
    client.say(std::string(250, 'x'));
    simulation.run_for(1s);
  }
  EXPECT_TRUE(until([&] { return client.heard.size() > 60'000; }, 10s));
  EXPECT_THAT(client.heard, StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerLimitsTest, a_handler_may_wait_for_slow_content) {
  handler = [](ServerRequest& request) {
    request.slow_content_allowed = true;
    return echo(request);
  };
  RawClient client(connect(), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
  simulation.run_for(1h);
  client.say("hi");
  EXPECT_TRUE(until([&] { return client.heard.ends_with("\r\n\r\nhi"); }, 5s));
}

TEST_F(ServerLimitsTest, the_time_that_a_handler_takes_is_not_its_clients) {
  handler = with(
      [](ServerRequest& request, Clock& clock) -> Deferred<ServerResponse> {
        co_await clock.after(10min);
        co_return ServerResponse::text(co_await request.body());
      },
      here.clock);
  RawClient client(connect(), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
  simulation.run_for(10min - 5s);
  client.say("hi");
  EXPECT_TRUE(until([&] { return client.heard.ends_with("\r\n\r\nhi"); }, 20s));
}

TEST_F(ServerLimitsTest, who_does_not_read_an_answer_is_reset) {
  int asked = 0;
  handler = [&](ServerRequest&) {
    return ready(ServerResponse{200, {}, Body(std::make_unique<CountedSource>(1000, asked))});
  };
  RawClient client(connect(), get, false);
  simulation.run_for(29s);
  EXPECT_EQ(server->connections(), 1u);
  EXPECT_LT(asked, 100);
  EXPECT_TRUE(until([&] { return server->connections() == 0; }, 40s));
  EXPECT_EQ(refused(Refusal::answer_rate), 1u);
}

TEST_F(ServerLimitsTest, who_reads_an_answer_slowly_but_steadily_gets_it) {
  int asked = 0;
  handler = [&](ServerRequest&) {
    return ready(ServerResponse{200, {}, Body(std::make_unique<CountedSource>(100, asked))});
  };
  RawClient client(connect(), get, false);
  std::size_t got = 0;
  while (got < 1'000'000) {
    Bytes part = simulation.run(client.stream->read(4000)).value();
    ASSERT_FALSE(part.empty());
    got += part.size();
    simulation.run_for(1s);
  }
  EXPECT_EQ(refused(Refusal::answer_rate), 0u);
}

TEST_F(ServerLimitsTest, connections_have_a_limit_in_all_and_for_one_client) {
  options.connections_max = 4;
  options.connections_per_client_max = 3;
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(std::make_unique<RawClient>(connect()));
  RawClient greedy(connect(), get);
  EXPECT_TRUE(until([&] { return greedy.ended; }, 5s));
  EXPECT_THAT(greedy.heard, StartsWith("HTTP/1.1 429 Too Many Requests\r\n"));
  EXPECT_EQ(refused(Refusal::connections_per_client), 1u);
  auto& other = simulation.add_host("other");
  RawClient fourth(simulation.run(other.network.connect(address)).value());
  RawClient fifth(simulation.run(other.network.connect(address)).value());
  EXPECT_TRUE(until([&] { return fifth.ended; }, 5s));
  EXPECT_THAT(fifth.heard, StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(refused(Refusal::connections), 1u);
  clients.clear();
  EXPECT_TRUE(until([&] { return server->connections() == 1; }, 5s));
  RawClient again(connect(), get);
  EXPECT_TRUE(until([&] { return again.heard.starts_with("HTTP/1.1 200 "); }, 5s));
}

TEST_F(ServerLimitsTest, the_last_request_of_a_connection_is_told_so) {
  options.requests_per_connection_max = 2;
  RawClient client(connect(), get + get + get);
  EXPECT_TRUE(until([&] { return client.ended; }, 5s));
  std::size_t first = client.heard.find("HTTP/1.1 200 ");
  std::size_t second = client.heard.find("HTTP/1.1 200 ", first + 1);
  ASSERT_NE(second, client.heard.npos);
  EXPECT_THAT(client.heard.substr(first, second), Not(HasSubstr("connection: close")));
  EXPECT_THAT(client.heard.substr(second), HasSubstr("connection: close"));
  EXPECT_EQ(client.heard.find("HTTP/1.1 200 ", second + 1), client.heard.npos);
  EXPECT_EQ(server->requests(), 2u);
}

TEST_F(ServerLimitsTest, a_silent_connection_is_parked_and_wakes_with_its_next_request) {
  RawClient client(connect(), get);
  EXPECT_TRUE(until([&] { return server->parked() == 1; }, 1s));
  EXPECT_EQ(server->connections(), 1u);
  client.heard.clear();
  client.say(get + get);
  EXPECT_TRUE(until([&] { return server->requests() == 3; }, 1s));
  EXPECT_EQ(server->parked(), 0u);
  EXPECT_TRUE(until([&] { return server->parked() == 1; }, 1s));
  EXPECT_THAT(client.heard, StartsWith("HTTP/1.1 200 "));
  EXPECT_TRUE(until([&] { return client.ended; }, 61s));
  EXPECT_EQ(server->connections(), 0u);
}

TEST_F(ServerLimitsTest, a_connection_that_was_parked_before_its_first_byte_may_speak_http2) {
  auto stream = connect();
  EXPECT_TRUE(until([&] { return server->parked() == 1; }, 1s));
  H2TestClient client(std::move(stream));
  auto id = client.ask({});
  EXPECT_EQ(answer(client, id).status(), 200);
}

TEST_F(ServerLimitsTest, a_parked_connection_goes_with_its_peer_and_with_the_server) {
  RawClient here_for_long(connect(), get);
  auto leaves = std::make_unique<RawClient>(connect(), get);
  EXPECT_TRUE(until([&] { return server->parked() == 2; }, 1s));
  leaves.reset();
  EXPECT_TRUE(until([&] { return server->connections() == 1; }, 1s));
  auto closing = server->close();
  EXPECT_TRUE(until([&] { return here_for_long.ended; }, 1s));
  EXPECT_EQ(server->connections(), 0u);
  EXPECT_EQ(server->parked(), 0u);
}

TEST_F(ServerLimitsTest, requests_before_and_after_being_parked_count_together) {
  options.requests_per_connection_max = 2;
  RawClient client(connect(), get);
  EXPECT_TRUE(until([&] { return server->parked() == 1; }, 1s));
  client.heard.clear();
  client.say(get);
  EXPECT_TRUE(until([&] { return client.ended; }, 5s));
  EXPECT_THAT(client.heard, HasSubstr("connection: close"));
}

TEST_F(ServerLimitsTest, what_is_refused_is_logged_once_in_words_and_counted) {
  for (int i = 0; i < 100; ++i) {
    RawClient client(connect(), "nonsense\r\n\r\n");
    ASSERT_TRUE(until([&] { return client.ended; }, 5s));
    EXPECT_THAT(client.heard, StartsWith("HTTP/1.1 400 "));
  }
  EXPECT_EQ(refused(Refusal::head_syntax), 100u);
  ASSERT_GE(log.lines.size(), 1u);
  EXPECT_THAT(log.lines[0], HasSubstr("why=\"a request is not HTTP\" peer=10.0.0.2:"));
  EXPECT_THAT(log.lines[0], HasSubstr("times=1 in_all=1\n"));
  std::size_t before = log.lines.size();
  EXPECT_LT(before, 10u);
  simulation.run_for(Refusals::log_every);
  RawClient client(connect(), "nonsense\r\n\r\n");
  ASSERT_TRUE(until([&] { return client.ended; }, 5s));
  EXPECT_EQ(log.lines.size(), before + 1);
  EXPECT_THAT(log.lines.back(), HasSubstr("in_all=101\n"));
}

TEST_F(ServerLimitsTest, heads_and_content_that_are_too_large_are_counted) {
  handler = [](ServerRequest& request) -> Deferred<ServerResponse> {
    co_return ServerResponse::text(co_await request.body(10));
  };
  RawClient large(connect(), post + std::string(1000, 'x'));
  EXPECT_TRUE(until([&] { return large.ended; }, 5s));
  EXPECT_THAT(large.heard, StartsWith("HTTP/1.1 413 "));
  RawClient head(connect(),
                 "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n");
  EXPECT_TRUE(until([&] { return head.ended; }, 5s));
  EXPECT_THAT(head.heard, StartsWith("HTTP/1.1 431 "));
  EXPECT_EQ(refused(Refusal::content_size), 1u);
  EXPECT_EQ(refused(Refusal::head_size), 1u);
}

TEST_F(ServerLimitsTest, http2_content_that_comes_too_slowly_is_answered_408) {
  H2TestClient client(connect());
  nghttp2_data_provider never{
      {.ptr = nullptr},
      [](nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t, std::uint32_t*,
         nghttp2_data_source*, void*) -> ssize_t { return NGHTTP2_ERR_DEFERRED; }};
  auto id = client.ask_with({}, never);
  simulation.run_for(29s);
  EXPECT_EQ(client.answers[id].status(), 0);
  EXPECT_EQ(answer(client, id).status(), 408);
  EXPECT_EQ(refused(Refusal::content_rate), 1u);
  EXPECT_EQ(client.goaway, -1);
}

TEST_F(ServerLimitsTest, http2_streams_that_are_not_read_are_reset_and_others_go_on) {
  int asked = 0;
  handler = [&](ServerRequest& request) {
    if (request.head.target == "/small") return ready(ServerResponse::text("small"));
    if (request.head.target == "/text") {
      return ready(ServerResponse::text(std::string(200'000, 'x')));
    }
    return ready(ServerResponse{200, {}, Body(std::make_unique<CountedSource>(1000, asked))});
  };
  H2TestClient client(connect(), false);
  nghttp2_session_set_local_window_size(client.session, 0, 0, 1 << 30);
  auto stalled = client.ask({});
  auto text = client.ask({{":path", "/text"}});
  auto ask_now_and_then = [&](int times) {
    for (int i = 0; i < times; ++i) {
      simulation.run_for(5s);
      auto small = client.ask({{":path", "/small"}});
      EXPECT_EQ(answer(client, small).content, "small");
    }
  };
  ask_now_and_then(20);
  EXPECT_FALSE(client.answers[stalled].closed);
  EXPECT_FALSE(client.answers[text].closed);
  ask_now_and_then(14);
  EXPECT_TRUE(client.answers[stalled].closed);
  EXPECT_TRUE(client.answers[text].closed);
  EXPECT_EQ(refused(Refusal::answer_rate), 2u);
  EXPECT_FALSE(client.ended);
}

TEST_F(ServerLimitsTest, an_http2_connection_says_goodbye_after_its_last_request) {
  options.requests_per_connection_max = 3;
  H2TestClient client(connect());
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(client.ask({}));
  for (auto id : ids) EXPECT_EQ(answer(client, id).status(), 200);
  EXPECT_TRUE(until([&] { return client.ended; }, 5s));
  EXPECT_EQ(client.goaway, 0);
  EXPECT_EQ(client.goaway_last, ids.back());
}

TEST_F(ServerLimitsTest, answers_have_a_date_and_only_those_with_content_a_length) {
  handler = [](ServerRequest& request) {
    int status = std::stoi(std::string(request.head.target.substr(1)));
    return ready(ServerResponse{status, {}, status == 200 ? Body("hello") : Body()});
  };
  for (int status : {200, 204, 304}) {
    RawClient client(connect(), "GET /" + std::to_string(status) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(until([&] { return client.heard.contains("\r\n\r\n"); }, 5s));
    EXPECT_THAT(client.heard, testing::ContainsRegex("\r\ndate: [A-Z][a-z][a-z], [0-9][0-9] "
                                                     "[A-Z][a-z][a-z] [0-9]{4} "
                                                     "[0-9:]{8} GMT\r\n"));
    EXPECT_EQ(client.heard.contains("content-length"), status == 200) << client.heard;
    EXPECT_FALSE(client.heard.contains("transfer-encoding")) << client.heard;
    H2TestClient h2(connect());
    auto id = h2.ask({{":path", "/" + std::to_string(status)}});
    EXPECT_EQ(answer(h2, id).status(), status);
    EXPECT_EQ(h2.answers[id].field("date").size(), 29u);
    EXPECT_EQ(h2.answers[id].field("content-length"), status == 200 ? "5" : "");
  }
}

TEST(DateField, is_in_imf_fixdate_and_moves_with_the_wall_clock) {
  struct Wall final : Clock {
    MonotonicTime now() const override { return {monotonic}; }
    MonotonicTime exact_now() const override { return now(); }
    WallTime wall() const override {
      ++asked;
      return {784'111'777'250'000'000 + monotonic};  // RFC 9110 section 5.6.7
    }
    TimerQueue& timers() override { return queue; }
    std::int64_t monotonic = 0;
    mutable int asked = 0;
    TimerQueue queue;
  } clock;
  DateField date(clock);
  EXPECT_EQ(date.value(), "Sun, 06 Nov 1994 08:49:37 GMT");
  clock.monotonic = 749'999'999;
  EXPECT_EQ(date.value(), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(clock.asked, 1);
  clock.monotonic = 750'000'000;
  EXPECT_EQ(date.value(), "Sun, 06 Nov 1994 08:49:38 GMT");
}

TEST(ClientCounts, take_a_64_of_ipv6_and_a_mapped_ipv4_for_one_client) {
  auto address = [](const char* text) { return Address::parse(text).value(); };
  ClientCounts counts;
  using Counted = ClientCounts::Counted;
  Counted a(counts, address("[2001:db8::1]:1"));
  EXPECT_EQ(a.count(), 1u);
  EXPECT_EQ(Counted(counts, address("[2001:db8::ffff:2]:2")).count(), 2u);
  EXPECT_EQ(Counted(counts, address("[2001:db8::3]:3")).count(), 2u);
  EXPECT_EQ(Counted(counts, address("[2001:db8:0:1::1]:1")).count(), 1u);
  Counted b(counts, address("192.0.2.1:1"));
  EXPECT_EQ(Counted(counts, address("[::ffff:192.0.2.1]:1")).count(), 2u);
  EXPECT_EQ(Counted(counts, Address::unix_path("/run/x")).count(), 0u);
}

}  // namespace
}  // namespace berth::http
