#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/time.h"
#include "observe/request_seen.h"

namespace berth::observe {

/// A slow request that is kept to be looked at.
struct SlowRequest {
  WallTime ended{};
  std::string method;
  std::string target;  // cut at 200 bytes
  int status = 0;
  Duration took{};
  Duration waited{};
  Duration connecting{};
  Duration answering{};
  std::string instance;
  std::string caller;
  std::string termination;
};

/// The slowest requests of one service: of each minute the `kept_max` slowest, for 15 minutes, so
/// that the slowest of the whole time are among them. A request that is not one of them costs a
/// comparison. A plain value.
class SlowRequests {
 public:
  static constexpr std::size_t kept_max = 20;
  static constexpr std::int64_t minutes_kept = 15;

  void note(const RequestSeen& request) {
    bool newest = request.ended.nanoseconds < newest_until_;
    if (!newest || request.took > faster_than_) take(request);
  }
  /// Those that ended within the last 15 minutes before `now`, slowest first, at most `kept_max`.
  std::vector<SlowRequest> slowest(WallTime now) const;

 private:
  void take(const RequestSeen& request);

  struct Minute {
    std::int64_t number;                // minutes since 1970
    std::vector<SlowRequest> requests;  // slowest first
  };
  std::int64_t newest_until_ = INT64_MIN;  // where the newest minute ends
  Duration faster_than_{-1};               // what is not slower is none of that minute's
  std::deque<Minute> minutes_;
};

}  // namespace berth::observe
