#include "proxy/tries_suite.h"

// Ends of requests that a record tells of by HAProxy's codes, and that need a moment which the
// simulated world alone hits for certain. The others are in tests/differential/termination.py.

namespace berth::proxy {
namespace {

/// A client that sends and reads bytes as the test says.
struct TerminationTest : TriesTest {
  std::unique_ptr<ByteStream> stream;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<ByteStream> instance;

  /// An instance whose bytes the test writes itself.
  void add_raw(std::uint16_t port = 5000) {
    listener = there.network.listen(there.address(port)).value();
    users.instances.push_back(
        {"users/raw", "1", "v1", "there", there.address(port), catalog::Health::healthy, "", 0});
  }
  void open() { stream = simulation.run(here.network.connect(users.vip)).value(); }
  void send(std::string_view text) {
    ASSERT_TRUE(simulation.run(stream->write(Bytes::copy(text))).ok());
    simulation.run_for(5ms);
  }
  void accept() { instance = simulation.run(listener->accept()).value(); }
  void answer(std::string_view text) {
    ASSERT_TRUE(simulation.run(instance->write(Bytes::copy(text))).ok());
    simulation.run_for(5ms);
  }
  /// What comes until it pauses; or why nothing comes.
  std::string read() {
    std::string text;
    for (;;) {
      auto part = stream->read(65536);
      simulation.run_for(50ms);
      if (part.pending()) return text;
      auto got = part.take();
      if (!got.ok() || got->empty()) return got.ok() || !text.empty() ? text : got.error().text();
      text += got->view();
    }
  }
  std::string told() {
    simulation.run_for(3s);
    if (sink.records.size() != 1) return std::to_string(sink.records.size()) + " records";
    return sink.records[0].termination + " " + std::to_string(sink.records[0].status);
  }
};

constexpr std::string_view plain_get = "GET / HTTP/1.1\r\nHost: users\r\n\r\n";
constexpr std::string_view early = "HTTP/1.1 103 Early Hints\r\n\r\n";

TEST_F(TerminationTest, CH_the_client_is_gone_when_an_interim_answer_comes) {
  add_raw();
  apply();
  open();
  send(plain_get);
  accept();
  stream->abort();
  simulation.run_for(5ms);
  answer(early);
  EXPECT_EQ(told(), "CH-- 400");
}

TEST_F(TerminationTest, sQ_504_its_deadline_is_over_in_the_queue) {
  add_raw();
  users.policy.in_flight_max = 1;
  users.policy.queue_timeout = 10s;
  apply();
  auto first = ask();
  simulation.run_for(1ms);
  open();
  send("GET / HTTP/1.1\r\nHost: users\r\nX-Berth-Deadline: 100\r\n\r\n");
  EXPECT_EQ(told(), "sQ-- 504");
}

TEST_F(TerminationTest, SQ_the_queue_is_full) {
  add_raw();
  users.policy.in_flight_max = 1;
  users.policy.queue_max = 1;
  users.policy.queue_timeout = 10s;
  apply();
  auto first = ask();
  auto second = ask();
  simulation.run_for(1ms);
  open();
  send(plain_get);
  EXPECT_EQ(told(), "SQ-- 503");
}

TEST_F(TerminationTest, K_tells_how_far_it_was_when_the_proxy_stopped) {
  add_raw();
  apply();
  open();
  send(plain_get);
  accept();
  ASSERT_TRUE(simulation.run(proxy->close()).ok());
  EXPECT_EQ(told(), "KH-- 0");
}

TEST_F(TerminationTest, cR_the_content_of_a_request_with_a_key_stops) {
  add();
  users.policy.idempotency_for = 1min;
  users.policy.timeout = 2s;
  apply();
  open();
  send("POST / HTTP/1.1\r\nHost: users\r\nIdempotency-Key: a\r\nContent-Length: 5\r\n\r\nhe");
  EXPECT_EQ(told(), "cR-- 408");
  EXPECT_EQ(read().substr(0, 12), "HTTP/1.1 408");
  EXPECT_EQ(sent(), 0u);
}

TEST_F(TerminationTest, CR_its_client_goes) {
  add();
  users.policy.idempotency_for = 1min;
  apply();
  open();
  send("POST / HTTP/1.1\r\nHost: users\r\nIdempotency-Key: a\r\nContent-Length: 5\r\n\r\nhe");
  stream->close();
  EXPECT_EQ(told(), "CR-- 400");
}

TEST_F(TerminationTest, a_head_has_its_time_from_its_first_byte_on) {
  add();
  options.head_timeout = 1s;
  restart();
  apply();
  open();
  for (int i = 0; i < 5; ++i) {  // a byte now and then gains nothing
    ASSERT_TRUE(
        simulation.run(stream->write(Bytes::copy(plain_get.substr(static_cast<std::size_t>(i), 1))))
            .ok());
    simulation.run_for(150ms);
  }
  EXPECT_EQ(told(), "cR-- 408");
}

TEST_F(TerminationTest, PD_chunks_that_are_none_behind_good_ones) {
  add_raw();
  apply();
  open();
  send(plain_get);
  accept();
  answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  EXPECT_NE(read().find("hello"), std::string::npos);
  answer("zz\r\n");
  EXPECT_EQ(told(), "PD-- 200");
}

TEST_F(TerminationTest, an_instance_is_not_to_blame_for_a_client_that_stops_or_goes) {
  add_raw();
  users.policy.eject.failures = 1;
  users.policy.timeout = 1s;
  apply();
  open();
  send("POST / HTTP/1.1\r\nHost: users\r\nContent-Length: 5\r\n\r\nhe");
  accept();
  EXPECT_EQ(told(), "cD-- 408");
  EXPECT_TRUE(proxy->report().out.empty());
}

TEST_F(TerminationTest, a_stale_connection_costs_one_try_by_a_new_one) {
  add_raw();
  apply();
  auto asked = ask();
  accept();
  answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(run(std::move(asked)).status, 200);
  auto again = ask();
  simulation.run_for(1ms);
  instance->abort();  // as one does whose idle time has run out just then
  simulation.run_for(5ms);
  accept();
  answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(run(std::move(again)).status, 200);
  EXPECT_EQ(sink.records.back().retries, 0u);
}

}  // namespace
}  // namespace berth::proxy
