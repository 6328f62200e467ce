#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "async/deferred.h"
#include "base/time.h"

namespace berth::console {

/// One line of an instance's output.
struct LogLine {
  WallTime time{};
  std::string instance;  // "orders/1"
  std::string text;
};

/// Lines of a service's instances as they come.
class LogFollower {
 public:
  virtual ~LogFollower() = default;
  /// One or more lines, oldest first; waits for the first. One call at a time.
  virtual Deferred<std::vector<LogLine>> next() = 0;
};

/// The instances' logs, wherever they are kept: runtime's on this host.
class LogSource {
 public:
  /// The last `lines` of a service, or of one instance of it (empty: of all), oldest first.
  virtual Deferred<std::vector<LogLine>> last(std::string service, std::string instance,
                                              std::size_t lines) = 0;
  /// The last `lines` and then what is written from now on.
  virtual Deferred<std::unique_ptr<LogFollower>> follow(std::string service, std::string instance,
                                                        std::size_t lines) = 0;

 protected:
  ~LogSource() = default;
};

}  // namespace berth::console
