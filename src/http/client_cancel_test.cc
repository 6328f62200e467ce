#include <gtest/gtest.h>

#include "http/session.h"
#include "http/simulated_web_suite.h"

namespace berth::http {
namespace {

/// Begins an exchange again and again, and stops it at each place where it may wait: before the
/// n-th thing that happens or becomes ready, for n from 0 until it ends by itself. Afterwards
/// nothing of it is left, and the pool works.
struct ClientCancelTest : SimulatedWeb {
  enum class By { cancel, drop };
  using Begin = std::function<Deferred<std::string>()>;

  SessionOptions options;
  std::unique_ptr<Session> made;
  int attempts = 0;

  ClientCancelTest() {
    set_unhandled_error_sink([](const Error& error) { ADD_FAILURE() << error.text(); });
  }
  ~ClientCancelTest() override { set_unhandled_error_sink(nullptr); }

  Session& session() {
    if (!made) made = std::make_unique<Session>(here.world(), options);
    return *made;
  }
  Client& client() { return *session().client(); }
  static Deferred<std::string> text_of(Deferred<Response> asking) {
    return std::move(asking).then(http::text_of);
  }

  /// One completion, or one event: false when nothing is left.
  bool turn() { return ReadyList::current().run(1) > 0 || simulation.happen(); }

  /// How many places there were.
  int stop_everywhere(const Begin& begin, By by, const std::string& wanted) {
    for (int place = 0;; ++place) {
      attempts = 0;
      Deferred<std::string> work = begin();
      for (int i = 0; i < place && work.pending() && turn(); ++i) {
      }
      bool ended = !work.pending();
      if (by == By::drop && !ended) {
        work.reset();
      } else {
        work.cancel();
        auto result = run(std::move(work));
        if (result.ok()) {
          EXPECT_EQ(*result, wanted) << "stopped at " << place;
        } else {
          EXPECT_TRUE(result.error().is(Code::cancelled)) << place << " " << result.error().text();
        }
        EXPECT_TRUE(!ended || result.ok()) << place;
      }
      EXPECT_EQ(client().busy(), 0u) << "stopped at " << place;
      EXPECT_EQ(run(text_of(session().get("http://10.0.0.2/"))).value(), "hello") << place;
      simulation.run_for(1s);
      EXPECT_EQ(server.connections(), client().idle()) << "stopped at " << place;
      if (ended || HasFailure()) return place;
    }
  }
  void stop_everywhere(const Begin& begin, const std::string& wanted, int places_least) {
    EXPECT_GT(stop_everywhere(begin, By::cancel, wanted), places_least);
    EXPECT_GT(stop_everywhere(begin, By::drop, wanted), places_least);
  }
};

TEST_F(ClientCancelTest, a_request_on_a_connection_of_its_own) {
  answer("GET", "/x", "there");
  stop_everywhere(
      [&] {
        made.reset();  // so that it must connect
        simulation.run_for(1s);
        return text_of(session().get("http://10.0.0.2/x"));
      },
      "there", 10);
}

TEST_F(ClientCancelTest, a_request_on_a_kept_connection) {
  answer("GET", "/x", "there");
  stop_everywhere([&] { return text_of(session().get("http://10.0.0.2/x")); }, "there", 5);
}

TEST_F(ClientCancelTest, a_request_that_waits_for_another) {
  options.client.connections_per_address_max = 1;
  answer_late("/late", 10ms);
  stop_everywhere(
      [&]() -> Deferred<std::string> {
        auto first = text_of(session().get("http://10.0.0.2/late"));
        auto second = text_of(session().get("http://10.0.0.2/late"));
        std::string text = co_await std::move(second);
        co_return text + co_await std::move(first);
      },
      "latelate", 20);
}

TEST_F(ClientCancelTest, an_upload_that_is_answered_while_it_goes_on) {
  struct EchoSource final : BodySource {
    explicit EchoSource(BodySource& content) : content(content) {}
    Deferred<Bytes> read() override { return content.read(); }
    BodySource& content;
  };
  struct Slow final : BodySource {
    explicit Slow(Clock& clock) : clock(clock) {}
    Deferred<Bytes> read() override {
      co_await clock.after(5ms);
      co_return ++count > 3 ? Bytes() : Bytes::copy("x");
    }
    Clock& clock;
    int count = 0;
  };
  router.add("POST", "/echo", [](ServerRequest& request) {
    return ready(ServerResponse{200, {}, Body(std::make_unique<EchoSource>(*request.content))});
  });
  stop_everywhere(
      [&] {
        RequestOptions how;
        how.content = Content::stream(std::make_unique<Slow>(here.clock), "text/plain");
        return text_of(session().post("http://10.0.0.2/echo", std::move(how)));
      },
      "xxx", 20);
}

TEST_F(ClientCancelTest, all_at_once_name_tunnel_tls_files_repeats_redirects) {
  run(here.disk.replace_file("/file", "content")).value();
  options.client.proxy = Proxy{parse_url("http://proxy:3128").value(), "", {"10.0.0.2"}};
  options.client.resolver = &resolver;
  options.client.secure = no_tls();
  options.retries.budget = 10;
  resolver.names["proxy"] = {there.address(0)};
  router.add("PUT", "/start", [this](ServerRequest& request) -> Deferred<ServerResponse> {
    co_await request.body();
    if (++attempts == 1) co_return ServerResponse::text("not now", 503);
    co_return ServerResponse{307, {{"location", "/end"}, {"set-cookie", "a=b"}}, "there"};
  });
  router.add("PUT", "/end", [](ServerRequest& request) -> Deferred<ServerResponse> {
    std::string body = co_await request.body();
    bool whole = body.find("content\r\n--") != body.npos;
    co_return ServerResponse::text(std::string(request.head.headers.value("cookie")) +
                                   (whole ? " and all" : " not all"));
  });
  stop_everywhere(
      [&] {
        made.reset();
        simulation.run_for(1s);
        RequestOptions how;
        how.content = Content::multipart({Part::file(here.disk, "f", "/file")}, here.random);
        return text_of(session().put("https://users/start", std::move(how)));
      },
      "a=b and all", 60);
}

}  // namespace
}  // namespace berth::http
