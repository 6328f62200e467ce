#include "http/h2_session.h"
#include "proxy/open_session.h"
#include "proxy/session.h"
#include "proxy/tries_suite.h"

// Connections on which nobody says anything: a Session goes, and comes back with the next request.

namespace berth::proxy {
namespace {

using ::testing::StartsWith;

struct ParkedTest : TriesTest {
  ParkedTest() {
    add();
    apply();
  }
  std::unique_ptr<ByteStream> connect() {
    return simulation.run(here.network.connect(users.vip)).value();
  }
  /// Asks on that connection, and tells the answer.
  std::string ask_on(ByteStream& stream) {
    auto asking = stream.write(Bytes::copy("GET / HTTP/1.1\r\nHost: users\r\n\r\n"));
    simulation.run(std::move(asking)).value();
    return answer_on(stream);
  }
  std::string answer_on(ByteStream& stream) {
    std::string heard;
    while (!heard.ends_with("users/1")) {  // in as many pieces as the network makes of it
      auto got = simulation.run(stream.read(64 << 10));
      if (!got.ok()) return heard + got.error().text();
      if (got->empty()) return heard + "(its end)";
      heard += got->view();
    }
    return heard;
  }
  bool parked(std::size_t count) {
    return simulation.run_until([&] { return proxy->parked() == count; });
  }
};

TEST_F(ParkedTest, a_silent_connection_is_parked_and_wakes_with_its_next_request) {
  auto stream = connect();
  ASSERT_TRUE(parked(1));  // before its first request
  auto first = proxy->sessions().front()->shown();
  EXPECT_EQ(first.frontend, "users");
  EXPECT_FALSE(first.asking);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(ask_on(*stream), StartsWith("HTTP/1.1 200"));
    EXPECT_EQ(proxy->parked(), 0U);
    ASSERT_TRUE(parked(1));
    EXPECT_EQ(proxy->connections(), 1U);
    ASSERT_EQ(proxy->sessions().size(), 1U);
    auto shown = proxy->sessions().front()->shown();
    EXPECT_EQ(shown.id, first.id);  // an operator sees one and the same connection
    EXPECT_GE(shown.age, first.age);
  }
  EXPECT_EQ(sink.records.size(), 3U);
}

/// Requests that come just when a connection is to be parked, somewhat before and after.
TEST_F(ParkedTest, no_request_is_lost_at_the_moment_of_parking) {
  auto stream = connect();
  std::size_t parkings = 0;
  for (Duration pause = Session::park_after - 1ms; pause < Session::park_after + 1ms;
       pause += 20us) {
    simulation.run_for(pause);
    parkings += proxy->parked();
    ASSERT_THAT(ask_on(*stream), StartsWith("HTTP/1.1 200")) << pause.count();
  }
  EXPECT_GT(parkings, 10U);
  EXPECT_LT(parkings, 90U);
  EXPECT_EQ(sink.records.size(), 100U);
}

TEST_F(ParkedTest, it_goes_with_its_time_its_peer_and_the_proxy) {
  auto idle = connect();
  auto leaves = connect();
  ASSERT_TRUE(parked(2));
  leaves.reset();
  ASSERT_TRUE(simulation.run_until([&] { return proxy->connections() == 1; }));
  auto begun = here.clock.now();
  auto end = simulation.run(idle->read());
  ASSERT_TRUE(end.ok());
  EXPECT_TRUE(end->empty());
  EXPECT_GT(here.clock.now() - begun, options.idle_timeout - 1s);
  EXPECT_LT(here.clock.now() - begun, options.idle_timeout + 1s);
  EXPECT_EQ(proxy->connections(), 0U);
  EXPECT_TRUE(proxy->sessions().empty());

  auto stays = connect();
  ASSERT_TRUE(parked(1));
  simulation.run(proxy->close()).value();
  EXPECT_EQ(proxy->parked(), 0U);
  EXPECT_EQ(proxy->connections(), 0U);
  EXPECT_TRUE(sink.records.empty());
}

TEST_F(ParkedTest, it_may_be_killed) {
  auto stream = connect();
  ASSERT_TRUE(parked(1));
  proxy->sessions().front()->kill();
  EXPECT_FALSE(simulation.run(stream->read()).ok());
  EXPECT_EQ(proxy->connections(), 0U);
}

TEST_F(ParkedTest, one_that_was_parked_before_its_first_byte_may_speak_http2) {
  auto stream = connect();
  ASSERT_TRUE(parked(1));
  auto saying = stream->write(Bytes::copy(http::h2_preface));
  simulation.run(std::move(saying)).value();
  auto settings = simulation.run(stream->read(64 << 10)).value();
  ASSERT_GE(settings.size(), 9U);
  EXPECT_EQ(settings.view()[3], 4);  // RFC 9113 section 6.5: a SETTINGS frame
}

TEST_F(ParkedTest, a_head_in_pieces_after_silence_is_one_request) {
  auto stream = connect();
  ASSERT_TRUE(parked(1));
  for (std::string_view piece : {"\r\n", "GET / HT", "TP/1.1\r\nHost: us", "ers\r\n\r\n"}) {
    simulation.run(stream->write(Bytes::copy(piece))).value();
    simulation.run_for(2 * Session::park_after);
  }
  EXPECT_THAT(answer_on(*stream), StartsWith("HTTP/1.1 200"));
  ASSERT_EQ(sink.records.size(), 1U);
  EXPECT_EQ(sink.records[0].termination, "----");
}

}  // namespace
}  // namespace berth::proxy
