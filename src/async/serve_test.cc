#include "async/serve.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "async/shield.h"
#include "sim/simulated_suite.h"

namespace berth {
namespace {

std::vector<std::string> reports;
struct ServeTest : ::testing::Test {
  std::unique_ptr<SuiteWorld> suite = sim::make_simulated_world(1);
  std::unique_ptr<Listener> listener =
      suite->other().network.listen(suite->other_address()).value();

  ServeTest() {
    reports.clear();
    set_unhandled_error_sink([](const Error& error) { reports.push_back(error.text()); });
  }
  ~ServeTest() override { set_unhandled_error_sink(nullptr); }

  std::unique_ptr<ByteStream> connect() {
    return suite->run(suite->world().network.connect(listener->address())).value();
  }
  std::string exchange(ByteStream& stream, std::string text) {
    suite->run(stream.write(Bytes::copy(text))).value();
    std::string got;
    while (got.size() < text.size()) got += suite->run(stream.read()).value().view();
    return got;
  }
};

Deferred<void> echo(std::unique_ptr<ByteStream> stream) {
  for (;;) {
    Bytes part = co_await stream->read();
    if (part.empty()) co_return;
    co_await stream->write(std::move(part));
  }
}

TEST_F(ServeTest, holds_conversations_side_by_side) {
  Deferred<void> serving = serve(*listener, echo);
  auto first = connect();
  auto second = connect();
  EXPECT_EQ(exchange(*second, "two"), "two");
  EXPECT_EQ(exchange(*first, "one"), "one");
  EXPECT_TRUE(serving.pending());
}

TEST_F(ServeTest, those_beyond_the_limit_wait_until_one_ends) {
  Deferred<void> serving = serve(*listener, echo, 1);
  auto first = connect();
  EXPECT_EQ(exchange(*first, "one"), "one");
  auto second = connect();
  suite->run(second->write(Bytes::literal("two"))).value();
  Deferred<Bytes> answer = second->read(1);
  suite->run_for(5s);
  EXPECT_TRUE(answer.pending());
  suite->run(first->shutdown_write()).value();
  EXPECT_EQ(suite->run(std::move(answer)).value().text(), "t");
}

TEST_F(ServeTest, a_conversation_that_fails_ends_alone_and_is_reported_unless_the_peer_did_it) {
  Deferred<void> serving =
      serve(*listener, [](std::unique_ptr<ByteStream> stream) -> Deferred<void> {
        Bytes part = co_await stream->read();
        co_await fail_with(Error(Code::invalid, "cannot read " + part.text()));
      });
  auto reset = connect();
  auto wrong = connect();
  suite->run(wrong->write(Bytes::literal("this"))).value();
  EXPECT_TRUE(suite->run(wrong->read()).value().empty());
  reset->abort();
  suite->run_for(1s);
  EXPECT_EQ(reports, std::vector<std::string>{"cannot read this"});
  EXPECT_TRUE(serving.pending());
}

TEST_F(ServeTest, cancel_and_drop_end_every_conversation) {
  for (bool drop : {false, true}) {
    Deferred<void> serving = serve(*listener, echo);
    auto stream = connect();
    EXPECT_EQ(exchange(*stream, "x"), "x");
    if (drop) {
      serving.reset();
    } else {
      serving.cancel();
      EXPECT_TRUE(suite->run(std::move(serving)).error().is(Code::cancelled));
    }
    auto end = suite->run(stream->read());
    EXPECT_TRUE(!end.ok() || end->empty());
  }
}

Deferred<void> say_goodbye(std::unique_ptr<ByteStream> stream) {
  std::ignore = co_await stream->read().result();
  co_await shielded(stream->write(Bytes::literal("bye")));
  co_await shielded(stream->shutdown_write());
}

TEST_F(ServeTest, a_cancel_waits_for_what_conversations_still_have_to_say) {
  Deferred<void> serving = serve(*listener, say_goodbye);
  auto stream = connect();
  suite->run_for(1s);
  serving.cancel();
  EXPECT_TRUE(suite->run(std::move(serving)).error().is(Code::cancelled));
  std::string got;
  for (;;) {
    Bytes part = suite->run(stream->read()).value();
    if (part.empty()) break;
    got += part.view();
  }
  EXPECT_EQ(got, "bye");
}

TEST_F(ServeTest, ends_with_its_listener) {
  Deferred<void> serving = serve(*listener, echo);
  listener->close();
  EXPECT_TRUE(suite->run(std::move(serving)).error().is(Code::closed));
}

}  // namespace
}  // namespace berth
