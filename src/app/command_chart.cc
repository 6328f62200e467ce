#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <limits>

#include "app/chart.h"
#include "app/commands.h"
#include "app/exit_code.h"
#include "app/tables.h"
#include "app/words.h"
#include "base/json_writer.h"
#include "base/strings.h"
#include "base/units.h"
#include "console/dashboard.h"
#include "console/dashboards.h"
#include "console/picture/chart_picture.h"
#include "console/picture/png.h"

// berth chart: an expression of PromQL, or a dashboard, as a picture or as lines in the terminal.

namespace berth::app {
namespace {

using console::Dashboard;
using console::Panel;

constexpr std::int64_t points_wanted = 900;
constexpr std::int64_t steps[] = {1,   2,   5,    10,   15,   30,    60,    120,  300,
                                  600, 900, 1800, 3600, 7200, 14400, 43200, 86400};
constexpr int letter_scale = 2;  // chats show pictures smaller than they are
constexpr int dashboard_column = 150;
constexpr int dashboard_row = 84;
constexpr int gap = 16;

/// What is asked for, in milliseconds.
struct Range {
  std::int64_t from;
  std::int64_t to;
  std::int64_t step;
};

Range range_of(Session& session, Duration since) {
  std::int64_t seconds = std::max<std::int64_t>(since / 1s, 10);
  auto* step = std::ranges::find_if(
      steps, [&](std::int64_t each) { return seconds / each <= points_wanted; });
  std::int64_t apart = (step == std::end(steps) ? steps[std::size(steps) - 1] : *step) * 1000;
  std::int64_t now = session.reactor.wall().nanoseconds / 1'000'000;
  return {(now - seconds * 1000) / apart * apart, now, apart};
}

std::function<std::string(double)> format_of(const std::string& unit) {
  return [unit](double value) -> std::string {
    if (std::isnan(value)) return "-";
    if (unit == "s") return seconds_text(value);
    if (unit == "share") return share_text(value);
    if (unit.starts_with("bytes")) {
      std::string size = format_size(static_cast<std::int64_t>(std::llround(value)));
      return unit == "bytes" ? size : size + "/s";
    }
    if (unit == "1/s") return number_text(value) + "/s";
    return number_text(value) + (unit.empty() ? "" : " " + unit);
  };
}

/// A dashboard made of one expression.
Dashboard of_expression(const ChartArguments& arguments, picture::PanelKind kind) {
  Panel panel;
  panel.title = arguments.title.empty() ? arguments.what : arguments.title;
  panel.kind = kind;
  panel.unit = arguments.unit;
  panel.logarithmic = arguments.logarithmic;
  panel.queries.push_back({arguments.what, arguments.legend});
  panel.place.columns = Dashboard::grid_columns;
  Dashboard dashboard;
  dashboard.title = panel.title;
  dashboard.range = 1h;
  dashboard.panels.push_back(std::move(panel));
  return dashboard;
}

Result<void> set_variables(Dashboard& dashboard, const std::vector<std::string>& given) {
  for (auto& each : given) {
    auto parts = split_once(each, '=');
    if (!parts) return Error(Code::invalid, "--var must be NAME=VALUE, found '" + each + "'");
    auto found =
        std::ranges::find(dashboard.variables, parts->first, &console::DashboardVariable::name);
    if (found == dashboard.variables.end()) {
      std::vector<std::string> names;
      for (auto& variable : dashboard.variables) names.push_back(variable.name);
      return Error(Code::not_found, "there is no variable '" + std::string(parts->first) + "'" +
                                        nearest_hint(std::string(parts->first), names));
    }
    found->value = parts->second;
  }
  return {};
}

std::string question(const Dashboard& dashboard, const Range& range) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().member("from", range.from).member("to", range.to).member("step", range.step);
  out.key("queries").begin_array();
  for (auto& panel : dashboard.panels) {
    for (auto& query : panel.queries) {
      out.begin_object().member("expr", console::filled_in(query.expr, dashboard.variables));
      out.end_object();
    }
  }
  out.end_array().end_object();
  return text;
}

picture::DrawnSeries drawn(const Json& series, const console::PanelQuery& query) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  picture::DrawnSeries out;
  std::vector<std::pair<std::string, std::string>> labels;
  for (auto& [name, value] : series["labels"].members()) {
    labels.emplace_back(name, value.string_or(""));
    if (name != "le") continue;
    auto bound = labels.back().second;
    out.bound = bound == "+Inf" ? std::numeric_limits<double>::infinity()
                                : std::strtod(bound.c_str(), nullptr);
  }
  out.name = printable(console::legend_text(query.legend, labels, query.expr));
  for (auto& point : series["points"].items()) {
    out.points.push_back(point.number().value_or(unknown));
  }
  return out;
}

