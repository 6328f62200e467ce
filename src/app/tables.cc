#include "app/tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/words.h"

namespace berth::app {
namespace {

enum class Url : std::uint8_t { whole, short_, none };

Table services_with(const Json& services, const Style& style, Url shown) {
  std::vector<std::string> head{"service",     "running", "call it at",
                                ">requests/s", ">errors", ">median"};
  if (shown == Url::none) head.erase(head.begin() + 2);
  Table table(std::move(head));
  for (auto& service : services.items()) {
    auto wanted = service["wanted"].integer().value_or(0);
    auto healthy = service["healthy"].integer().value_or(0);
    std::string running = fmt::format("{}/{}", healthy, wanted);
    auto health = service["health"].string_or("");
    if (healthy < wanted || (health != "healthy" && health != "stopped")) {
      running = style.level(health == "failing" ? "bad" : "warn", running);
    }
    std::string url = text_or_dash(service["url"]);
    if (shown == Url::short_ && url.starts_with("http://")) url.erase(0, 7);
    std::string errors = share_text(service["errors_share"]);
    if (service["errors_share"].number().value_or(0) > 0.05) errors = style.red(errors);
    std::vector<std::string> row{style.bold(text_of(service["name"])),
                                 running,
                                 url,
                                 rate_text(service["requests_per_second"]),
                                 errors,
                                 seconds_text(service["median_seconds"])};
    if (shown == Url::none) row.erase(row.begin() + 2);
    table.add(std::move(row));
  }
  return table;
}

std::string number_or_dash(const Json& value) {
  auto number = value.integer().value_or(0);
  return number ? std::to_string(number) : "-";
}

}  // namespace

std::vector<std::string> services_table(const Json& services, const Style& style) {
  std::vector<std::string> lines;
  for (Url shown : {Url::whole, Url::short_, Url::none}) {
    lines = services_with(services, style, shown).lines(style);
    bool fits = std::ranges::all_of(
        lines, [&](const std::string& line) { return shown_width(line) <= style.columns; });
    if (fits) break;
  }
  return lines;
}

std::vector<std::string> instances_table(const Json& services, const Json& now, const Style& style,
                                         bool why) {
  std::vector<std::string> head{"instance", "state", ">version",  "host",
                                "address",  ">pid",  ">restarts", ">since"};
  if (why) head.emplace_back("why");
  Table table(std::move(head));
  for (auto& service : services.items()) {
    if (service["instances"].items().empty()) {
      std::vector<std::string> row{text_of(service["name"]),
                                   style.health(text_of(service["health"]))};
      row.resize(8, "-");
      if (why) row.push_back(text_of(service["why"]));
      table.add(std::move(row));
    }
    for (auto& instance : service["instances"].items()) {
      std::vector<std::string> row{text_of(instance["id"]),
                                   style.health(text_of(instance["state"])),
                                   text_or_dash(instance["version"]),
                                   text_or_dash(instance["host"]),
                                   text_or_dash(instance["address"]),
                                   number_or_dash(instance["pid"]),
                                   text_or_dash(instance["restarts"]),
                                   age_text(instance["since"], now)};
      if (why) row.push_back(text_of(instance["why"]));
      table.add(std::move(row));
    }
  }
  return table.lines(style);
}

std::vector<std::string> topics_table(const Json& topics, const Style& style) {
  Table table({"topic", ">published", ">per s", "subscriber", "path", ">backlog", ">delivered",
               ">retried", ">dead"});
  for (auto& topic : topics.items()) {
    std::vector<std::string> begin{style.bold(text_of(topic["name"])),
                                   text_or_dash(topic["published"]),
                                   rate_text(topic["per_second"])};
    if (topic["subscriptions"].items().empty()) {
      begin.emplace_back("nobody");
      table.add(begin);
    }
    for (auto& subscription : topic["subscriptions"].items()) {
      std::vector<std::string> row = begin;
      std::string dead = text_or_dash(subscription["dead"]);
      for (auto* key : {"service", "path", "backlog", "delivered", "retried"}) {
        row.push_back(text_or_dash(subscription[key]));
      }
      row.push_back(subscription["dead"].integer().value_or(0) > 0 ? style.red(dead) : dead);
      table.add(std::move(row));
      begin.assign(3, "");  // the topic's own numbers stand in its first line
    }
  }
  return table.lines(style);
}

std::vector<std::string> plan_lines(const Json& changes, const Style& style) {
  std::vector<std::string> lines;
  for (auto& change : changes.items()) {
    auto action = change["action"].string_or("");
    std::string name = style.bold(text_of(change["service"]));
    std::string version = text_of(change["version"]);
    if (action == "create") {
      lines.push_back(style.green("+ ") + name + "  new");
    } else if (action == "remove") {
      lines.push_back(style.red("- ") + name + "  is removed");
    } else {
      lines.push_back(style.yellow("~ ") + name + "  version " + version);
    }
    for (auto& field : change["fields"].items()) {
      std::string from = text_of(field["from"]);
      std::string to = text_of(field["to"]);
      lines.push_back(fmt::format("    {} = {}", text_of(field["key"]),
                                  from.empty() ? to
                                  : to.empty() ? from + " is left out"
                                               : from + " -> " + to));
    }
  }
  return lines;
}

std::string sentence_line(const Json& state, const Style& style) {
  auto& system = state["system"];
  auto& sentence = state["sentence"];
  std::string text = text_of(sentence["text"]);
  return fmt::format(
      "{} · {} · {}", style.bold(text_or_dash(system["name"])), text_or_dash(system["environment"]),
      style.level(sentence["level"].string_or("warn"), text.empty() ? "is starting" : text));
}

std::string feed_line(const Json& entry, const Style& style) {
  std::string service = text_of(entry["service"]);
  return fmt::format("{}  {}{}", style.dim(clock_text(entry["time"])),
                     service.empty() ? "" : style.bold(service) + "  ",
                     style.level(entry["level"].string_or(""), text_of(entry["text"])));
}

std::string log_line(const Json& line, const Style& style, bool raw) {
  auto* text = line["text"].string();
  std::string said = !text ? "" : raw ? *text : printable(*text);
  return fmt::format("{} {} {}", style.dim(exact_clock_text(line["time"])),
                     style.cyan(text_of(line["instance"])),
                     style.level(line["level"].string_or(""), said));
}

}  // namespace berth::app
