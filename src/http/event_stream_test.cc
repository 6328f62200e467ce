#include "http/event_stream.h"

#include <gtest/gtest.h>

#include "async/manual_clock.h"

namespace berth::http {
namespace {

std::string event(std::string_view name, std::string_view data, std::string_view id = {}) {
  std::string out;
  append_event(out, name, data, id);
  return out;
}

struct EventPipeTest : ::testing::Test {
  ManualClock clock;
  EventPipe pipe = make_event_pipe(clock, 1000);

  std::string read() {
    auto reading = pipe.body->read();
    clock.advance(1ms);
    if (reading.pending()) return "waits";
    return reading.take().value().text();
  }
};

TEST(AppendEvent, writes_each_line_of_its_data_by_itself) {
  EXPECT_EQ(event("state", "{}"), "event: state\ndata: {}\n\n");
  EXPECT_EQ(event("", "a\nb\r\nc\rd", "7"), "id: 7\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
  EXPECT_EQ(event("", ""), "data: \n\n");
  EXPECT_EQ(event("", "a\n"), "data: a\ndata: \n\n");
}

TEST_F(EventPipeTest, the_reader_gets_what_waits_in_one_part_then_what_comes) {
  EXPECT_TRUE(pipe.sender->send("a", "1"));
  EXPECT_TRUE(pipe.sender->send("b", "2"));
  EXPECT_EQ(read(), std::string(stream_begin) + event("a", "1") + event("b", "2"));
  auto reading = pipe.body->read();
  clock.advance(1s);
  EXPECT_TRUE(reading.pending());
  pipe.sender->send("c", "3");
  clock.advance(1ms);
  EXPECT_EQ(reading.take().value().view(), event("c", "3"));
}

TEST_F(EventPipeTest, silence_is_filled_with_heartbeats) {
  read();
  auto reading = pipe.body->read();
  clock.advance(heartbeat_every);
  EXPECT_EQ(reading.take().value().view(), heartbeat);
}

TEST_F(EventPipeTest, ends_after_what_waited_when_its_producer_ends) {
  pipe.sender->send("a", "1");
  pipe.sender->end();
  EXPECT_FALSE(pipe.sender->send("b", "2"));
  EXPECT_EQ(read(), std::string(stream_begin) + event("a", "1"));
  EXPECT_EQ(read(), "");
}

TEST_F(EventPipeTest, one_who_does_not_read_is_ended_and_holds_no_more_than_allowed) {
  read();
  int sent = 0;
  while (pipe.sender->send("a", "0123456789")) ++sent;
  EXPECT_LT(sent, 100);
  EXPECT_FALSE(pipe.sender->open());
  EXPECT_EQ(read(), "");
}

TEST_F(EventPipeTest, its_producer_hears_that_the_reader_has_gone) {
  EXPECT_TRUE(pipe.sender->open());
  pipe.body.reset();
  EXPECT_FALSE(pipe.sender->open());
  EXPECT_FALSE(pipe.sender->send("a", "1"));
}

}  // namespace
}  // namespace berth::http