std::vector<picture::DrawnMark> marks_of(const Json& answer) {
  std::vector<picture::DrawnMark> marks;
  for (auto& mark : answer["marks"].items()) {
    bool back = mark["kind"].string_or("") == "rollback";
    marks.push_back({mark["time"].integer().value_or(0),
                     fmt::format("{} {}v{}", text_of(mark["service"]), back ? "back to " : "",
                                 text_of(mark["version"])),
                     back});
  }
  return marks;
}

/// The panels with what was answered, in the order in which it was asked.
std::vector<picture::ChartPicture> charts_of(const Dashboard& dashboard, const Json& answer) {
  std::vector<picture::ChartPicture> charts;
  auto& answers = answer["answers"].items();
  std::size_t next = 0;
  for (auto& panel : dashboard.panels) {
    picture::ChartPicture chart;
    chart.title = printable(panel.title);
    chart.kind = panel.kind;
    chart.from = answer["from"].integer().value_or(0);
    chart.step = answer["step"].integer().value_or(1000);
    chart.marks = marks_of(answer);
    chart.warn = panel.warn;
    chart.bad = panel.bad;
    chart.logarithmic = panel.logarithmic;
    chart.binary = panel.unit.starts_with("bytes");
    chart.limit = static_cast<std::size_t>(panel.limit);
    chart.format = format_of(panel.unit);
    chart.clock = [](std::int64_t time) { return clock_text(Json(time)).substr(0, 5); };
    for (auto& query : panel.queries) {
      if (next >= answers.size()) break;
      auto& part = answers[next++];
      if (part.find("error")) chart.fault = printable(part["error"].string_or(""));
      for (auto& series : part["series"].items()) chart.series.push_back(drawn(series, query));
    }
    std::ranges::sort(chart.series, {}, &picture::DrawnSeries::name);
    charts.push_back(std::move(chart));
  }
  return charts;
}

/// "400x300".
Result<std::pair<int, int>> size_of(const std::string& text) {
  auto parts = split_once(text, 'x');
  if (parts) {
    auto width = parse_integer<int>(parts->first, 100, picture::Canvas::side_max);
    auto height = parse_integer<int>(parts->second, 60, picture::Canvas::side_max);
    if (width.ok() && height.ok()) return std::pair(*width, *height);
  }
  return Error(Code::invalid,
               fmt::format("--size must be WIDTHxHEIGHT, at most {0}x{0}, found '{1}'",
                           picture::Canvas::side_max, text));
}

Result<std::string> one_picture(const picture::ChartPicture& chart,
                                const ChartArguments& arguments) {
  auto [width, height] = TRY(size_of(arguments.size));
  auto& theme = picture::theme(arguments.dark);
  picture::Canvas canvas(width, height, theme.back);
  picture::draw_chart(canvas, {0, 0, width, height}, chart, theme, letter_scale);
  return picture::encode_png(canvas);
}

Result<std::string> dashboard_picture(const Dashboard& dashboard,
                                      const std::vector<picture::ChartPicture>& charts,
                                      const std::string& heading, bool dark) {
  auto& theme = picture::theme(dark);
  int rows = 0;
  for (auto& panel : dashboard.panels) rows = std::max(rows, panel.place.row + panel.place.rows);
  int head = 24 * letter_scale;
  int width = Dashboard::grid_columns * dashboard_column + gap;
  int height = head + rows * dashboard_row + gap;
  if (height > picture::Canvas::side_max) {
    return Error(Code::invalid, fmt::format("the picture would be {} pixels high, {} are the most",
                                            height, picture::Canvas::side_max));
  }
  picture::Canvas canvas(width, height, theme.back);
  canvas.text(gap, gap, heading, theme.text, letter_scale + 1, width - 2 * gap);
  for (std::size_t i = 0; i < charts.size(); ++i) {
    auto& place = dashboard.panels[i].place;
    picture::draw_chart(canvas,
                        {gap + place.column * dashboard_column, head + place.row * dashboard_row,
                         place.columns * dashboard_column - gap, place.rows * dashboard_row - gap},
                        charts[i], theme, letter_scale);
  }
  return picture::encode_png(canvas);
}

