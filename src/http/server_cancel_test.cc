#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "http/client_cancel_suite.h"
#include "http/h2_server_suite.h"

namespace berth::http {
namespace {

/// A world with a server, made anew for each place at which it is stopped.
struct StoppedWorld {
  sim::Simulation simulation{3};
  sim::Host& here = simulation.add_host("here");
  sim::Host& there = simulation.add_host("there");
  int answering = 0;
  std::unique_ptr<Server> server;
  std::unique_ptr<ByteStream> stream;

  StoppedWorld() {
    server = std::make_unique<Server>(here.clock,
                                      [this](ServerRequest& request) { return answer(request); });
    server->serve(here.network.listen(here.address(80)).value());
    stream = simulation.run(there.network.connect(here.address(80))).value();
  }
  /// Waits before, within and after the content; "/stream" answers in parts.
  Deferred<ServerResponse> answer(ServerRequest& request) {
    struct Counted {
      int& count;
      explicit Counted(int& c) : count(c) { ++count; }
      ~Counted() { --count; }
    } counted(answering);
    co_await here.clock.after(1ms);
    std::string content = co_await request.body(1 << 20);
    if (request.head.target == "/stream") {
      co_return ServerResponse{200, {}, Body(std::make_unique<SlowSource>(here.clock))};
    }
    co_await here.clock.after(1ms);
    co_return ServerResponse::text(std::move(content));
  }
  /// One completion, or one event: false when nothing is left.
  bool turn() { return ReadyList::current().run(1) > 0 || simulation.happen(); }
};

/// Lets a client talk to a server again and again, and stops the server at each place where one of
/// its coroutines may wait: before the n-th thing that happens or becomes ready.
struct ServerCancelTest : ::testing::TestWithParam<bool> {
  ServerCancelTest() {
    set_unhandled_error_sink([](const Error& error) { ADD_FAILURE() << error.text(); });
  }
  ~ServerCancelTest() override { set_unhandled_error_sink(nullptr); }

  /// Closes it, or drops it at once: then nothing of it runs any more.
  static void stop(StoppedWorld& world, int place) {
    if (GetParam()) {
      auto closed = world.simulation.run(world.server->close());
      EXPECT_TRUE(closed.ok()) << "stopped at " << place;
      EXPECT_EQ(world.server->connections(), 0u) << "stopped at " << place;
    } else {
      world.server.reset();
    }
    EXPECT_EQ(world.answering, 0) << "stopped at " << place;
  }
};

const std::string all_requests =
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
    "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n";

Deferred<void> say_slowly(StoppedWorld& world) {
  for (std::size_t at = 0; at < all_requests.size(); at += 25) {
    co_await world.stream->write(Bytes::copy(all_requests.substr(at, 25)));
    co_await world.there.clock.after(300us);
  }
}
Deferred<void> hear_all(StoppedWorld& world, std::string& heard, bool& ended) {
  for (;;) {
    auto part = co_await world.stream->read().result();
    if (part.ok()) heard += part->view();
    if (!part.ok() || part->empty()) break;
  }
  ended = true;
}

TEST_P(ServerCancelTest, what_a_client_of_http1_has_heard_is_the_beginning_of_what_it_would_hear) {
  std::string whole;
  int places = 0;
  for (int place = 1'000'000;; place = ++places) {
    StoppedWorld world;
    std::string heard;
    bool ended = false;
    Scope scope;
    scope.add(hear_all(world, heard, ended));
    scope.add(say_slowly(world).then([] {}, [](Error) {}));
    auto over = [&] { return heard.ends_with("0\r\n\r\n") && heard.contains("\r\nx\r\n"); };
    for (int i = 0; i < place && !over(); ++i) ASSERT_TRUE(world.turn());
    bool undisturbed = over();
    if (place == 1'000'000) whole = heard;
    stop(world, place);
    EXPECT_TRUE(world.simulation.run_until([&] { return ended; }, 10s)) << "stopped at " << place;
    EXPECT_TRUE(whole.starts_with(heard)) << "stopped at " << place << ": " << heard;
    if ((undisturbed && place < 1'000'000) || HasFailure()) break;
  }
  EXPECT_GT(places, 60);
}

TEST_P(ServerCancelTest, a_client_of_http2_gets_whole_answers_or_none) {
  int places = 0;
  for (;; ++places) {
    StoppedWorld world;
    H2TestClient client(std::move(world.stream));
    const std::string content(40'000, 'z');
    const auto plain = client.ask({}), sent = client.ask({}, &content);
    const auto streamed = client.ask({{":path", "/stream"}});
    auto over = [&] {
      return client.answers[plain].closed && client.answers[sent].closed &&
             client.answers[streamed].closed;
    };
    for (int i = 0; i < places && !over(); ++i) ASSERT_TRUE(world.turn());
    bool undisturbed = over();
    stop(world, places);
    EXPECT_TRUE(world.simulation.run_until([&] { return client.ended; }, 10s)) << places;
    for (auto [id, wanted] : {std::pair(plain, std::string()), std::pair(sent, content),
                              std::pair(streamed, std::string("xxx"))}) {
      auto& answer = client.answers[id];
      bool whole = answer.ended && answer.error == 0;
      EXPECT_TRUE(wanted.starts_with(answer.content)) << "stopped at " << places;
      EXPECT_TRUE(!whole || answer.content == wanted) << "stopped at " << places;
      EXPECT_TRUE(whole || !undisturbed);
    }
    if (undisturbed || HasFailure()) break;
  }
  EXPECT_GT(places, 40);
}

INSTANTIATE_TEST_SUITE_P(Stopped, ServerCancelTest, ::testing::Values(true, false),
                         [](auto& info) { return info.param ? "by_close" : "by_drop"; });

}  // namespace
}  // namespace berth::http
