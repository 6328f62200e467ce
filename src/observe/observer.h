#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "async/scope.h"
#include "async/wait_list.h"
#include "async/world.h"
#include "base/hash.h"
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

  /// What is kept of one service: for who counts in it again and again, which then looks for it
  /// once. Lives as long as the observer.
  struct Service;

  Observer(World& world, SampleStore& store, Log log);
  ~Observer();

  /// Reads the exact sums back from the store, which is open, and begins to tick.
  void start();
  /// Hands over the current second and ends.
  void stop();

  Service& service(std::string_view name);
  void note(const RequestSeen& request) { note(service(request.service), request); }
  /// The same of its service.
  void note(Service& service, const RequestSeen& request);
  /// Its level is what the line tells of itself (observe/log_level.h), or what is given.
  void note_log_line(Service& service, std::string_view line);
  void note_log_line(Service& service, LogLevel level);
  void note_log_line(std::string_view name, std::string_view line) {
    note_log_line(service(name), line);
  }
  void note_log_line(std::string_view name, LogLevel level) { note_log_line(service(name), level); }
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
  std::int64_t present_second() const;
  void hand_over(std::int64_t second);

  struct PerPath;
  struct PerStatus;
  struct PerCall;
  struct Sum;

  static PerStatus& status_of(std::vector<PerStatus>& statuses, int status);
  PerPath& path_of(Service& service, std::string_view target);
  static PerCall& call_of(Service& service, std::string_view caller);
  void seen_now(Service& service);
  void hand_over(Service& service, std::int64_t second);
  void hand_over_path(Service& service, PerPath& path, std::int64_t second);
  void hand_over_call(Service& service, PerCall& call, std::int64_t second);
  void keep_mark(std::int64_t second);
  template <class MakeKey>
  void count(Sum& sum, MakeKey key, std::int64_t second);

  World& world_;
  Log log_;
  CountedSeries series_;
  SampleWriter events_;
  ByText<std::unique_ptr<Service>> services_;
  std::vector<Service*> seen_;  // in the present second
  std::map<std::string, Sums, std::less<>> sums_;
  std::string folded_;  // the path of the request that is noted
  std::int64_t counted_until_ = 0;
  std::function<std::uint64_t()> mark_;
  std::uint64_t marked_ = 0;
  WaitList<void> second_over_;
  Scope scope_;
};

}  // namespace berth::observe
