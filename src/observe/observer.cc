#include "observe/observer.h"

#include <algorithm>
#include <utility>

#include "async/clock.h"
#include "base/strings.h"
#include "observe/log_level.h"
#include "observe/path_folding.h"
#include "observe/recorded_values.h"

namespace berth::observe {
namespace {

constexpr std::int64_t second_nanoseconds = 1'000'000'000;
std::uint64_t nanoseconds_of(Duration d) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(d.count(), 0));
}

constexpr std::size_t statuses_kept_max = 32;  // of a path: senders choose them
constexpr std::string_view mark_name = "observer_mark";

/// Failed for the caller: the service's fault, not the caller's.
bool failed(int status) { return status >= 500 || status <= 0; }

}  // namespace

struct Observer::Sum {
  std::uint64_t value = 0;  // of the present second
  CountedSeries::Place place{};
};

struct Observer::PerStatus {
  int status;
  Sum requests{};
  std::uint64_t* for_ever = nullptr;  // of all paths
};

/// Few statuses come again and again. They are counted here alone; a second's end adds them up for
/// the service, and the latencies too.
struct Observer::PerPath {
  RecordedValues latency;
  std::vector<PerStatus> statuses;
  const std::string* path = nullptr;
  CountedSeries::Place place;
};

struct Observer::PerCall {
  RecordedValues latency;
  std::uint64_t errors = 0;
  const std::string* caller = nullptr;
  CountedSeries::Place place;
  CountedSeries::Place errors_place;
};

/// What the present second has counted of a service, and what is kept of it from one to the next.
/// What each request touches stands first.
struct Observer::Service {
  bool seen = false;  // in the present second
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t retries = 0;
  std::uint64_t queued = 0;
  SlowRequests slow;
  ByText<PerPath> paths;             // at most paths_per_service_max, and "/..."
  ByText<PerCall> calls;             // by who called
  std::vector<PerPath*> seen_paths;  // in the present second
  std::vector<PerCall*> seen_calls;
  Sums* sums = nullptr;
  const std::string* name = nullptr;

  Sum log_lines[4];
  std::vector<PerStatus> statuses;
  RecordedValues latency;
  CountedSeries::Place place;
  CountedSeries::Place bytes_in_place;
  CountedSeries::Place bytes_out_place;
  CountedSeries::Place retries_place;
  CountedSeries::Place queued_place;
};

Observer::Observer(World& world, SampleStore& store, Log log)
    : world_(world), log_(log), series_(world, log, store), events_(world, log, store) {}

Observer::~Observer() = default;

void Observer::start() {
  series_.resume();
  series_.each_sum("requests", [this](const SeriesKey& key, double sum) {
    auto status = parse_integer<int>(key.label("status"));
    if (!status.ok()) return;
    sums_[std::string(key.label("service"))][*status] = static_cast<std::uint64_t>(sum);
  });
  marked_ = static_cast<std::uint64_t>(series_.newest({std::string(mark_name), {}}).value_or(0));
  counted_until_ = present_second();
  scope_.add(tick_forever());
  scope_.add(commit_forever());
}

void Observer::keep_mark(std::int64_t second) {
  if (!mark_) return;  // not yet: what was marked before holds
  std::uint64_t mark = mark_();
  if (mark == marked_) return;
  marked_ = mark;
  series_.set({std::string(mark_name), {}}, static_cast<double>(mark), second);
}

std::int64_t Observer::present_second() const {
  return world_.clock.wall().nanoseconds / second_nanoseconds;
}

/// What the second that has begun counted is its own.
void Observer::stop() { hand_over(present_second()); }

Deferred<void> Observer::tick_forever() {
  for (;;) {
    // A little after the full second, so that its last records have come; from the exact time: a
    // turn that took long would have the second end before it does, and count it twice and never.
    std::int64_t wall = world_.clock.wall().nanoseconds;
    MonotonicTime now = world_.clock.exact_now();
    co_await world_.clock.until(now + Duration(second_nanoseconds - wall % second_nanoseconds) +
                                5ms);
    hand_over(present_second() - 1);
  }
}

/// Each second's series go to the log together, with those of others.
Deferred<void> Observer::commit_forever() {
  for (bool healthy = true;;) {
    co_await next_second();
    auto done = co_await series_.commit().result();
    if (!done.ok() && done.error().is(Code::cancelled)) co_return;  // the store's close writes it
    if (done.ok() == healthy) continue;
    healthy = done.ok();
    if (healthy) {
      log_.info("series are written to disk again");
    } else {
      log_.error("series are not written to disk; they stay in memory", {{"error", done.error()}});
    }
  }
}

Observer::Service& Observer::service(std::string_view name) {
  auto found = services_.find(name);
  if (found == services_.end()) {
    found = services_.emplace(std::string(name), std::make_unique<Service>()).first;
    found->second->name = &found->first;
    found->second->sums = &sums_[found->first];
  }
  return *found->second;
}

void Observer::seen_now(Service& service) {
  if (service.seen) return;
  service.seen = true;
  seen_.push_back(&service);
}

Observer::PerPath& Observer::path_of(Service& service, std::string_view target) {
  fold_path(target, folded_);
  auto found = service.paths.find(folded_);
  if (found == service.paths.end()) {
    bool many = service.paths.size() >= paths_per_service_max;
    found = service.paths.try_emplace(many ? "/..." : folded_).first;
    found->second.path = &found->first;
  }
  return found->second;
}

