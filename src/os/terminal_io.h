#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "async/wait_list.h"
#include "os/reactor.h"

namespace berth::os {

struct TerminalSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
  bool operator==(const TerminalSize&) const = default;
};

/// True if descriptor 0, 1 or 2 is a terminal.
bool is_terminal(int descriptor);
/// Of the terminal at `descriptor`; 80 by 24 where there is none.
TerminalSize terminal_size(int descriptor = 1);

/// The terminal of a program that fills its screen: keys come one by one, without echo and without
/// signals (Ctrl-C is the byte 3), on the alternate screen with its cursor hidden. Its end puts all
/// back as it was, and so does a signal that ends the process. One at a time in a process, on one
/// reactor; it opens the terminal anew, so that others who have it do not become nonblocking.
class TerminalIo final : Watched {
 public:
  static constexpr std::size_t typed_bytes_max = 4096;  // typed ahead; more is dropped

  /// unsupported: there is no terminal at `descriptor`; denied: it may not be opened.
  static Result<std::unique_ptr<TerminalIo>> open(Reactor& reactor, int descriptor = 1);
  ~TerminalIo();

  /// What was typed, at least one byte; closed once the terminal is gone.
  Deferred<std::string> read();
  /// Resolves when the size has changed.
  Deferred<void> resized() { return resizes_.wait(); }
  TerminalSize size() const { return terminal_size(fd_.get()); }

  /// Never waits: what the terminal does not take now follows in the background. Whoever draws asks
  /// busy() first and leaves out a frame meanwhile.
  void write(std::string_view text);
  bool busy() const { return !unsent_.empty(); }
  /// Resolves when it is not busy any more.
  Deferred<void> drained() { return busy() ? drains_.wait() : ready(); }
  /// Shows the ordinary screen (`false`) or the alternate one again (`true`), which is then empty.
  void show_alternate(bool alternate);

 private:
  /// Woken by the handler of SIGWINCH.
  class ResizeBell;

  TerminalIo(Reactor& reactor, Descriptor fd);
  void on_events(std::uint32_t) override;
  void take_typed();
  void send();

  Reactor& reactor_;
  Descriptor fd_;
  std::unique_ptr<ResizeBell> bell_;
  bool gone_ = false;
  std::string typed_;
  std::string unsent_;
  WaitList<std::string> readers_;
  WaitList<void> resizes_;
  WaitList<void> drains_;
};

}  // namespace berth::os
