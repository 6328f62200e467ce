#include "observe/inputs/input_suite.h"
#include "observe/inputs/relp_frames.h"

namespace berth::observe {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string frame(std::uint32_t number, std::string_view command, std::string_view data) {
  std::string out;
  append_relp(out, number, command, data);
  return out;
}
const std::string open_frame = frame(1, "open", "relp_version=0\ncommands=syslog");

struct RelpTest : InputSuite {
  void SetUp() override {
    InputSuite::SetUp();
    spec.line_bytes_max = 64;
    make("relp", 2514);
  }
};

TEST_F(RelpTest, a_message_is_acknowledged_in_order_and_is_on_the_disk_then) {
  auto stream = connect(2514);
  send(*stream, open_frame);
  EXPECT_THAT(receive(*stream), HasSubstr(" 200 OK\nrelp_version=0\n"));
  send(*stream, frame(2, "syslog", "<13>a: one") + frame(3, "syslog", "<13>b: two"));
  EXPECT_EQ(receive(*stream), "2 rsp 6 200 OK\n3 rsp 6 200 OK\n");
  EXPECT_THAT(got, ElementsAre("a: one", "b: two"));
  std::vector<std::string> again;
  LineJournal next(here.world(), Log(), "/lines");
  ASSERT_TRUE(
      simulation.run(next.open(1, [&](const LogLine& line) { again.emplace_back(line.text); }))
          .ok());
  EXPECT_THAT(again, ElementsAre("two"));
  send(*stream, "4 close 0\n");
  EXPECT_EQ(receive(*stream), "4 rsp 0\n0 serverclose 0\n");
  EXPECT_EQ(receive(*stream), "");
}

TEST_F(RelpTest, frames_come_in_any_pieces_and_long_messages_are_cut) {
  auto stream = connect(2514);
  std::string all = open_frame + frame(2, "syslog", "<13>a: " + std::string(100, 'x')) +
                    frame(3, "syslog", "<13>b: \xe9\xe9\n");
  for (char c : all) send(*stream, std::string(1, c));
  EXPECT_EQ(got.size(), 2U);
  auto counted = input->counters();
  EXPECT_EQ(counted.faulty["too_long"], 1U);
  EXPECT_EQ(counted.faulty["not_utf8"], 1U);
}

TEST_F(RelpTest, nothing_is_acknowledged_while_the_disk_fails) {
  auto stream = connect(2514);
  send(*stream, open_frame);
  receive(*stream);
  here.disk.faults.bytes_max = 1;
  send(*stream, frame(2, "syslog", "<13>a: one"));
  EXPECT_EQ(receive(*stream), "");
}

TEST_F(RelpTest, what_is_no_relp_is_refused_or_cut_off) {
  auto early = connect(2514);
  send(*early, frame(1, "syslog", "<13>a: one") + frame(2, "dance", ""));
  EXPECT_EQ(receive(*early), frame(1, "rsp", "500 open comes first") +
                                 frame(2, "rsp", "500 there is no command dance"));
  auto wrong = connect(2514);
  send(*wrong, "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(receive(*wrong), "");
  EXPECT_EQ(input->counters().lost["misframed_connection"], 1U);
  EXPECT_THAT(got, IsEmpty());
}

TEST(RelpFrames, reads_what_librelp_writes) {
  RelpFrames frames(100);
  frames.feed("1 open 3 a=b\n2 close 0\n3 syslog 0 \n4 sys");
  auto next = [&] { return frames.next().value(); };
  EXPECT_EQ(next()->data, "a=b");
  EXPECT_EQ(next()->command, "close");
  EXPECT_EQ(next()->number, 3U);
  EXPECT_FALSE(next());
  frames.feed("log 4 1\n3\n\n");
  EXPECT_EQ(next()->data, "1\n3\n");
}

}  // namespace
}  // namespace berth::observe
