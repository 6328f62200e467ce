#include <fcntl.h>
#include <unistd.h>

#include <fstream>

#include "async/gather.h"
#include "os/pipe_stream.h"
#include "os/real_suite.h"

namespace berth::os {
namespace {

/// Children with pipes, and streams of this process.
struct PipeTest : ::testing::Test {
  RealSuiteWorld suite{wished_reactor()};
  Reactor& reactor = static_cast<Reactor&>(suite.world().clock);
  Process& process = static_cast<Process&>(suite.world().process);

  SpawnSpec shell(std::string script) {
    SpawnSpec spec;
    spec.argv = {"sh", "-c", std::move(script)};
    spec.env = {{"PATH", "/usr/bin:/bin"}};
    spec.pipes = true;
    return spec;
  }
  Result<ProcessOutput> output_of(std::string script, std::string input = "",
                                  std::size_t bytes_max = 16 << 20) {
    return suite.run(run_process(process, shell(std::move(script)), std::move(input), bytes_max));
  }
  std::unique_ptr<ByteStream> adopt(int fd, PipeStream::Direction direction) {
    return PipeStream::adopt(reactor, Descriptor(fd), direction).value();
  }
};

TEST_F(PipeTest, a_program_gets_its_input_and_tells_output_errors_and_status_apart) {
  auto said = output_of("tr a-z A-Z; echo wrong >&2; exit 3", "hello\n").value();
  EXPECT_EQ(said.output, "HELLO\n");
  EXPECT_EQ(said.errors, "wrong\n");
  EXPECT_EQ(said.status.code, 3);
}

TEST_F(PipeTest, megabytes_go_through_both_ways_at_once) {
  std::string text(3'000'000, 'x');
  EXPECT_EQ(output_of("cat", text).value().output, text);
}

TEST_F(PipeTest, a_program_may_end_without_reading_its_input) {
  auto said = output_of("exec 0<&-; echo done", std::string(1 << 20, 'x')).value();
  EXPECT_EQ(said.output, "done\n");
  EXPECT_TRUE(said.status.good());
}

TEST_F(PipeTest, one_that_says_too_much_is_killed) {
  auto failed = output_of("echo $$ >&2; yes", "", 100'000);
  EXPECT_TRUE(failed.error().is(Code::overloaded)) << failed.error().text();
}

TEST_F(PipeTest, a_run_that_is_dropped_leaves_no_process) {
  std::string path = suite.folder() + "/pid";
  auto running = run_process(process, shell("echo $$ >" + path + ".new; mv " + path + ".new " +
                                            path + "; exec sleep 1000"));
  ASSERT_TRUE(suite.until([&] { return std::ifstream(path).good(); }));
  int pid = 0;
  std::ifstream(path) >> pid;
  ASSERT_EQ(::kill(pid, 0), 0);
  running.reset();
  EXPECT_TRUE(suite.until([&] { return ::kill(pid, 0) != 0; }));
}

TEST_F(PipeTest, a_child_is_conversed_with) {
  auto child = suite.run(process.spawn(shell("while read line; do echo got $line; done"))).value();
  for (std::string word : {"one", "two"}) {
    suite.run(child->pipes.input->write(Bytes::copy(word + "\n"))).value();
    EXPECT_EQ(suite.run(child->pipes.output->read()).value().text(), "got " + word + "\n");
  }
  suite.run(child->pipes.input->shutdown_write()).value();
  EXPECT_TRUE(suite.run(child->pipes.output->read()).value().empty());
  EXPECT_TRUE(suite.run(child->wait()).value().good());
}

TEST_F(PipeTest, each_goes_one_way_only) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  auto reading = adopt(ends[0], PipeStream::Direction::reads);
  auto writing = adopt(ends[1], PipeStream::Direction::writes);
  EXPECT_TRUE(suite.run(reading->write(Bytes::literal("x"))).error().is(Code::closed));
  EXPECT_TRUE(suite.run(writing->read()).error().is(Code::closed));
  EXPECT_FALSE(writing->broken());
  reading->close();
  EXPECT_TRUE(writing->broken());
  EXPECT_TRUE(suite.run(writing->write(Bytes::literal("x"))).error().is(Code::reset));
}

TEST_F(PipeTest, a_cancelled_read_loses_nothing_and_a_cancelled_write_ends_it) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  auto reading = adopt(ends[0], PipeStream::Direction::reads);
  auto writing = adopt(ends[1], PipeStream::Direction::writes);
  auto waiting = reading->read();
  suite.turn();
  waiting.cancel();
  suite.run(writing->write(Bytes::literal("kept"))).value();
  EXPECT_EQ(suite.run(reading->read()).value().text(), "kept");
  auto full = writing->write(Bytes::copy(std::string(1 << 20, 'x')));
  suite.run_for(5ms);
  EXPECT_TRUE(full.pending());
  full.cancel();
  suite.turn();
  EXPECT_TRUE(suite.run(writing->write(Bytes::literal("more"))).error().is(Code::closed));
}

TEST_F(PipeTest, a_descriptor_that_others_share_stays_blocking) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  auto reading = adopt(::dup(ends[0]), PipeStream::Direction::reads);
  auto writing = adopt(::dup(ends[1]), PipeStream::Direction::writes);
  suite.run(writing->write(Bytes::literal("x"))).value();
  suite.run(reading->read()).value();
  for (int end : ends) {
    EXPECT_EQ(::fcntl(end, F_GETFL) & O_NONBLOCK, 0);
    ::close(end);
  }
}

TEST_F(PipeTest, a_file_is_a_stream_too) {
  std::string path = suite.folder() + "/text";
  auto writing =
      adopt(::open(path.c_str(), O_CREAT | O_WRONLY, 0600), PipeStream::Direction::writes);
  suite.run(writing->write(Bytes::copy(std::string(10'000, 'x') + "end"))).value();
  auto reading = adopt(::open(path.c_str(), O_RDONLY), PipeStream::Direction::reads);
  std::string text;
  for (;;) {
    Bytes part = suite.run(reading->read()).value();
    if (part.empty()) break;
    text += part.view();
  }
  EXPECT_EQ(text, std::string(10'000, 'x') + "end");
}

TEST_F(PipeTest, an_output_file_and_pipes_together_are_refused) {
  SpawnSpec spec = shell("true");
  spec.output_path = suite.folder() + "/out";
  EXPECT_TRUE(suite.run(process.spawn(spec)).error().is(Code::invalid));
}

TEST_F(PipeTest, standard_streams_are_those_of_the_process) {
  int kept = ::dup(0);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::dup2(ends[0], 0), 0);
  auto input = process.standard_stream(StandardStream::input).value();
  ASSERT_EQ(::write(ends[1], "typed", 5), 5);
  EXPECT_EQ(suite.run(input->read()).value().text(), "typed");
  input->close();
  EXPECT_GE(::fcntl(0, F_GETFL), 0);  // the descriptor stays open
  ::dup2(kept, 0);
  for (int fd : {kept, ends[0], ends[1]}) ::close(fd);
}

}  // namespace
}  // namespace berth::os
