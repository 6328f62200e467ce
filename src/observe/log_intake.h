#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "observe/line.h"
#include "observe/observer.h"
#include "observe/syslog_server.h"

namespace berth::observe {

/// Turns log lines into what series are made from: a HAProxy line (or our own proxy's) into
/// the request that an access record of ours would be, with its backend as the service; any other
/// into a log line of its program, by its level. Lives beside the observer, on its reactor.
class LogIntake {
 public:
  /// Names beyond these are counted together as "other": senders choose them.
  static constexpr std::size_t services_max = 1000;

  explicit LogIntake(Observer& observer) : observer_(observer) {}

  void note(const LogLine& line);
  void note(const SyslogReceived& received);
  std::uint64_t requests() const { return requests_; }
  std::uint64_t lines() const { return lines_; }

 private:
  Observer::Service& known(std::string_view service);

  Observer& observer_;
  Observer::ByText<Observer::Service*> services_;
  std::uint64_t requests_ = 0;
  std::uint64_t lines_ = 0;
};

/// A syslog message as a line of its program.
LogLine line_of(const SyslogReceived& received);

}  // namespace berth::observe
