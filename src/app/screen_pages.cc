#include "app/screen_pages.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/tables.h"
#include "app/words.h"

namespace berth::app {
namespace {

using Lines = std::vector<std::string>;

constexpr std::size_t rows_max = 5;  // of paths, rollouts and slow requests

void block(Lines& out, const std::string& title, const Lines& lines, const Style& style) {
  if (lines.empty()) return;
  out.emplace_back();
  if (!title.empty()) out.push_back(style.bold(title));
  out.insert(out.end(), lines.begin(), lines.end());
}

template <class Row>
Lines rows_of(const Json& array, std::vector<std::string> head, const Style& style, Row row) {
  Table table(std::move(head));
  std::size_t count = 0;
  for (auto& item : array.items()) {
    if (count++ < rows_max) table.add(row(item));
  }
  return table.empty() ? Lines() : table.lines(style);
}

Lines numbers(const Json& service) {
  Lines out;
  std::string url = text_of(service["url"]);
  if (!url.empty()) {
    std::string place = url;
    std::string outside = text_of(service["public_url"]);
    if (!outside.empty()) place += ", from outside " + outside;
    out.push_back(place);
    out.push_back(fmt::format("{} requests/s, {} errors, median {}; {} requests in all, {} errors",
                              rate_text(service["requests_per_second"]),
                              share_text(service["errors_share"]),
                              seconds_text(service["median_seconds"]),
                              text_or_dash(service["requests"]), text_or_dash(service["errors"])));
  }
  std::string statuses;
  for (auto& status : service["statuses"].members()) {
    statuses += fmt::format("{}{} {}", statuses.empty() ? "" : ", ",
                            status.key == "0" ? "no answer" : status.key, status.value.text());
  }
  if (!statuses.empty()) out.push_back("by status: " + statuses);
  return out;
}

Lines median_chart(const Points& medians, const Style& style) {
  if (!extent_of(medians).last) return {};
  ChartOptions options;
  options.columns = std::min<std::size_t>(style.columns, 100);
  options.label = [](double value) { return seconds_text(value); };
  return draw_chart(medians, options, style);
}

}  // namespace

std::vector<std::string> inspect_lines(const Json& service, const Json& now, const Points& medians,
                                       const Style& style) {
  std::string why = text_of(service["why"]);
  Lines out{fmt::format("{} · version {} · {}{}", style.bold(text_of(service["name"])),
                        text_or_dash(service["version"]), style.health(text_of(service["health"])),
                        why.empty() ? "" : ": " + why)};
  Lines shown = numbers(service);
  out.insert(out.end(), shown.begin(), shown.end());
  Points spark = points_of(service["spark"]);
  if (!spark.empty()) {
    out.push_back("requests of the last minute " +
                  style.cyan(sparkline(spark, std::min<std::size_t>(60, style.columns / 2))));
  }
  block(out,
        fmt::format("median, the last {}",
                    counted(static_cast<std::int64_t>(medians.size()), "second")),
        median_chart(medians, style), style);
  Json alone = Json::array();
  alone.add(service);
  block(out, "", instances_table(alone, now, style, true), style);
  block(out, "",
        rows_of(service["paths"], {"path", ">requests/s", ">errors", ">median", ">p99"}, style,
                [](const Json& path) {
                  return Lines{text_of(path["path"]), rate_text(path["requests_per_second"]),
                               share_text(path["errors_share"]),
                               seconds_text(path["median_seconds"]),
                               seconds_text(path["p99_seconds"])};
                }),
        style);
  block(out, "",
        rows_of(service["rollouts"], {">version", ">began", "result", "why"}, style,
                [&](const Json& rollout) {
                  return Lines{text_or_dash(rollout["version"]),
                               age_text(rollout["started"], now) + " ago",
                               text_or_dash(rollout["result"]), text_of(rollout["why"])};
                }),
        style);
  block(out, "",
        rows_of(service["slow"], {"slow at", ">took", ">status", "instance", "from", "request"},
                style,
                [](const Json& slow) {
                  return Lines{clock_text(slow["time"]),
                               seconds_text(slow["seconds"]),
                               text_or_dash(slow["status"]),
                               text_of(slow["instance"]),
                               text_of(slow["from"]),
                               text_of(slow["method"]) + " " + text_of(slow["path"])};
                }),
        style);
  return out;
}

std::vector<std::string> help_lines(bool stops_system, const Style& style) {
  Lines out{style.bold("keys"), ""};
  auto key = [&](std::string_view name, std::string_view does) {
    out.push_back(fmt::format("  {:<14} {}", name, does));
  };
  key("l", "what a service prints, as it comes");
  key("i", "one service: numbers, instances, paths, rollouts, slow requests");
  key("o", "the console in your browser; without one its address is shown");
  key("r", "restart a service, instance by instance");
  key("?", "this page");
  key("Esc, q", "back to the first screen");
  key("↑ ↓ PgUp PgDn", "move in a page");
  key("q, Ctrl-C", stops_system ? "on the first screen: stop every instance and end" : "end");
  out.emplace_back();
  out.push_back(style.dim("numbers are over the last 10 s; an error is an answer 5xx, or none"));
  out.push_back(style.dim("from another terminal: berth --help"));
  return out;
}

std::vector<std::string> choose_lines(const std::string& question, const std::string& typed,
                                      const std::vector<Json>& services, std::size_t marked,
                                      const Style& style) {
  Lines out{style.bold(question) + " " + typed, ""};
  std::size_t widest = 0;
  for (auto& service : services) {
    widest = std::max(widest, shown_width(text_of(service["name"])));
  }
  for (std::size_t i = 0; i < services.size(); ++i) {
    std::string name = text_of(services[i]["name"]);
    name.append(widest - shown_width(name), ' ');
    out.push_back((i == marked ? "> " + style.reversed(name) : "  " + name) + "  " +
                  style.health(text_of(services[i]["health"])));
  }
  if (services.empty()) out.emplace_back("  no service begins so");
  return out;
}

}  // namespace berth::app
