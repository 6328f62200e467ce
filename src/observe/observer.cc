#include "observe/observer.h"

#include <cmath>

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

/// Failed for the caller: the service's fault, not the caller's.
bool failed(int status) { return status >= 500 || status <= 0; }

}  // namespace

void Observer::start() {
  for (const SeriesKey* key : store_.keys("requests_total")) {
    std::int64_t now = world_.clock.wall().nanoseconds / second_nanoseconds;
    SeriesQuery query{"requests_total", {}, {}, Fold::value, now - 7 * 86400, now + 60, 3600};
    for (auto& [label, value] : key->labels) query.labels.emplace_back(label, value);
    auto answers = store_.query(query);
    auto status = parse_integer<int>(key->label("status"));
    if (!answers.ok() || answers->empty() || !status.ok()) continue;
    double last = 0;
    for (double point : answers->front().points) {
      if (!std::isnan(point)) last = point;
    }
    sums_[std::string(key->label("service"))][*status] = static_cast<std::uint64_t>(last);
  }
  scope_.add(tick_forever());
}

void Observer::stop() { hand_over(); }

Deferred<void> Observer::tick_forever() {
  for (;;) {
    // A little after the full second, so that its last records have come.
    std::int64_t wall = world_.clock.wall().nanoseconds;
    co_await world_.clock.after(Duration(second_nanoseconds - wall % second_nanoseconds) + 5ms);
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
  seen.paths[path_of(request.service, request.target)].record(took);
  ++seen.statuses[request.status];
  ++sums_[service][request.status];
  seen.bytes_in += request.bytes_in;
  seen.bytes_out += request.bytes_out;
  seen.retries += request.retries;
  seen.queued += nanoseconds_of(request.waited);
  PerCall& call = calls_[{std::string(request.caller), service}];
  call.latency.record(took);
  if (failed(request.status)) ++call.errors;
  keep_notable(request);
}

void Observer::keep_notable(const RequestSeen& request) {
  // The slowest of the last ten minutes and every failed one, the oldest going first.
  auto& kept = notable_[std::string(request.service)];
  while (!kept.empty() && request.ended - kept.front().ended > 10min) kept.pop_front();
  if (kept.size() >= notable_per_service_max) {
    auto fastest = kept.end();
    for (auto each = kept.begin(); each != kept.end(); ++each) {
      if (failed(each->status)) continue;
      if (fastest == kept.end() || each->took < fastest->took) fastest = each;
    }
    bool better = failed(request.status) || (fastest != kept.end() && request.took > fastest->took);
    if (!better) return;
    kept.erase(fastest == kept.end() ? kept.begin() : fastest);
  }
  kept.push_back({request.ended, std::string(request.method),
                  std::string(request.target.substr(0, 200)), request.status, request.took,
                  request.waited, std::string(request.instance), std::string(request.caller),
                  std::string(request.termination)});
}

const std::deque<NotableRequest>& Observer::notable(std::string_view service) const {
  static const std::deque<NotableRequest> none;
  auto found = notable_.find(service);
  return found == notable_.end() ? none : found->second;
}

void Observer::note_log_line(std::string_view service, std::string_view line) {
  auto level = static_cast<std::size_t>(log_level_of(line));
  auto found = services_.find(service);
  if (found == services_.end()) found = services_.emplace(std::string(service), PerService()).first;
  if (level < 4) ++found->second.log_lines[level];
}

void Observer::note(const Event& event) {
  if (!event.metric || event.service.empty()) return;
  Series* series = store_.find_or_make({event.service, {{"host", event.host}}}, SeriesKind::gauge);
  if (series) store_.add(*series, event.time.nanoseconds / second_nanoseconds, *event.metric);
}

void Observer::hand_over(const std::string& name, const PerService& seen, std::int64_t second) {
  auto histogram = [&](SeriesKey key, const Histogram& value) {
    Series* series = value.empty() ? nullptr : store_.find_or_make(key, SeriesKind::histogram);
    if (series) store_.add(*series, second, value);
  };
  auto counter = [&](SeriesKey key, std::uint64_t value) {
    Series* series = value == 0 ? nullptr : store_.find_or_make(key, SeriesKind::counter);
    if (series) store_.add(*series, second, static_cast<double>(value));
  };
  histogram({"latency", {{"service", name}}}, seen.latency);
  for (auto& [path, latency] : seen.paths) {
    histogram({"path_latency", {{"path", path}, {"service", name}}}, latency);
  }
  for (auto& [status, count] : seen.statuses) {
    std::string text = std::to_string(status);
    counter({"requests", {{"service", name}, {"status", text}}}, count);
    Series* total = store_.find_or_make({"requests_total", {{"service", name}, {"status", text}}},
                                        SeriesKind::gauge);
    if (total) store_.add(*total, second, static_cast<double>(sums_[name][status]));
  }
  counter({"bytes_in", {{"service", name}}}, seen.bytes_in);
  counter({"bytes_out", {{"service", name}}}, seen.bytes_out);
  counter({"retries", {{"service", name}}}, seen.retries);
  counter({"queued_nanoseconds", {{"service", name}}}, seen.queued);
  for (std::size_t level = 0; level < 4; ++level) {
    std::string word(log_level_name(static_cast<LogLevel>(level)));
    counter({"log_lines", {{"level", word}, {"service", name}}}, seen.log_lines[level]);
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
    if (call.errors == 0) continue;
    Series* errors = store_.find_or_make({"call_errors", labels}, SeriesKind::counter);
    if (errors) store_.add(*errors, second, static_cast<double>(call.errors));
  }
  services_.clear();
  calls_.clear();
}

}  // namespace berth::observe
