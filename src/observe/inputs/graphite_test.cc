#include "observe/inputs/graphite_line.h"
#include "observe/inputs/input_suite.h"

namespace berth::observe {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string wrong(std::string_view line) {
  auto read = read_graphite(line);
  return read.ok() ? "" : std::string(read.error().message());
}

TEST(GraphiteLine, reads_paths_tags_values_and_times) {
  auto plain = read_graphite("servers.web-1.load 1.5 1700000000").value();
  EXPECT_EQ(plain.labels.text(),
            "{__name__=\"servers_web_1_load\", berth_name=\"servers.web-1.load\"}");
  EXPECT_EQ(plain.value, 1.5);
  EXPECT_EQ(plain.time, 1'700'000'000'000);
  auto tagged = read_graphite("disk;host=db1;disk-name=sda\t-2e3\t-1\r").value();
  EXPECT_EQ(tagged.labels.text(), "{__name__=\"disk\", disk_name=\"sda\", host=\"db1\"}");
  EXPECT_FALSE(tagged.time);
  EXPECT_FALSE(read_graphite("a 1").value().time);
}

TEST(GraphiteLine, refuses_what_is_none) {
  EXPECT_THAT(wrong(""), HasSubstr("PATH VALUE"));
  EXPECT_THAT(wrong("a b c d"), HasSubstr("PATH VALUE"));
  EXPECT_THAT(wrong("a 1x 5"), HasSubstr("value"));
  EXPECT_THAT(wrong("a nan 5"), HasSubstr("value"));
  EXPECT_THAT(wrong("a 1 1700000000000"), HasSubstr("seconds"));
  EXPECT_THAT(wrong("a;b 1"), HasSubstr("TAG=VALUE"));
  EXPECT_THAT(wrong("a;__name__=b 1"), HasSubstr("__name__"));
  EXPECT_THAT(wrong("... 1"), HasSubstr("empty"));
}

struct GraphiteTest : InputSuite {};

TEST_F(GraphiteTest, takes_lines_of_connections_and_datagrams_and_counts_what_is_none) {
  spec.listen = {{Place::How::tcp, here.address(2003)}, {Place::How::udp, here.address(2003)}};
  spec.line_bytes_max = 480;
  make("graphite", 0);
  auto stream = connect(2003);
  send(*stream, "a.b 1\nwrong\n" + std::string(600, 'x') + "\nhalf");
  send(*stream, "way 2\nlast 3");
  stream.reset();
  simulation.run_for(1s);
  send_datagram(2003, "u 4\nv;host=h 5");
  EXPECT_THAT(taken(), ElementsAre("{__name__=\"a_b\", berth_name=\"a.b\"} = 1.000000",
                                   "{__name__=\"halfway\"} = 2.000000",
                                   "{__name__=\"last\"} = 3.000000", "{__name__=\"u\"} = 4.000000",
                                   "{__name__=\"v\", host=\"h\"} = 5.000000"));
  auto counted = input->counters();
  EXPECT_EQ(counted.received, 6U);
  EXPECT_EQ(counted.lost["no_sample"], 1U);
  EXPECT_EQ(counted.lost["too_long"], 1U);
}

}  // namespace
}  // namespace berth::observe
