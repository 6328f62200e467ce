#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "async/world.h"
#include "base/address.h"
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
  bool waits = false;  // its sender can be slowed down
};

/// What every receiver of syslog does with a message once it has its bytes: repairs them, reads
/// them, corrects the time, counts what was wrong, hands it to the sink. Belongs to one reactor.
class SyslogReader {
 public:
  using Sink = std::function<void(const SyslogReceived&)>;

  SyslogReader(World& world, Sink sink, SyslogLimits limits)
      : world_(world), sink_(std::move(sink)), limits_(std::move(limits)) {}

  void take(std::string text, bool cut, std::string_view peer, bool waits = false);
  const SyslogLimits& limits() const { return limits_; }
  SyslogCounters& counters() { return counters_; }
  const SyslogCounters& counters() const { return counters_; }

 private:
  World& world_;
  Sink sink_;
  const SyslogLimits limits_;
  SyslogCounters counters_;
};

/// Who sent it: the address without its port, or "unix".
std::string place_of(const Address& peer);

}  // namespace berth::observe
