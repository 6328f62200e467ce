#include "os/terminal_io.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

namespace berth::os {
namespace {

/// A pseudo terminal: the test is the person in front of it.
struct Pair {
  Descriptor person{::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)};
  Descriptor program;

  Pair() {
    ::grantpt(person.get());
    ::unlockpt(person.get());
    program = Descriptor(::open(::ptsname(person.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    resize(100, 30);
  }
  void resize(unsigned short columns, unsigned short rows) const {
    winsize size{rows, columns, 0, 0};
    ::ioctl(person.get(), TIOCSWINSZ, &size);
  }
  void type(std::string_view keys) const {
    ASSERT_EQ(::write(person.get(), keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  std::string shown() const {
    std::string all;
    char part[65536];
    ssize_t count;
    while ((count = ::read(person.get(), part, sizeof part)) > 0) {
      all.append(part, static_cast<std::size_t>(count));
    }
    return all;
  }
  bool echoes() const {
    termios now{};
    ::tcgetattr(program.get(), &now);
    return (now.c_lflag & ECHO) != 0 && (now.c_lflag & ICANON) != 0;
  }
};

template <class T>
void turn_until(Reactor& reactor, const Deferred<T>& deferred) {
  for (int i = 0; i < 200 && deferred.pending(); ++i) reactor.turn(10ms);
  ASSERT_FALSE(deferred.pending());
}

TEST(TerminalIo, gives_each_key_without_echo_and_puts_all_back) {
  Reactor reactor;
  Pair pair;
  ASSERT_TRUE(pair.echoes());
  {
    auto terminal = TerminalIo::open(reactor, pair.program.get());
    ASSERT_TRUE(terminal.ok()) << terminal.error().text();
    EXPECT_FALSE(pair.echoes());
    EXPECT_EQ((*terminal)->size(), (TerminalSize{100, 30}));
    auto typed = (*terminal)->read();
    pair.type("q\x03\x1b[A");
    turn_until(reactor, typed);
    EXPECT_EQ(typed.take().value(), "q\x03\x1b[A");
    EXPECT_NE(pair.shown().find("\033[?1049h"), std::string::npos);
  }
  EXPECT_TRUE(pair.echoes());
  EXPECT_NE(pair.shown().find("\033[?1049l"), std::string::npos);
}

TEST(TerminalIo, keys_typed_while_nobody_reads_are_kept_up_to_the_limit) {
  Reactor reactor;
  Pair pair;
  auto terminal = TerminalIo::open(reactor, pair.program.get());
  ASSERT_TRUE(terminal.ok());
  pair.type("ab");
  for (int i = 0; i < 20; ++i) reactor.turn(1ms);
  auto typed = (*terminal)->read();
  ASSERT_FALSE(typed.pending());
  EXPECT_EQ(typed.take().value(), "ab");
}

TEST(TerminalIo, tells_a_new_size_on_sigwinch) {
  Reactor reactor;
  Pair pair;
  auto terminal = TerminalIo::open(reactor, pair.program.get());
  ASSERT_TRUE(terminal.ok());
  auto resized = (*terminal)->resized();
  reactor.turn(1ms);
  pair.resize(60, 20);
  ::raise(SIGWINCH);
  turn_until(reactor, resized);
  EXPECT_TRUE(resized.take().ok());
  EXPECT_EQ((*terminal)->size(), (TerminalSize{60, 20}));
}

TEST(TerminalIo, a_terminal_that_takes_nothing_does_not_hold_up_the_program) {
  Reactor reactor;
  Pair pair;
  auto terminal = TerminalIo::open(reactor, pair.program.get());
  ASSERT_TRUE(terminal.ok());
  (*terminal)->write(std::string(200'000, 'x'));
  EXPECT_TRUE((*terminal)->busy());
  auto drained = (*terminal)->drained();
  std::string all;
  for (int i = 0; i < 1000 && drained.pending(); ++i) {
    all += pair.shown();
    reactor.turn(1ms);
  }
  all += pair.shown();
  EXPECT_FALSE((*terminal)->busy());
  EXPECT_EQ(std::count(all.begin(), all.end(), 'x'), 200'000);
}

TEST(TerminalIo, says_that_the_terminal_is_gone) {
  Reactor reactor;
  Pair pair;
  auto terminal = TerminalIo::open(reactor, pair.program.get());
  ASSERT_TRUE(terminal.ok());
  auto typed = (*terminal)->read();
  pair.program.reset();
  pair.person.reset();
  turn_until(reactor, typed);
  EXPECT_TRUE(typed.take().error().is(Code::closed));
}

TEST(TerminalIo, a_signal_that_ends_the_process_puts_the_terminal_back) {
  Pair pair;
  int pid = ::fork();
  if (pid == 0) {
    Reactor reactor;
    auto terminal = TerminalIo::open(reactor, pair.program.get());
    if (!terminal.ok() || pair.echoes()) ::_exit(7);
    ::raise(SIGTERM);
    ::_exit(8);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) << status;
  EXPECT_TRUE(pair.echoes());
  EXPECT_NE(pair.shown().find("\033[?1049l"), std::string::npos);
}

TEST(TerminalIo, refuses_what_is_no_terminal) {
  Reactor reactor;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  auto terminal = TerminalIo::open(reactor, ends[1]);
  ASSERT_FALSE(terminal.ok());
  EXPECT_TRUE(terminal.error().is(Code::unsupported));
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace berth::os
