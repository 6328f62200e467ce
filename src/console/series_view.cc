#include "console/series_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/strings.h"
#include "console/sentence.h"
#include "http/url.h"

namespace berth::console {
namespace {

constexpr std::int64_t points_wanted = 900;
constexpr std::int64_t second_nanoseconds = 1'000'000'000;

void write_points(JsonWriter& out, const std::vector<double>& points) {
  out.begin_array();
  for (double point : points) out.value(point);  // not a number becomes null
  out.end_array();
}

Result<std::int64_t> time_parameter(std::string_view query, const char* name, std::int64_t other) {
  std::string text = http::query_value(query, name);
  if (text.empty()) return other;
  auto value = parse_integer<std::int64_t>(text, 0, 1'000'000'000'000'000);
  if (!value.ok()) {
    return Error(Code::invalid, fmt::format("'{}' must be a whole number, found '{}'", name, text));
  }
  return *value;
}

}  // namespace

void write_marks(JsonWriter& out, const Sources& sources, std::string_view service,
                 std::int64_t from, std::int64_t to) {
  struct Mark {
    WallTime time;
    bool back;
    std::string service;
    std::uint64_t version;
    std::string alert = {};
  };
  std::vector<Mark> marks;
  for (auto& each : sources.alert_marks ? sources.alert_marks() : std::vector<AlertMark>()) {
    std::int64_t at = each.time.nanoseconds / second_nanoseconds;
    bool elsewhere = service != "*" && service != each.service;
    if (elsewhere || at < from || at > to) continue;
    marks.push_back({each.time, false, each.service, 0, each.text});
  }
  for (auto& [name, desired] : sources.mirror.state().services) {
    if (service != "*" && service != name) continue;
    for (auto& rollout : desired.rollouts) {
      std::int64_t at = rollout.started.nanoseconds / second_nanoseconds;
      if (rollout.from == rollout.to || at < from || at > to) continue;
      marks.push_back(
          {rollout.started, rollout.automatic || rollout.to < rollout.from, name, rollout.to});
    }
  }
  std::ranges::sort(marks, {}, &Mark::time);
  out.begin_array();
  for (auto& mark : marks) {
    out.begin_object().member("time", milliseconds(mark.time));
    if (!mark.alert.empty()) {
      out.member("kind", "alert").member("service", mark.service);
      out.member("text", mark.alert).end_object();
      continue;
    }
    out.member("kind", mark.back ? "rollback" : "deploy");
    out.member("service", mark.service).member("version", mark.version).end_object();
  }
  out.end_array();
}

Result<SeriesRequest> series_request(std::string_view query, std::int64_t now) {
  SeriesRequest request;
  if (auto service = http::query_value(query, "service"); !service.empty()) {
    request.service = service;
  }
  for (auto name : split(http::query_value(query, "name"), ',')) {
    if (!trim(name).empty()) request.names.emplace_back(trim(name));
  }
  if (request.names.empty()) {
    return Error(Code::invalid,
                 "'name' is missing: one or more of rate, errors, p50, ... "
                 "(GET /v1/series/names tells all)");
  }
  std::string by = http::query_value(query, "by");
  if (!by.empty() && by != "path") {
    return Error(Code::invalid, fmt::format("'by' can be path, found '{}'", by));
  }
  request.by_path = by == "path";
  request.to = TRY(time_parameter(query, "to", now * 1000)) / 1000;
  request.from = TRY(time_parameter(query, "from", (request.to - 900) * 1000)) / 1000;
  std::int64_t least =
      std::max<std::int64_t>(1, (request.to - request.from + points_wanted - 1) / points_wanted);
  request.step = TRY(time_parameter(query, "step", least));
  return request;
}

Deferred<std::string> series_json(const Sources& sources, SeriesRequest request,
                                  std::int64_t until) {
  std::int64_t asked_to = request.to;
  request = co_await or_return(fit_series(sources, std::move(request), until));
  observe::LoadedSeries loaded;
  if (request.from < request.to) loaded = co_await sources.series.load(series_range(request));
  SeriesLines answer = co_await or_return(read_series(sources, loaded, request));
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  out.member("from", answer.from * 1000).member("step", answer.step);
  out.key("series").begin_array();
  for (auto& line : answer.lines) {
    out.begin_object().member("name", line.name);
    out.key("labels").begin_object();
    for (auto& [label, value] : line.labels) out.member(label, value);
    out.end_object();
    write_points(out.key("points"), line.points);
    out.end_object();
  }
  out.end_array();
  write_marks(out.key("marks"), sources, request.service, answer.from, asked_to);
  out.end_object();
  co_return text;
}

std::string series_names_json(const Sources& sources) {
  auto called = sources.series.label_values("latency", "service");  // with requests
  auto logged = sources.series.label_values("log_lines", "service");
  std::string text;
  JsonWriter out(text);
  out.begin_object().key("names").begin_array();
  auto write_name = [&](std::string_view name, std::string_view unit,
                        const std::set<std::string>& services) {
    out.begin_object().member("name", name).member("unit", unit);
    out.key("services").begin_array();
    for (auto& service : services) out.value(service);
    out.end_array().end_object();
  };
  for (auto& each : request_series()) {
    write_name(each.name, each.unit, each.name.starts_with("log_") ? logged : called);
  }
  for (auto& name : event_names(sources)) write_name(name, "", {});
  out.end_array().end_object();
  return text;
}

std::string point_json(const Sources& sources, std::int64_t second, std::int64_t until) {
  SeriesRequest request;
  request.names = {"rate",       "errors",     "p50",        "p90",       "p99",
                   "status_2xx", "status_3xx", "status_4xx", "status_5xx"};
  request.from = second;
  request.to = second + 1;
  std::map<std::string, std::vector<std::pair<std::string, double>>> services;
  auto fitting = fit_series(sources, request, until);
  observe::LoadedSeries loaded;
  if (fitting.ok()) loaded = sources.series.recent(series_range(*fitting));
  // More services than one answer may have series: name by name, each within the limit.
  for (auto& name : request.names) {
    if (!fitting.ok()) break;
    fitting->names = {name};
    auto answer = read_series(sources, loaded, *fitting);
    if (!answer.ok()) continue;
    for (auto& line : answer->lines) {
      double value =
          line.points.empty() ? std::numeric_limits<double>::quiet_NaN() : line.points.front();
      services[line.labels.front().second].emplace_back(name, value);
    }
  }
  std::string text;
  JsonWriter out(text);
  out.begin_object().member("time", second * 1000).key("services").begin_object();
  for (auto& [service, values] : services) {
    out.key(service).begin_object();
    for (auto& [name, value] : values) out.member(name, value);
    out.end_object();
  }
  out.end_object().end_object();
  return text;
}

}  // namespace berth::console
