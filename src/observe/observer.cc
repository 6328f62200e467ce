#include "observe/observer.h"

#include <cmath>
#include <optional>

#include "async/clock.h"
#include "base/strings.h"
#include "observe/log_level.h"
#include "observe/path_folding.h"

namespace berth::observe {
namespace {

constexpr std::int64_t second_nanoseconds = 1'000'000'000;
constexpr std::int64_t sums_kept_every = 3600;  // seconds

std::uint64_t nanoseconds_of(Duration d) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(d.count(), 0));
}

constexpr std::string_view mark_name = "observer_mark";

/// The newest reading of a gauge within a week; nothing if there is none.
std::optional<double> newest_of(const SeriesStore& store, const SeriesKey& key, std::int64_t now) {
  SeriesQuery query{key.name, {}, {}, Fold::value, now - 7 * 86400, now + 60, 3600};
  for (auto& [label, value] : key.labels) query.labels.emplace_back(label, value);
  auto answers = store.query(query);
  std::optional<double> last;
  if (!answers.ok() || answers->empty()) return last;
  for (double point : answers->front().points) {
    if (!std::isnan(point)) last = point;
  }
  return last;
}

/// Failed for the caller: the service's fault, not the caller's.
bool failed(int status) { return status >= 500 || status <= 0; }

}  // namespace

void Observer::start() {
  std::int64_t now = world_.clock.wall().nanoseconds / second_nanoseconds;
  read_sums(now);
  SeriesKey mark{std::string(mark_name), {}};
  marked_ = static_cast<std::uint64_t>(newest_of(store_, mark, now).value_or(0));
  counted_until_ = now;
  sums_kept_at_ = counted_until_;
  scope_.add(tick_forever());
}

void Observer::read_sums(std::int64_t now) {
  for (const SeriesKey* key : store_.keys("requests_total")) {
    auto status = parse_integer<int>(key->label("status"));
    if (!status.ok()) continue;
    auto last = newest_of(store_, *key, now);
    if (!last) continue;
    sums_[std::string(key->label("service"))][*status] = static_cast<std::uint64_t>(*last);
  }
}

