#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "async/scope.h"
#include "async/world.h"
#include "base/histogram.h"
#include "base/log.h"
#include "observe/event.h"
#include "observe/series_store.h"

namespace berth::observe {

/// What observation needs of one request's access record. Texts are borrowed for the call.
struct RequestSeen {
  std::string_view service;
  std::string_view caller;  // a service, "gateway" or "unknown"
  std::string_view instance;
  std::string_view method;
  std::string_view target;
  std::string_view termination;  // HAProxy's termination state, e.g. "----"
  int status = 0;
  std::uint32_t retries = 0;
  Duration took{};
  Duration waited{};  // in the queue, for an instance
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  WallTime ended{};
};

/// A slow or failed request that is kept to be looked at.
struct NotableRequest {
  WallTime ended;
  std::string method;
  std::string target;
  int status;
  Duration took;
  Duration waited;
  std::string instance;
  std::string caller;
  std::string termination;
};

/// Turns what happens into series, second by second: requests, log lines, Riemann events. The
/// current second is kept apart and goes to the store when it is over. Belongs to one reactor; the
/// store outlives it. Series it makes:
///   latency{service}             histogram of nanoseconds; its count is the number of requests
///   path_latency{service,path}   the same by folded path
///   requests{service,status}     counter
///   bytes_in, bytes_out, retries, queued_nanoseconds {service}    counters
///   call_latency{from,to}, call_errors{from,to}                   who calls whom
///   requests_total{service,status}  gauge: exact sum since the first start
///   log_lines{service,level}     counter
///   any other name{host}         gauge: metrics of Riemann events, by the event's service
class Observer {
 public:
  static constexpr std::size_t paths_per_service_max = 200;  // more are counted as "/..."
  static constexpr std::size_t notable_per_service_max = 50;

  Observer(World& world, SeriesStore& store, Log log) : world_(world), store_(store), log_(log) {}

  /// Reads the exact sums back from the store, and begins to tick.
  void start();
  /// Hands over the current second and ends.
  void stop();

  void note(const RequestSeen& request);
  void note_log_line(std::string_view service, std::string_view line);
  void note(const Event& event);

  using Sums = std::map<int, std::uint64_t>;  // by status
  /// Requests since the system's first start on this state folder; current to the last record.
  const std::map<std::string, Sums, std::less<>>& sums() const { return sums_; }
  const std::deque<NotableRequest>& notable(std::string_view service) const;

 private:
  void keep_notable(const RequestSeen& request);
  std::string path_of(std::string_view service, std::string_view target);
  Deferred<void> tick_forever();
  void hand_over();

  struct PerService {
    Histogram latency;
    std::map<std::string, Histogram, std::less<>> paths;
    std::map<int, std::uint64_t> statuses;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t retries = 0;
    std::uint64_t queued = 0;
    std::uint64_t log_lines[4] = {};
  };
  struct PerCall {
    Histogram latency;
    std::uint64_t errors = 0;
  };
  void hand_over(const std::string& name, const PerService& service, std::int64_t second);

  World& world_;
  SeriesStore& store_;
  Log log_;
  std::map<std::string, PerService, std::less<>> services_;
  std::map<std::pair<std::string, std::string>, PerCall> calls_;
  std::map<std::string, Sums, std::less<>> sums_;
  std::map<std::string, std::map<std::string, bool, std::less<>>, std::less<>> known_paths_;
  std::map<std::string, std::deque<NotableRequest>, std::less<>> notable_;
  Scope scope_;
};

}  // namespace berth::observe