Observer::PerCall& Observer::call_of(Service& service, std::string_view caller) {
  auto found = service.calls.find(caller);
  if (found == service.calls.end()) {
    found = service.calls.try_emplace(std::string(caller)).first;
    found->second.caller = &found->first;
  }
  return found->second;
}

Observer::PerStatus& Observer::status_of(std::vector<PerStatus>& statuses, int status) {
  auto found = std::ranges::find(statuses, status, &PerStatus::status);
  if (found == statuses.end()) found = statuses.insert(found, {.status = status});
  return *found;
}

void Observer::note(Service& service, const RequestSeen& request) {
  seen_now(service);
  std::uint64_t took = nanoseconds_of(request.took);
  PerPath& path = path_of(service, request.target);
  if (path.latency.empty()) service.seen_paths.push_back(&path);
  path.latency.record(took);
  PerStatus& status = status_of(path.statuses, request.status);
  if (!status.for_ever) status.for_ever = &(*service.sums)[request.status];
  ++status.requests.value;
  ++*status.for_ever;
  service.bytes_in += request.bytes_in;
  service.bytes_out += request.bytes_out;
  service.retries += request.retries;
  service.queued += nanoseconds_of(request.waited);
  PerCall& call = call_of(service, request.caller);
  if (call.latency.empty()) service.seen_calls.push_back(&call);
  call.latency.record(took);
  if (failed(request.status)) ++call.errors;
  service.slow.note(request);
}

std::vector<SlowRequest> Observer::slowest(std::string_view service) const {
  auto found = services_.find(service);
  if (found == services_.end()) return {};
  return found->second->slow.slowest(world_.clock.wall());
}

void Observer::note_log_line(Service& service, std::string_view line) {
  note_log_line(service, log_level_of(line));
}

void Observer::note_log_line(Service& service, LogLevel level) {
  if (level >= LogLevel::off) return;
  seen_now(service);
  ++service.log_lines[static_cast<std::size_t>(level)].value;
}

template <class MakeKey>
void Observer::count(Sum& sum, MakeKey key, std::int64_t second) {
  series_.count(sum.place, key, static_cast<double>(std::exchange(sum.value, 0)), second);
}

void Observer::hand_over_path(Service& service, PerPath& path, std::int64_t second) {
  service.latency.add(path.latency);
  auto key = [&] {
    return SeriesKey{"path_latency", {{"path", *path.path}, {"service", *service.name}}};
  };
  series_.record(path.place, key, path.latency.take(), second);
  for (auto& each : path.statuses) {
    status_of(service.statuses, each.status).requests.value += each.requests.value;
    auto key_of_status = [&] {
      return SeriesKey{"path_requests",
                       {{"path", *path.path},
                        {"service", *service.name},
                        {"status", std::to_string(each.status)}}};
    };
    count(each.requests, key_of_status, second);
  }
  if (path.statuses.size() > statuses_kept_max) path.statuses.clear();
}

void Observer::hand_over_call(Service& service, PerCall& call, std::int64_t second) {
  auto key_of = [&](const char* name) {
    return SeriesKey{name, {{"from", *call.caller}, {"to", *service.name}}};
  };
  series_.record(call.place, [&] { return key_of("call_latency"); }, call.latency.take(), second);
  auto errors = static_cast<double>(std::exchange(call.errors, 0));
  series_.count(call.errors_place, [&] { return key_of("call_errors"); }, errors, second);
}

void Observer::hand_over(Service& seen, std::int64_t second) {
  auto key_of = [&](const char* of) { return SeriesKey{of, {{"service", *seen.name}}}; };
  auto count_sum = [&](CountedSeries::Place& place, const char* of, std::uint64_t& value,
                       double unit) {
    auto counted = static_cast<double>(std::exchange(value, 0)) * unit;
    series_.count(place, [&] { return key_of(of); }, counted, second);
  };
  for (PerPath* path : seen.seen_paths) hand_over_path(seen, *path, second);
  for (PerCall* call : seen.seen_calls) hand_over_call(seen, *call, second);
  series_.record(seen.place, [&] { return key_of("latency"); }, seen.latency.take(), second);
  for (auto& each : seen.statuses) {
    auto key = [&] {
      return SeriesKey{"requests",
                       {{"service", *seen.name}, {"status", std::to_string(each.status)}}};
    };
    count(each.requests, key, second);
  }
  count_sum(seen.bytes_in_place, "bytes_in", seen.bytes_in, 1);
  count_sum(seen.bytes_out_place, "bytes_out", seen.bytes_out, 1);
  count_sum(seen.retries_place, "retries", seen.retries, 1);
  count_sum(seen.queued_place, "queued_nanoseconds", seen.queued, 1e-9);
  for (std::size_t level = 0; level < 4; ++level) {
    auto key = [&] {
      std::string word(log_level_name(static_cast<LogLevel>(level)));
      return SeriesKey{"log_lines", {{"level", word}, {"service", *seen.name}}};
    };
    count(seen.log_lines[level], key, second);
  }
  if (seen.statuses.size() > statuses_kept_max) seen.statuses.clear();
  seen.seen_paths.clear();
  seen.seen_calls.clear();
  seen.seen = false;
}

void Observer::hand_over(std::int64_t second) {
  for (Service* seen : seen_) hand_over(*seen, second);
  seen_.clear();
  series_.end_second(second);
  keep_mark(second);
  counted_until_ = second + 1;
  while (!second_over_.empty()) second_over_.wake();
}

}  // namespace berth::observe