void Observer::keep_mark(std::int64_t second) {
  if (!mark_) return;  // not yet: what was marked before holds
  std::uint64_t mark = mark_();
  if (mark == marked_) return;
  marked_ = mark;
  Series* series = store_.find_or_make({std::string(mark_name), {}}, SeriesKind::gauge);
  if (series) store_.add(*series, second, static_cast<double>(mark));
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

std::string Observer::path_of(std::string_view service, std::string_view target) {
  std::string path = fold_path(target);
  auto& known = known_paths_[std::string(service)];
  if (known.contains(path)) return path;
  if (known.size() >= paths_per_service_max) return "/...";
  known.emplace(path, true);
  return path;
}

void Observer::note(const RequestSeen& request) {
  std::string service(request.service);
  PerService& seen = services_[service];
  std::uint64_t took = nanoseconds_of(request.took);
  seen.latency.record(took);
  PerPath& path = seen.paths[path_of(request.service, request.target)];
  path.latency.record(took);
  ++path.statuses[request.status];
  ++seen.statuses[request.status];
  ++sums_[service][request.status];
  seen.bytes_in += request.bytes_in;
  seen.bytes_out += request.bytes_out;
  seen.retries += request.retries;
  seen.queued += nanoseconds_of(request.waited);
  PerCall& call = calls_[{std::string(request.caller), service}];
  call.latency.record(took);
  if (failed(request.status)) ++call.errors;
  slow_[service].note(request);
}

std::vector<SlowRequest> Observer::slowest(std::string_view service) const {
  auto found = slow_.find(service);
  if (found == slow_.end()) return {};
  return found->second.slowest(world_.clock.wall());
}

void Observer::note_log_line(std::string_view service, std::string_view line) {
  note_log_line(service, log_level_of(line));
}

void Observer::note_log_line(std::string_view service, LogLevel level) {
  auto found = services_.find(service);
  if (found == services_.end()) found = services_.emplace(std::string(service), PerService()).first;
  if (level < LogLevel::off) ++found->second.log_lines[static_cast<std::size_t>(level)];
}

void Observer::note(const Event& event) {
  if (!event.metric || event.service.empty()) return;
  Series* series = store_.find_or_make({event.service, {{"host", event.host}}}, SeriesKind::gauge);
  if (series) store_.add(*series, event.time.nanoseconds / second_nanoseconds, *event.metric);
}

void Observer::count(SeriesKey key, std::uint64_t value, std::int64_t second) {
  Series* series = value == 0 ? nullptr : store_.find_or_make(key, SeriesKind::counter);
  if (series) store_.add(*series, second, static_cast<double>(value));
}

void Observer::hand_over_paths(const std::string& name, const PerService& seen,
                               std::int64_t second) {
  for (auto& [path, each] : seen.paths) {
    Series* latency = store_.find_or_make({"path_latency", {{"path", path}, {"service", name}}},
                                          SeriesKind::histogram);
    if (latency) store_.add(*latency, second, each.latency);
    for (auto& [status, requests] : each.statuses) {
      count({"path_requests",
             {{"path", path}, {"service", name}, {"status", std::to_string(status)}}},
            requests, second);
    }
  }
}

void Observer::keep_sums(const std::string& name, const Sums& sums, std::int64_t second) {
  for (auto& [status, sum] : sums) {
    Series* total = store_.find_or_make(
        {"requests_total", {{"service", name}, {"status", std::to_string(status)}}},
        SeriesKind::gauge);
    if (total) store_.add(*total, second, static_cast<double>(sum));
  }
}

void Observer::hand_over(const std::string& name, const PerService& seen, std::int64_t second) {
  if (!seen.latency.empty()) {
    Series* latency = store_.find_or_make({"latency", {{"service", name}}}, SeriesKind::histogram);
    if (latency) store_.add(*latency, second, seen.latency);
  }
  hand_over_paths(name, seen, second);
  Sums changed;
  for (auto& [status, requests] : seen.statuses) {
    count({"requests", {{"service", name}, {"status", std::to_string(status)}}}, requests, second);
    changed[status] = sums_[name][status];
  }
  keep_sums(name, changed, second);
  count({"bytes_in", {{"service", name}}}, seen.bytes_in, second);
  count({"bytes_out", {{"service", name}}}, seen.bytes_out, second);
  count({"retries", {{"service", name}}}, seen.retries, second);
  count({"queued_nanoseconds", {{"service", name}}}, seen.queued, second);
  for (std::size_t level = 0; level < 4; ++level) {
    std::string word(log_level_name(static_cast<LogLevel>(level)));
    count({"log_lines", {{"level", word}, {"service", name}}}, seen.log_lines[level], second);
  }
}

void Observer::hand_over() {
  std::int64_t second = world_.clock.wall().nanoseconds / second_nanoseconds - 1;
  for (auto& [name, seen] : services_) hand_over(name, seen, second);
  for (auto& [pair, call] : calls_) {
    std::map<std::string, std::string, std::less<>> labels{{"from", pair.first},
                                                           {"to", pair.second}};
    Series* latency = store_.find_or_make({"call_latency", labels}, SeriesKind::histogram);
    if (latency) store_.add(*latency, second, call.latency);
    count({"call_errors", labels}, call.errors, second);
  }
  services_.clear();
  calls_.clear();
  // A sum that has not changed for long must not leave the files with what is too old.
  if (second - sums_kept_at_ >= sums_kept_every) {
    sums_kept_at_ = second;
    for (auto& [name, sums] : sums_) keep_sums(name, sums, second);
  }
  keep_mark(second);
  counted_until_ = second + 1;
  while (!second_over_.empty()) second_over_.wake();
}

}  // namespace berth::observe
