#include "async/lines.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/simulated_suite.h"

namespace berth {
namespace {

struct Connected {
  std::unique_ptr<SuiteWorld> suite = sim::make_simulated_world(1);
  std::unique_ptr<ByteStream> client;
  std::unique_ptr<ByteStream> server;

  Connected() {
    auto listener = suite->other().network.listen(suite->other_address()).value();
    auto connecting = suite->world().network.connect(listener->address());
    server = suite->run(listener->accept()).value();
    client = suite->run(std::move(connecting)).value();
  }
  void send(std::string_view text) { suite->run(client->write(Bytes::copy(text))).value(); }
  std::string next(LineReader& lines) {
    auto line = suite->run(lines.next());
    if (!line.ok()) return "error: " + line.error().text();
    return line->value_or("the end");
  }
};

struct LineReaderTest : ::testing::Test, Connected {};

TEST_F(LineReaderTest, ends_lines_with_lf_and_crlf_wherever_they_are_cut) {
  LineReader lines(*server);
  send("one\ntwo\r\n\n thr");
  EXPECT_EQ(next(lines), "one");
  EXPECT_EQ(next(lines), "two");
  EXPECT_EQ(next(lines), "");
  Deferred<std::optional<std::string>> waiting = lines.next();
  send("ee\r");
  EXPECT_TRUE(waiting.pending());
  send("\na\rb\n");
  EXPECT_EQ(suite->run(std::move(waiting)).value(), " three");
  EXPECT_EQ(next(lines), "a\rb");
}

TEST_F(LineReaderTest, drops_a_last_line_without_an_end) {
  LineReader lines(*server);
  send("whole\nhal");
  suite->run(client->shutdown_write()).value();
  EXPECT_EQ(next(lines), "whole");
  EXPECT_EQ(next(lines), "the end");
}

TEST_F(LineReaderTest, refuses_a_line_that_is_too_long_whether_it_ends_or_not) {
  for (const char* text : {"123456\n", "1234567"}) {
    Connected fresh;
    LineReader lines(*fresh.server, 5);
    fresh.send("12345\r\n12345\n");
    EXPECT_EQ(fresh.next(lines), "12345");
    EXPECT_EQ(fresh.next(lines), "12345");
    fresh.send(text);
    EXPECT_NE(fresh.next(lines).find("is longer than 5 bytes"), std::string::npos);
  }
}

TEST_F(LineReaderTest, a_cancelled_wait_loses_nothing) {
  LineReader lines(*server);
  send("begin");
  auto waiting = lines.next();
  suite->run_for(1s);
  waiting.cancel();
  EXPECT_TRUE(suite->run(std::move(waiting)).error().is(Code::cancelled));
  send("ning\n");
  EXPECT_EQ(next(lines), "beginning");
}

}  // namespace
}  // namespace berth
