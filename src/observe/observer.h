#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "async/scope.h"
#include "async/wait_list.h"
#include "async/world.h"
#include "base/hash.h"
#include "base/histogram.h"
#include "base/log.h"
#include "observe/counted_series.h"
#include "observe/event.h"
#include "observe/request_seen.h"
#include "observe/sample_writer.h"
#include "observe/slow_requests.h"

namespace berth::observe {

/// Turns what happens into series, second by second: requests, log lines, Riemann events. The
/// current second is kept apart, and goes to the series and their log when it is over. Belongs to
/// one reactor; the store outlives it. Series it makes (by their short names, metric_names.cc):
///   latency{service}             distribution; its count is the number of requests
///   path_latency{service,path}   the same by folded path
///   path_requests{service,path,status}   counter
///   requests{service,status}     counter: the exact sum since the first start
///   bytes_in, bytes_out, retries, queued_nanoseconds {service}    counters
///   call_latency{from,to}, call_errors{from,to}                   who calls whom
///   log_lines{service,level}     counter
///   observer_mark                gauge: see mark_by()
///   any other name{host}         metrics of Riemann events, by the event's service
class Observer {
 public:
  static constexpr std::size_t paths_per_service_max = 200;  // more are counted as "/..."

  Observer(World& world, SampleStore& store, Log log)
      : world_(world), log_(log), series_(world, log, store), events_(world, log, store) {}

  /// Reads the exact sums back from the store, which is open, and begins to tick.
  void start();
  /// Hands over the current second and ends.
  void stop();

  void note(const RequestSeen& request);
  /// Its level is what the line tells of itself (observe/log_level.h), or what is given.
  void note_log_line(std::string_view service, std::string_view line);
  void note_log_line(std::string_view service, LogLevel level);
  void note(const Event& event) { events_.add(event); }

  /// A number that goes to the log in one record with each second's series, so that who finds it
  /// there knows that all it stands for was counted: `marked()` after a start, and until this is
  /// set.
  void mark_by(std::function<std::uint64_t()> mark) { mark_ = std::move(mark); }
  std::uint64_t marked() const { return marked_; }

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return hash64(text); }
  };
  template <class T>
  using ByText = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;
  using Sums = std::map<int, std::uint64_t>;  // by status
  /// Requests since the system's first start on this state folder; current to the last record.
  const std::map<std::string, Sums, std::less<>>& sums() const { return sums_; }
  /// The slowest of the last 15 minutes, slowest first.
  std::vector<SlowRequest> slowest(std::string_view service) const;

  const CountedSeries& series() const { return series_; }
  /// Seconds since 1970: what was counted in the seconds before this one is in the store.
  std::int64_t counted_until() const { return counted_until_; }
  /// Resolves when the next second has gone to the store.
  Deferred<void> next_second() { return second_over_.wait(); }

 private:
  Deferred<void> tick_forever();
  Deferred<void> commit_forever();
  void hand_over();

  /// Few statuses come again and again.
  using Statuses = std::vector<std::pair<int, std::uint64_t>>;
  struct PerPath {
    Histogram latency;
    Statuses statuses;
  };
  struct PerCall {
    Histogram latency;
    std::uint64_t errors = 0;
  };
  /// What the present second has counted of a service, and what is kept of it from one to the next.
  struct PerService {
    Histogram latency;
    Statuses statuses;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t retries = 0;
    std::uint64_t queued = 0;
    std::uint64_t log_lines[4] = {};
    bool counted = false;

    ByText<PerPath> paths;  // at most paths_per_service_max, and "/..."
    ByText<PerCall> calls;  // by who called
    Sums* sums = nullptr;
    SlowRequests slow;
  };
  PerService& service_of(std::string_view name);
  PerPath& path_of(PerService& service, std::string_view target);
  void hand_over(const std::string& name, PerService& service, std::int64_t second);
  void hand_over_paths(const std::string& name, PerService& service, std::int64_t second);
  void hand_over_calls(const std::string& name, PerService& service, std::int64_t second);
  void keep_mark(std::int64_t second);
  void count(const SeriesKey& key, std::uint64_t value, std::int64_t second) {
    series_.count(key, static_cast<double>(value), second);
  }

  World& world_;
  Log log_;
  CountedSeries series_;
  SampleWriter events_;
  ByText<PerService> services_;
  std::map<std::string, Sums, std::less<>> sums_;
  std::string folded_;  // the path of the request that is noted
  std::int64_t counted_until_ = 0;
  std::function<std::uint64_t()> mark_;
  std::uint64_t marked_ = 0;
  WaitList<void> second_over_;
  Scope scope_;
};

}  // namespace berth::observe