Result<void> write_picture(const std::string& png, const std::string& path) {
  bool standard = path == "-";
  std::FILE* file = standard ? stdout : std::fopen(path.c_str(), "wb");
  if (!file) return Error(Code::io, "cannot write " + path + ": is its folder there?");
  bool good = std::fwrite(png.data(), 1, png.size(), file) == png.size();
  good = (standard ? std::fflush(file) : std::fclose(file)) == 0 && good;
  if (!good) return Error(Code::io, "cannot write all of the picture to " + path);
  return {};
}

void print_charts(const Output& output, const std::vector<picture::ChartPicture>& charts) {
  for (auto& chart : charts) {
    output.line(output.style.bold(chart.title));
    if (!chart.fault.empty()) {
      output.line(output.style.red(chart.fault));
      continue;
    }
    Table table({"series", ">now", ">least", ">most", "oldest to newest"});
    for (auto& series : chart.series) {
      Points points;
      for (double value : series.points) {
        points.push_back(std::isnan(value) ? std::nullopt : std::optional(value));
      }
      Extent extent = extent_of(points);
      auto text = [&](std::optional<double> value) { return value ? chart.format(*value) : "-"; };
      table.add({series.name, text(extent.last), text(extent.least), text(extent.most),
                 output.style.cyan(sparkline(points, 40))});
    }
    output.lines(table.lines(output.style));
  }
}

/// A dashboard of that name, or else what was given as an expression.
Deferred<std::pair<Dashboard, bool>> asked_for(ApiClient& api, ChartArguments arguments) {
  auto kind = picture::panel_kind(arguments.kind);
  if (!kind) {
    co_return Error(Code::invalid, fmt::format("--kind must be one of {}, found '{}'",
                                               picture::panel_kinds_text(), arguments.kind));
  }
  if (console::is_dashboard_name(arguments.what)) {
    auto found = co_await api.get("/v1/dashboards/" + arguments.what).result();
    if (!found.ok() && !found.error().is(Code::not_found)) co_return std::move(found).error();
    if (found.ok()) {
      TomlErrors errors;
      std::string file = arguments.what + ".toml";
      auto dashboard = console::read_dashboard((*found)["toml"].string_or(""), file, errors);
      co_await or_return(errors.result());
      co_await or_return(set_variables(dashboard, arguments.variables));
      co_return std::pair(std::move(dashboard), true);
    }
  }
  co_return std::pair(of_expression(arguments, *kind), false);
}

}  // namespace

Deferred<int> run(Session& session, ChartArguments arguments) {
  ApiClient* api = co_await or_return(session.api());
  auto asked = co_await asked_for(*api, arguments);
  Dashboard dashboard = std::move(asked.first);
  bool whole = asked.second;
  if (arguments.since == 0s) arguments.since = dashboard.range;
  Range range = range_of(session, arguments.since);
  Json answer = co_await api->post("/v1/charts", question(dashboard, range));
  if (session.output.json) {
    session.output.line(answer.text());
    co_return exit_done;
  }
  auto charts = charts_of(dashboard, answer);
  if (!whole && !charts[0].fault.empty()) co_return Error(Code::invalid, charts[0].fault);
  if (!arguments.png) {
    print_charts(session.output, charts);
    co_return exit_done;
  }
  std::string span = format_duration(arguments.since);
  auto picture = whole ? dashboard_picture(dashboard, charts,
                                           dashboard.title + ", the last " + span, arguments.dark)
                       : one_picture(charts[0], arguments);
  std::string png = co_await or_return(std::move(picture));
  co_await or_return(write_picture(png, arguments.output));
  if (arguments.output != "-") session.output.line(arguments.output + " is written");
  co_return exit_done;
}

}  // namespace berth::app
