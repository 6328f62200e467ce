#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/chart.h"
#include "app/commands.h"
#include "app/exit_code.h"
#include "app/words.h"
#include "base/strings.h"
#include "base/units.h"
#include "http/url.h"

// berth metrics: series as charts in the terminal.

namespace berth::app {
namespace {

constexpr std::size_t label_columns = 8;
constexpr std::size_t columns_max = 120;

/// One chart: a series, what its title calls it, how its values are written.
struct Drawn {
  std::string_view name;
  std::string_view title;
  std::string (*label)(double);
  bool filled;
  const char* colour;
};
constexpr Drawn request_charts[] = {
    {"p50", "median latency", seconds_text, false, "36"},
    {"p99", "99 of 100 are faster than", seconds_text, false, "35"},
    {"rate", "requests/s", rate_text, true, "32"},
    {"errors", "errors", share_text, true, "31"},
};

std::string (*label_for_unit(std::string_view unit))(double) {
  if (unit == "s") return seconds_text;
  if (unit == "share") return share_text;
  return number_text;
}

/// The range of time asked for: in whole steps, so that there is about a point for each dot.
struct Range {
  std::int64_t from_ms;
  std::int64_t to_ms;
  std::int64_t step_s;

  std::string query() const {
    return fmt::format("&from={}&to={}&step={}", from_ms, to_ms, step_s);
  }
};

Range range_of(Session& session, Duration since, std::size_t columns) {
  std::int64_t seconds = std::max<std::int64_t>(since / 1s, 10);
  auto dots = static_cast<std::int64_t>(std::max<std::size_t>(columns, 40) * 2);
  std::int64_t step = std::max<std::int64_t>(1, (seconds + dots - 1) / dots);
  // Only what is over: the second that runs would look like a fall.
  std::int64_t now_s = session.reactor.wall().nanoseconds / 1'000'000'000;
  std::int64_t to = now_s / step * step;
  return {(to - seconds / step * step) * 1000, to * 1000, step};
}

std::string title_of(const Drawn& drawn, const Extent& extent, const Style& style) {
  std::string title = style.bold(drawn.title);
  if (!extent.last) return title + "  nothing measured";
  return fmt::format("{}  {} now, {} to {}", title, drawn.label(*extent.last),
                     drawn.label(*extent.least), drawn.label(*extent.most));
}

/// "15 min ago ... now", and above it where deploys were: "▲v3".
std::vector<std::string> time_axis(const Json& marks, const Range& range, std::size_t columns,
                                   const Style& style) {
  std::vector<std::string> lines;
  std::size_t width = columns - label_columns - 2;
  std::string begin(label_columns + 2, ' ');
  std::string deploys;
  for (auto& mark : marks.items()) {
    double share = static_cast<double>(mark["time"].integer().value_or(0) - range.from_ms) /
                   static_cast<double>(std::max<std::int64_t>(range.to_ms - range.from_ms, 1));
    auto at =
        static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(width - 1));
    if (shown_width(deploys) > at) continue;  // two at one place are shown as one
    deploys += std::string(at - shown_width(deploys), ' ') + "▲v" + text_of(mark["version"]) + " ";
  }
  if (!deploys.empty()) deploys.pop_back();
  if (!deploys.empty()) lines.push_back(begin + style.yellow(cut(deploys, width)));
  std::string ago = format_duration(Duration(1s) * ((range.to_ms - range.from_ms) / 1000)) + " ago";
  std::size_t gap = width > ago.size() + 3 ? width - ago.size() - 3 : 1;
  lines.push_back(begin + style.dim(ago + std::string(gap, ' ') + "now"));
  return lines;
}

void print_chart(const Output& output, const Drawn& drawn, const Points& points,
                 std::size_t columns) {
  ChartOptions options;
  options.columns = columns;
  options.label_columns = label_columns;
  options.filled = drawn.filled;
  options.label = drawn.label;
  options.colour = drawn.colour;
  output.line(title_of(drawn, extent_of(points), output.style));
  output.lines(draw_chart(points, options, output.style));
}

const Json& series_called(const Json& answer, std::string_view name) {
  static const Json none;
  for (auto& series : answer["series"].items()) {
    if (series["name"].string_or("") == name) return series["points"];
  }
  return none;
}

Deferred<int> one_service(Session& session, ApiClient& api, std::string service, Range range,
                          std::size_t columns) {
  Json answer = co_await api.get("/v1/series?service=" + service + "&name=p50,p99,rate,errors" +
                                 range.query());
  const Output& output = session.output;
  if (output.json) {
    output.line(answer.text());
    co_return exit_done;
  }
  output.line(fmt::format("{}, the last {}", output.style.bold(service),
                          format_duration(Duration(1s) * ((range.to_ms - range.from_ms) / 1000))));
  for (auto& drawn : request_charts) {
    print_chart(output, drawn, points_of(series_called(answer, drawn.name)), columns);
  }
  output.lines(time_axis(answer["marks"], range, columns, output.style));
  co_return exit_done;
}

std::string labels_of(const Json& series) {
  std::string out;
  for (auto& label : series["labels"].members()) {
    out += (out.empty() ? "" : ", ") + text_of(label.value);
  }
  return out;
}

/// A series by its name: a chart if there is one of it, else a line for each.
Deferred<int> one_name(Session& session, ApiClient& api, std::string name, std::string unit,
                       Range range, std::size_t columns) {
  Json answer =
      co_await api.get("/v1/series?service=*&name=" + http::percent_encode(name) + range.query());
  const Output& output = session.output;
  if (output.json) {
    output.line(answer.text());
    co_return exit_done;
  }
  auto& all = answer["series"].items();
  auto label = label_for_unit(unit);
  if (all.size() == 1) {
    print_chart(output, {name, name, label, false, "36"}, points_of(all.front()["points"]),
                columns);
    output.lines(time_axis(Json(), range, columns, output.style));
    co_return exit_done;
  }
  Table table({name, ">now", ">least", ">most", "oldest to newest"});
  for (auto& series : all) {
    Points points = points_of(series["points"]);
    Extent extent = extent_of(points);
    auto text = [&](std::optional<double> value) { return value ? label(*value) : "-"; };
    table.add({labels_of(series), text(extent.last), text(extent.least), text(extent.most),
               output.style.cyan(sparkline(points, 40))});
  }
  output.lines(table.lines(output.style));
  co_return exit_done;
}

Deferred<int> all_services(Session& session, ApiClient& api, Json names, Json state, Range range) {
  Json answer = co_await api.get("/v1/series?service=*&name=p50" + range.query());
  const Output& output = session.output;
  if (output.json) {
    output.line(answer.text());
    co_return exit_done;
  }
  Table table({"service", ">requests/s", ">errors", ">median", "median, oldest to newest"});
  for (auto& service : state["services"].items()) {
    Points points;
    for (auto& series : answer["series"].items()) {
      if (series["labels"]["service"] == service["name"]) points = points_of(series["points"]);
    }
    table.add({output.style.bold(text_of(service["name"])),
               rate_text(service["requests_per_second"]), share_text(service["errors_share"]),
               seconds_text(service["median_seconds"]),
               output.style.cyan(sparkline(points, points.empty() ? 0 : 40))});
  }
  output.lines(table.lines(output.style));
  std::string list;
  for (auto& name : names["names"].items()) {
    list += (list.empty() ? "" : ", ") + text_of(name["name"]);
  }
  if (!list.empty()) output.line(output.style.dim("series: " + list));
  output.line(output.style.dim("charts of one: berth metrics SERVICE, berth metrics SERIES"));
  co_return exit_done;
}

}  // namespace

Deferred<int> run(Session& session, MetricsArguments arguments) {
  ApiClient* api = co_await or_return(session.api());
  std::size_t columns = std::min(session.output.style.columns, columns_max);
  Range range = range_of(session, arguments.since, columns);
  Json state = co_await api->get("/v1/state");
  auto service = service_named(state, arguments.name);
  if (service.ok()) co_return co_await one_service(session, *api, *service, range, columns);
  Json names = co_await api->get("/v1/series/names");
  if (arguments.name.empty()) {
    co_return co_await all_services(session, *api, std::move(names), std::move(state), range);
  }
  std::vector<std::string> words;
  for (auto& name : names["names"].items()) {
    if (name["name"].string_or("") == arguments.name) {
      co_return co_await one_name(session, *api, arguments.name, text_of(name["unit"]), range,
                                  columns);
    }
    words.push_back(text_of(name["name"]));
  }
  for (auto& each : state["services"].items()) words.push_back(text_of(each["name"]));
  co_return Error(Code::not_found, "there is no service or series '" + printable(arguments.name) +
                                       "'" + nearest_hint(arguments.name, words));
}

}  // namespace berth::app
