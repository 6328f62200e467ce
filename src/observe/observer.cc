#include "observe/observer.h"

#include <algorithm>

#include "async/clock.h"
#include "base/strings.h"
#include "observe/log_level.h"
#include "observe/path_folding.h"

namespace berth::observe {
namespace {

constexpr std::int64_t second_nanoseconds = 1'000'000'000;
std::uint64_t nanoseconds_of(Duration d) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(d.count(), 0));
}

constexpr std::string_view mark_name = "observer_mark";

void add_one(std::vector<std::pair<int, std::uint64_t>>& counts, int status) {
  auto found = std::ranges::find(counts, status, &std::pair<int, std::uint64_t>::first);
  if (found == counts.end()) found = counts.insert(found, {status, 0});
  ++found->second;
}

/// Failed for the caller: the service's fault, not the caller's.
bool failed(int status) { return status >= 500 || status <= 0; }

}  // namespace

void Observer::start() {
  series_.resume();
  series_.each_sum("requests", [this](const SeriesKey& key, double sum) {
    auto status = parse_integer<int>(key.label("status"));
    if (!status.ok()) return;
    sums_[std::string(key.label("service"))][*status] = static_cast<std::uint64_t>(sum);
  });
  marked_ = static_cast<std::uint64_t>(series_.newest({std::string(mark_name), {}}).value_or(0));
  counted_until_ = world_.clock.wall().nanoseconds / second_nanoseconds;
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

void Observer::stop() { hand_over(); }

Deferred<void> Observer::tick_forever() {
  for (;;) {
    // A little after the full second, so that its last records have come; from the exact time: a
    // turn that took long would have the second end before it does, and count it twice and never.
    std::int64_t wall = world_.clock.wall().nanoseconds;
    MonotonicTime now = world_.clock.exact_now();
    co_await world_.clock.until(now + Duration(second_nanoseconds - wall % second_nanoseconds) +
                                5ms);
    hand_over();
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

Observer::PerService& Observer::service_of(std::string_view name) {
  auto found = services_.find(name);
  if (found == services_.end()) {
    found = services_.emplace(std::string(name), PerService()).first;
    found->second.sums = &sums_[found->first];
  }
  found->second.counted = true;
  return found->second;
}

Observer::PerPath& Observer::path_of(PerService& service, std::string_view target) {
  fold_path(target, folded_);
  auto found = service.paths.find(folded_);
  if (found != service.paths.end()) return found->second;
  bool many = service.paths.size() >= paths_per_service_max;
  return service.paths[many ? "/..." : folded_];
}

void Observer::note(const RequestSeen& request) {
  PerService& seen = service_of(request.service);
  std::uint64_t took = nanoseconds_of(request.took);
  seen.latency.record(took);
  PerPath& path = path_of(seen, request.target);
  path.latency.record(took);
  add_one(path.statuses, request.status);
  add_one(seen.statuses, request.status);
  ++(*seen.sums)[request.status];
  seen.bytes_in += request.bytes_in;
  seen.bytes_out += request.bytes_out;
  seen.retries += request.retries;
  seen.queued += nanoseconds_of(request.waited);
  auto call = seen.calls.find(request.caller);
  if (call == seen.calls.end()) {
    call = seen.calls.emplace(std::string(request.caller), PerCall()).first;
  }
  call->second.latency.record(took);
  if (failed(request.status)) ++call->second.errors;
  seen.slow.note(request);
}

std::vector<SlowRequest> Observer::slowest(std::string_view service) const {
  auto found = services_.find(service);
  if (found == services_.end()) return {};
  return found->second.slow.slowest(world_.clock.wall());
}

void Observer::note_log_line(std::string_view service, std::string_view line) {
  note_log_line(service, log_level_of(line));
}

void Observer::note_log_line(std::string_view service, LogLevel level) {
  if (level < LogLevel::off) ++service_of(service).log_lines[static_cast<std::size_t>(level)];
}

void Observer::hand_over_paths(const std::string& name, PerService& seen, std::int64_t second) {
  for (auto& [path, each] : seen.paths) {
    if (each.latency.empty()) continue;
    series_.record({"path_latency", {{"path", path}, {"service", name}}}, each.latency, second);
    for (auto& [status, requests] : each.statuses) {
      count({"path_requests",
             {{"path", path}, {"service", name}, {"status", std::to_string(status)}}},
            requests, second);
    }
    each = {};
  }
}

void Observer::hand_over_calls(const std::string& name, PerService& seen, std::int64_t second) {
  for (auto& [caller, call] : seen.calls) {
    if (call.latency.empty()) continue;
    std::map<std::string, std::string, std::less<>> labels{{"from", caller}, {"to", name}};
    series_.record({"call_latency", labels}, call.latency, second);
    count({"call_errors", labels}, call.errors, second);
    call = {};
  }
}

void Observer::hand_over(const std::string& name, PerService& seen, std::int64_t second) {
  series_.record({"latency", {{"service", name}}}, seen.latency, second);
  hand_over_paths(name, seen, second);
  hand_over_calls(name, seen, second);
  for (auto& [status, requests] : seen.statuses) {
    count({"requests", {{"service", name}, {"status", std::to_string(status)}}}, requests, second);
  }
  count({"bytes_in", {{"service", name}}}, seen.bytes_in, second);
  count({"bytes_out", {{"service", name}}}, seen.bytes_out, second);
  count({"retries", {{"service", name}}}, seen.retries, second);
  series_.count({"queued_nanoseconds", {{"service", name}}},
                static_cast<double>(seen.queued) * 1e-9, second);
  for (std::size_t level = 0; level < 4; ++level) {
    std::string word(log_level_name(static_cast<LogLevel>(level)));
    count({"log_lines", {{"level", word}, {"service", name}}}, seen.log_lines[level], second);
  }
  seen.latency.clear();
  seen.statuses.clear();
  seen.bytes_in = seen.bytes_out = seen.retries = seen.queued = 0;
  std::ranges::fill(seen.log_lines, 0);
  seen.counted = false;
}

void Observer::hand_over() {
  std::int64_t second = world_.clock.wall().nanoseconds / second_nanoseconds - 1;
  for (auto& [name, seen] : services_) {
    if (seen.counted) hand_over(name, seen, second);
  }
  series_.end_second(second);
  keep_mark(second);
  counted_until_ = second + 1;
  while (!second_over_.empty()) second_over_.wake();
}

}  // namespace berth::observe
