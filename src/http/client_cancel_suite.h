#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "http/session.h"
#include "http/simulated_web_suite.h"

namespace berth::http {

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
  int stop_everywhere(const Begin& begin, By by, const std::string& wanted,
                      std::size_t others = 0) {
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
      EXPECT_EQ(client().busy(), others) << "stopped at " << place;
      EXPECT_EQ(run(text_of(session().get("http://10.0.0.2/"))).value(), "hello") << place;
      simulation.run_for(1s);
      EXPECT_EQ(server.connections(), client().idle()) << "stopped at " << place;
      if (ended || HasFailure()) return place;
    }
  }
  /// `others`: connections that are still in use when it was stopped.
  void stop_everywhere(const Begin& begin, const std::string& wanted, int places_least,
                       std::size_t others = 0) {
    EXPECT_GT(stop_everywhere(begin, By::cancel, wanted, others), places_least);
    EXPECT_GT(stop_everywhere(begin, By::drop, wanted, others), places_least);
  }
  static Deferred<std::string> both(Deferred<std::string> first, Deferred<std::string> second) {
    std::string text = co_await std::move(second);
    co_return text + co_await std::move(first);
  }
};

/// Sends back the content that it is asked with.
struct EchoedSource final : BodySource {
  explicit EchoedSource(BodySource& content) : content(content) {}
  Deferred<Bytes> read() override { return content.read(); }
  BodySource& content;
};

/// Three parts, each after 5 ms.
struct SlowSource final : BodySource {
  explicit SlowSource(Clock& clock) : clock(clock) {}
  Deferred<Bytes> read() override {
    co_await clock.after(5ms);
    co_return ++count > 3 ? Bytes() : Bytes::copy("x");
  }
  Clock& clock;
  int count = 0;
};

}  // namespace berth::http
