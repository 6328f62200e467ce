#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/network.h"
#include "async/scope.h"
#include "async/world.h"
#include "base/log.h"
#include "observe/parse/syslog_message.h"

namespace berth::observe {

struct SyslogLimits {
  std::size_t line_bytes_max = 16 << 10;  // longer ones are cut there, marked and counted
  std::size_t connections_max = 1000;     // beyond, a new one waits in the kernel's backlog
  /// A sender's clock that is further off counts as wrong: the time of reception is taken.
  Duration clock_error_max = 1h;
  TimeZone zone;  // of senders that tell none
};

/// What was received, and what was wrong with it. Each message is in `messages`.
struct SyslogCounters {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t cut = 0;
  std::uint64_t repaired = 0;  // were no UTF-8
  std::uint64_t wrong_clocks = 0;
  std::uint64_t without_priority = 0;  // no syslog, or misframed
  std::uint64_t counted_frames = 0;    // of TCP, framed by octet counting
  std::uint64_t connections = 0;
};

/// A message as it is handed on; its texts are valid during the call.
struct SyslogReceived {
  const SyslogMessage& message;
  WallTime time;          // the sender's, or ours where its clock is wrong or it tells none
  std::string_view peer;  // address without port, or "unix"
  bool cut = false;
};

/// Receives syslog over UDP, TCP (octet counting and lines, decided for each frame) and Unix
/// sockets of both kinds, and hands each message to the sink. Belongs to one reactor. A sink that
/// returns late holds TCP senders back, since nothing is read meanwhile; datagrams are then lost in
/// the kernel. A connection ends with its peer's end or an error, never for what was in it.
class SyslogServer {
 public:
  using Sink = std::function<void(const SyslogReceived&)>;

  SyslogServer(World& world, Log log, Sink sink, SyslogLimits limits = {})
      : world_(world), log_(log), sink_(std::move(sink)), limits_(std::move(limits)) {}

  void serve(std::unique_ptr<Listener> listener);
  void serve(std::unique_ptr<DatagramSocket> socket);
  Deferred<void> close();
  const SyslogCounters& counters() const { return counters_; }

 private:
  Deferred<void> receive_all(DatagramSocket& socket);
  Deferred<void> converse(std::unique_ptr<ByteStream> stream);
  void take(std::string text, bool cut, std::string_view peer);

  World& world_;
  Log log_;
  Sink sink_;
  SyslogLimits limits_;
  SyslogCounters counters_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::unique_ptr<DatagramSocket>> sockets_;
  Scope scope_;
};

}  // namespace berth::observe
