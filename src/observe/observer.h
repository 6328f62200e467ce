#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "async/scope.h"
#include "async/wait_list.h"
#include "async/world.h"
#include "base/histogram.h"
#include "base/log.h"
#include "observe/event.h"
#include "observe/request_seen.h"
#include "observe/series_store.h"
#include "observe/slow_requests.h"

namespace berth::observe {

/// Turns what happens into series, second by second: requests, log lines, Riemann events. The
/// current second is kept apart and goes to the store when it is over. Belongs to one reactor; the
/// store outlives it. Series it makes:
///   latency{service}             histogram of nanoseconds; its count is the number of requests
///   path_latency{service,path}   the same by folded path
///   path_requests{service,path,status}   counter
///   requests{service,status}     counter
///   bytes_in, bytes_out, retries, queued_nanoseconds {service}    counters
///   call_latency{from,to}, call_errors{from,to}                   who calls whom
///   requests_total{service,status}  gauge: exact sum since the first start
///   log_lines{service,level}     counter
///   observer_mark                gauge: see mark_by()
///   any other name{host}         gauge: metrics of Riemann events, by the event's service
class Observer {
 public:
  static constexpr std::size_t paths_per_service_max = 200;  // more are counted as "/..."

  Observer(World& world, SeriesStore& store, Log log) : world_(world), store_(store), log_(log) {}

  /// Reads the exact sums back from the store, and begins to tick.
  void start();
  /// Hands over the current second and ends.
  void stop();

  void note(const RequestSeen& request);
  /// Its level is what the line tells of itself (observe/log_level.h), or what is given.
  void note_log_line(std::string_view service, std::string_view line);
  void note_log_line(std::string_view service, LogLevel level);
  void note(const Event& event);

  /// A number that goes to the store behind each second's series, so that who finds it there knows
  /// that all it stands for was counted: `marked()` after a start, and until this is set.
  void mark_by(std::function<std::uint64_t()> mark) { mark_ = std::move(mark); }
  std::uint64_t marked() const { return marked_; }

  using Sums = std::map<int, std::uint64_t>;  // by status
  /// Requests since the system's first start on this state folder; current to the last record.
  const std::map<std::string, Sums, std::less<>>& sums() const { return sums_; }
  /// The slowest of the last 15 minutes, slowest first.
  std::vector<SlowRequest> slowest(std::string_view service) const;

  /// Seconds since 1970: what was counted in the seconds before this one is in the store.
  std::int64_t counted_until() const { return counted_until_; }
  /// Resolves when the next second has gone to the store.
  Deferred<void> next_second() { return second_over_.wait(); }

 private:
  std::string path_of(std::string_view service, std::string_view target);
  Deferred<void> tick_forever();
  void hand_over();

  struct PerPath {
    Histogram latency;
    std::map<int, std::uint64_t> statuses;
  };
  struct PerService {
    Histogram latency;
    std::map<std::string, PerPath, std::less<>> paths;
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
  void hand_over_paths(const std::string& name, const PerService& service, std::int64_t second);
  void keep_sums(const std::string& name, const Sums& sums, std::int64_t second);
  void read_sums(std::int64_t now);
  void keep_mark(std::int64_t second);
  void count(SeriesKey key, std::uint64_t value, std::int64_t second);

  World& world_;
  SeriesStore& store_;
  Log log_;
  std::map<std::string, PerService, std::less<>> services_;
  std::map<std::pair<std::string, std::string>, PerCall> calls_;
  std::map<std::string, Sums, std::less<>> sums_;
  std::map<std::string, std::map<std::string, bool, std::less<>>, std::less<>> known_paths_;
  std::map<std::string, SlowRequests, std::less<>> slow_;
  std::int64_t counted_until_ = 0;
  std::int64_t sums_kept_at_ = 0;  // the second in which all sums were last written
  std::function<std::uint64_t()> mark_;
  std::uint64_t marked_ = 0;
  WaitList<void> second_over_;
  Scope scope_;
};

}  // namespace berth::observe
