#include "os/terminal_io.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <functional>

namespace berth::os {
namespace {

constexpr std::string_view enter = "\033[?1049h\033[?25l\033[H\033[2J";
constexpr std::string_view leave = "\033[?2026l\033[0m\033[?7h\033[?25h\033[?1049l";
constexpr std::array ending_signals{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGABRT};

// A signal's handler can reach nothing else. A process has one terminal.
int terminal_fd = -1;
int bell_fd = -1;
termios as_it_was;
std::array<struct sigaction, ending_signals.size()> former_ending;
struct sigaction former_resize;

/// Only what is safe in a signal's handler. Waits a moment for a slow terminal, not for a stuck
/// one.
void restore_terminal() {
  if (terminal_fd < 0) return;
  std::string_view rest = leave;
  while (!rest.empty()) {
    ssize_t count = ::write(terminal_fd, rest.data(), rest.size());
    if (count > 0) {
      rest.remove_prefix(static_cast<std::size_t>(count));
      continue;
    }
    pollfd writable{terminal_fd, POLLOUT, 0};
    if (errno != EAGAIN || ::poll(&writable, 1, 200) <= 0) break;
  }
  ::tcsetattr(terminal_fd, TCSANOW, &as_it_was);
}

void end_by_signal(int number) {
  restore_terminal();
  ::signal(number, SIG_DFL);
  ::raise(number);
}

void ring(int) {
  int kept = errno;
  std::uint64_t one = 1;
  [[maybe_unused]] auto written = ::write(bell_fd, &one, sizeof one);
  errno = kept;
}

void install_signals() {
  struct sigaction action{};
  action.sa_handler = end_by_signal;
  for (std::size_t i = 0; i < ending_signals.size(); ++i) {
    ::sigaction(ending_signals[i], nullptr, &former_ending[i]);
    // One that is ignored (nohup) or has a handler of its own stays so.
    if (former_ending[i].sa_handler == SIG_DFL) ::sigaction(ending_signals[i], &action, nullptr);
  }
  action.sa_handler = ring;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGWINCH, &action, &former_resize);
}

void put_back_signals() {
  for (std::size_t i = 0; i < ending_signals.size(); ++i) {
    ::sigaction(ending_signals[i], &former_ending[i], nullptr);
  }
  ::sigaction(SIGWINCH, &former_resize, nullptr);
}

Result<void> make_raw(int fd) {
  if (::tcgetattr(fd, &as_it_was) != 0) return system_error(errno, "asking the terminal");
  termios raw = as_it_was;
  raw.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL | INLCR | ISTRIP);
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG | IEXTEN);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  if (::tcsetattr(fd, TCSANOW, &raw) != 0) return system_error(errno, "setting the terminal");
  return {};
}

}  // namespace

bool is_terminal(int descriptor) { return ::isatty(descriptor) == 1; }

TerminalSize terminal_size(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return {};
  }
  return {size.ws_col, size.ws_row};
}

class TerminalIo::ResizeBell final : Watched {
 public:
  ResizeBell(Reactor& reactor, std::function<void()> rung)
      : reactor_(reactor), rung_(std::move(rung)), fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    check(fd_.valid() && reactor_.watch(fd_.get(), *this).ok(), "no descriptor for the terminal");
    bell_fd = fd_.get();
  }
  ~ResizeBell() {
    bell_fd = -1;
    reactor_.unwatch(fd_.get(), *this);
  }

 private:
  void on_events(std::uint32_t) override {
    std::uint64_t count;
    if (::read(fd_.get(), &count, sizeof count) == sizeof count) rung_();
  }

  Reactor& reactor_;
  std::function<void()> rung_;
  Descriptor fd_;
};

Result<std::unique_ptr<TerminalIo>> TerminalIo::open(Reactor& reactor, int descriptor) {
  check(terminal_fd < 0, "the terminal is taken already");
  if (!is_terminal(descriptor)) {
    return Error(Code::unsupported, "there is no terminal to show a screen on");
  }
  std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  constexpr int flags = O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  Descriptor fd(::open(path.c_str(), flags));
  if (!fd.valid()) fd = Descriptor(::open("/dev/tty", flags));
  if (!fd.valid()) return system_error(errno, "opening the terminal");
  TRY(make_raw(fd.get()));
  int number = fd.get();
  std::unique_ptr<TerminalIo> terminal(new TerminalIo(reactor, std::move(fd)));
  TRY(reactor.watch(number, *terminal));
  terminal->write(enter);
  return terminal;
}

TerminalIo::TerminalIo(Reactor& reactor, Descriptor fd)
    : reactor_(reactor), fd_(std::move(fd)), bell_(std::make_unique<ResizeBell>(reactor, [this] {
        while (!resizes_.empty()) resizes_.wake();
      })) {
  terminal_fd = fd_.get();
  install_signals();
}

TerminalIo::~TerminalIo() {
  reactor_.unwatch(fd_.get(), *this);
  put_back_signals();
  restore_terminal();
  terminal_fd = -1;
}

void TerminalIo::on_events(std::uint32_t) {
  take_typed();
  send();
}

void TerminalIo::take_typed() {
  char part[512];
  while (!gone_) {
    ssize_t count = ::read(fd_.get(), part, sizeof part);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) break;
    if (count <= 0) {
      gone_ = true;
    } else {
      std::size_t room = typed_bytes_max - typed_.size();
      typed_.append(part, std::min(room, static_cast<std::size_t>(count)));
    }
  }
  if (!typed_.empty() && !readers_.empty()) readers_.wake(std::exchange(typed_, {}));
  if (gone_) readers_.fail_all(Error(Code::closed, "the terminal is gone"));
}

Deferred<std::string> TerminalIo::read() {
  if (!typed_.empty()) return ready(std::exchange(typed_, {}));
  if (gone_) return failed<std::string>(Error(Code::closed, "the terminal is gone"));
  return readers_.wait();
}

void TerminalIo::write(std::string_view text) {
  unsent_ += text;
  send();
}

void TerminalIo::send() {
  while (!unsent_.empty()) {
    ssize_t count = ::write(fd_.get(), unsent_.data(), unsent_.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) {
      gone_ = true;
      unsent_.clear();
    } else {
      unsent_.erase(0, static_cast<std::size_t>(count));
    }
  }
  while (!drains_.empty()) drains_.wake();
}

void TerminalIo::show_alternate(bool alternate) { write(alternate ? enter : leave); }

}  // namespace berth::os
