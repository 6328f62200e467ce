#include "console/series_read.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>

#include "base/strings.h"
#include "console/lookup.h"
#include "console/traffic.h"

namespace berth::console {
namespace {

using observe::Fold;
using Points = std::vector<double>;
/// By service and path; the path is empty where it is not asked for.
using Grouped = std::map<std::pair<std::string, std::string>, Points>;

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t second_nanoseconds = 1'000'000'000;

constexpr RequestSeries all_request_series[] = {
    {"rate", "1/s"},
    {"errors", "share"},
    {"mean", "s"},
    {"p50", "s"},
    {"p90", "s"},
    {"p99", "s"},
    {"status_2xx", "1/s"},
    {"status_3xx", "1/s"},
    {"status_4xx", "1/s"},
    {"status_5xx", "1/s"},
    {"bytes_in", "bytes/s"},
    {"bytes_out", "bytes/s"},
    {"log_warnings", "1/s"},
    {"log_errors", "1/s"},
};

/// How a percentile or mean is computed; nothing for what is counted.
std::optional<Fold> latency_fold(std::string_view name) {
  if (name == "mean") return Fold::mean;
  if (name == "p50") return Fold::p50;
  if (name == "p90") return Fold::p90;
  if (name == "p99") return Fold::p99;
  return std::nullopt;
}

const RequestSeries* find_request_series(std::string_view name) {
  auto found = std::ranges::find(all_request_series, name, &RequestSeries::name);
  return found == std::end(all_request_series) ? nullptr : &*found;
}

/// Reads the series of services for one request.
class ServiceSeries {
 public:
  ServiceSeries(const Sources& sources, const observe::LoadedSeries& series,
                const SeriesRequest& request)
      : sources_(sources), series_(series), request_(request) {}

  Result<Grouped> read(const RequestSeries& wanted) {
    Grouped all = TRY(counted(wanted));
    add_known_services(wanted, all);
    if (!latency_fold(wanted.name) && wanted.name != "errors") {
      for (auto& [key, points] : all) fill(key.first, points);
    }
    return all;
  }

 private:
  std::size_t size() const {
    return static_cast<std::size_t>((request_.to - request_.from) / request_.step);
  }
  std::string requests_name() const { return request_.by_path ? "path_requests" : "requests"; }

  Result<Grouped> counted(const RequestSeries& wanted) {
    std::string_view name = wanted.name;
    auto any = [](std::string_view) { return true; };
    if (auto fold = latency_fold(name)) return latency(*fold);
    if (name == "rate") return sum(requests_name(), "status", any);
    if (name == "errors") return errors();
    if (name.starts_with("status_")) {
      char first = name[7];
      return sum(requests_name(), "status",
                 [first](std::string_view status) { return status.front() == first; });
    }
    if (request_.by_path) {
      return Error(Code::invalid, fmt::format("'{}' is not counted by path", name));
    }
    if (name.starts_with("log_")) {
      std::string_view level = name == "log_errors" ? "error" : "warning";
      return sum("log_lines", "level", [level](std::string_view each) { return each == level; });
    }
    return sum(std::string(name), "service", any);
  }

  std::vector<std::string> labels(std::string more = "") const {
    std::vector<std::string> by{"service"};
    if (request_.by_path) by.emplace_back("path");
    if (!more.empty() && more != "service") by.push_back(std::move(more));
    return by;
  }
  Result<std::vector<observe::SeriesAnswer>> ask(std::string name, std::vector<std::string> by,
                                                 Fold fold) {
    observe::SeriesQuery query{std::move(name), {},          std::move(by), fold,
                               request_.from,   request_.to, request_.step};
    if (request_.service != "*") query.labels.emplace_back("service", request_.service);
    return series_.query(query);
  }
  static std::pair<std::string, std::string> key_of(observe::SeriesAnswer& answer) {
    return {answer.labels["service"], answer.labels["path"]};
  }

  /// The counters of a name per second, those added whose `label` is wanted.
  Result<Grouped> sum(std::string name, std::string label,
                      const std::function<bool(std::string_view)>& wanted) {
    Grouped all;
    for (auto& answer : TRY(ask(std::move(name), labels(label), Fold::value))) {
      auto key = key_of(answer);
      if (key.first.empty()) continue;
      auto& points = all.try_emplace(key, answer.points.size(), unknown).first->second;
      if (!wanted(answer.labels[label])) continue;
      for (std::size_t i = 0; i < points.size(); ++i) {
        if (std::isnan(answer.points[i])) continue;
        double rate = answer.points[i] / static_cast<double>(request_.step);
        points[i] = std::isnan(points[i]) ? rate : points[i] + rate;
      }
    }
    return all;
  }

  Result<Grouped> errors() {
    auto of_status = [](std::string_view text) {
      auto status = parse_integer<int>(text);
      return status.ok() && is_error(*status);
    };
    Grouped all = TRY(sum(requests_name(), "status", [](std::string_view) { return true; }));
    Grouped failed = TRY(sum(requests_name(), "status", of_status));
    for (auto& [key, points] : all) {
      auto& bad = failed[key];
      for (std::size_t i = 0; i < points.size(); ++i) {
        if (std::isnan(points[i])) continue;
        points[i] = (std::isnan(bad[i]) ? 0 : bad[i]) / points[i];
      }
    }
    return all;
  }

  Result<Grouped> latency(Fold fold) {
    Grouped all;
    std::string name = request_.by_path ? "path_latency" : "latency";
    for (auto& answer : TRY(ask(name, labels(), fold))) {
      auto key = key_of(answer);
      if (!key.first.empty()) all[key] = std::move(answer.points);
    }
    return all;
  }

  /// A service that nobody called yet has its line too; without a port it has none of requests.
  void add_known_services(const RequestSeries& wanted, Grouped& all) {
    if (request_.by_path) return;
    for (auto& [name, desired] : sources_.mirror.state().services) {
      bool has = desired.spec().has_port || wanted.name.starts_with("log_");
      if (!has || (request_.service != "*" && request_.service != name)) continue;
      all.try_emplace({name, ""}, size(), unknown);
    }
  }

  /// Nothing counted is 0 from when the service is known on.
  void fill(const std::string& service, Points& points) {
    auto& services = sources_.mirror.state().services;
    std::int64_t known = std::numeric_limits<std::int64_t>::max();
    if (auto found = services.find(service); found != services.end()) {
      for (auto& version : found->second.versions) {
        known = std::min(known, version.deployed.nanoseconds / second_nanoseconds);
      }
    }
    bool seen = false;
    for (std::size_t i = 0; i < points.size(); ++i) {
      seen |= !std::isnan(points[i]);
      std::int64_t begin = request_.from + static_cast<std::int64_t>(i) * request_.step;
      if (std::isnan(points[i]) && (seen || begin >= known)) points[i] = 0;
    }
  }

  const Sources& sources_;
  const observe::LoadedSeries& series_;
  const SeriesRequest& request_;
};

/// A Riemann client's metrics of that name, a line a host.
Result<std::vector<SeriesLine>> event_lines(const observe::LoadedSeries& series,
                                            const SeriesRequest& request, const std::string& name) {
  std::vector<SeriesLine> lines;
  auto answers =
      TRY(series.query({name, {}, {}, Fold::value, request.from, request.to, request.step}));
  for (auto& answer : answers) {
    if (answer.labels.size() != 1 || !answer.labels.contains("host")) continue;
    lines.push_back({name, {{"host", answer.labels["host"]}}, std::move(answer.points)});
  }
  return lines;
}

Error no_such_series(const Sources& sources, const std::string& name) {
  std::vector<std::string_view> words;
  for (auto& each : all_request_series) words.push_back(each.name);
  auto events = event_names(sources);
  words.insert(words.end(), events.begin(), events.end());
  auto nearest = nearest_word(name, words);
  return Error(Code::not_found,
               fmt::format("there is no series '{}'", name) +
                   (nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
}

}  // namespace

Result<SeriesRequest> fit_series(const Sources& sources, SeriesRequest request,
                                 std::int64_t until) {
  if (request.step < 1 || request.to <= request.from) {
    return Error(Code::invalid, "'step' must be at least 1 and 'to' behind 'from'");
  }
  std::int64_t grain = sources.series.resolution(request.from);
  request.step = (request.step + grain - 1) / grain * grain;
  request.from -= request.from % request.step;
  std::int64_t to = std::max(std::min(request.to, until), request.from);
  request.to = to - (to - request.from) % request.step;
  auto points = static_cast<std::size_t>((request.to - request.from) / request.step);
  if (points > observe::LoadedSeries::query_points_max) {
    return Error(Code::invalid, fmt::format("{} points a series, {} are the most; ask for a larger "
                                            "'step'",
                                            points, observe::LoadedSeries::query_points_max));
  }
  return request;
}

observe::SeriesRange series_range(const SeriesRequest& request) {
  std::set<std::string> names;
  for (auto& name : request.names) {
    bool counted = name == "rate" || name == "errors" || name.starts_with("status_");
    if (latency_fold(name)) {
      names.insert(request.by_path ? "path_latency" : "latency");
    } else if (counted) {
      names.insert(request.by_path ? "path_requests" : "requests");
    } else {
      names.insert(name.starts_with("log_") ? "log_lines" : name);
    }
  }
  // A Riemann client's metrics have no service.
  bool all = request.service == "*" ||
             std::ranges::any_of(request.names, [](auto& n) { return !find_request_series(n); });
  return {{names.begin(), names.end()}, all ? "" : request.service, request.from, request.to};
}

std::set<std::string> event_names(const Sources& sources) { return sources.series.event_names(); }

std::span<const RequestSeries> request_series() { return all_request_series; }

Result<SeriesLines> read_series(const Sources& sources, const observe::LoadedSeries& series,
                                const SeriesRequest& request) {
  SeriesLines answer{request.from, request.step, {}};
  bool none = request.to == request.from;
  ServiceSeries services(sources, series, request);
  for (auto& name : request.names) {
    if (auto* wanted = find_request_series(name)) {
      if (none) continue;
      for (auto& [key, points] : TRY(services.read(*wanted))) {
        SeriesLine line{name, {{"service", key.first}}, std::move(points)};
        if (request.by_path) line.labels.emplace_back("path", key.second);
        answer.lines.push_back(std::move(line));
      }
    } else if (!event_names(sources).contains(name)) {
      return no_such_series(sources, name);
    } else if (!none) {
      for (auto& line : TRY(event_lines(series, request, name))) {
        answer.lines.push_back(std::move(line));
      }
    }
  }
  bool known = request.service == "*" || !answer.lines.empty() ||
               sources.mirror.state().services.contains(request.service);
  if (!known) return no_such_service(sources.mirror.state(), request.service);
  if (answer.lines.size() > series_max) {
    return Error(Code::invalid, fmt::format("{} series, {} are the most of one answer; ask for one "
                                            "service or fewer names",
                                            answer.lines.size(), series_max));
  }
  return answer;
}

}  // namespace berth::console
