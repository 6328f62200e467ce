#include "app/first_screen.h"

#include <fmt/format.h>

#include "base/units.h"

namespace berth::app {
namespace {

std::string sentence_line(const Json& state, const Style& style) {
  auto& system = state["system"];
  auto& sentence = state["sentence"];
  std::string text(sentence["text"].string_or("starting"));
  auto level = sentence["level"].string_or("warn");
  std::string painted = level == "ok"    ? style.green(text)
                        : level == "bad" ? style.red(text)
                                         : style.yellow(text);
  return style.bold(system["name"].string_or("system")) + " · " +
         std::string(system["environment"].string_or("dev")) + " · " + painted + "\n";
}

std::string addresses(const Json& state, const Style& style) {
  std::string out;
  for (auto& address : state["addresses"].items()) {
    out += fmt::format("  {}  {}\n", style.dim(fmt::format("{:<9}", address["name"].string_or(""))),
                       address["url"].string_or(""));
  }
  return out;
}

std::string wrong(const Json& state, const Style& style) {
  std::string out;
  for (auto& service : state["services"].items()) {
    auto why = service["why"].string_or("");
    if (why.empty() || service["health"].string_or("") == "healthy") continue;
    out += "  " + style.health(service["health"].string_or("")) + " " +
           std::string(service["name"].string_or("")) + ": " + std::string(why) + "\n";
  }
  return out;
}

std::string things_to_try(const Json& state, const Style& style) {
  const auto& services = state["services"].items();
  if (services.empty()) return "";
  // The busiest service that can be called serves as the example, whatever it is called.
  const Json* busiest = nullptr;
  for (auto& service : services) {
    if (service["url"].string_or("").empty()) continue;
    double rate = service["requests_per_second"].number().value_or(0);
    if (!busiest || rate > (*busiest)["requests_per_second"].number().value_or(0)) {
      busiest = &service;
    }
  }
  if (!busiest) busiest = &services.front();
  std::string name((*busiest)["name"].string_or(""));
  std::string out = style.dim("  try in another terminal") + "\n";
  out += fmt::format("    berth call {} /           one request through the balancer\n", name);
  out += fmt::format("    berth kill {}/1           an instance dies; see who notices\n", name);
  out += fmt::format("    berth logs -f {}          what it says\n", name);
  out += fmt::format("    berth metrics {}          how fast it answers, as a chart\n", name);
  return out;
}

}  // namespace

std::string rate_text(const Json& value) {
  auto number = value.number();
  if (!number) return "-";
  return *number >= 100 ? fmt::format("{:.0f}", *number) : fmt::format("{:.1f}", *number);
}

std::string share_text(const Json& value) {
  auto number = value.number();
  if (!number) return "-";
  return *number == 0 ? "0 %" : fmt::format("{:.1f} %", *number * 100);
}

std::string seconds_text(const Json& value) {
  auto number = value.number();
  if (!number) return "-";
  return format_duration(Duration(static_cast<std::int64_t>(*number * 1e9)));
}

std::string services_table(const Json& state, const Style& style) {
  Table table({"service", "running", "call it at", "requests/s", "errors", "median"}, 3);
  for (auto& service : state["services"].items()) {
    auto wanted = service["wanted"].integer().value_or(0);
    auto healthy = service["healthy"].integer().value_or(0);
    std::string running = fmt::format("{}/{}", healthy, wanted);
    auto errors = service["errors_share"];
    std::string errors_text = share_text(errors);
    if (errors.number().value_or(0) > 0.05) errors_text = style.red(errors_text);
    table.add({style.bold(service["name"].string_or("")),
               healthy < wanted ? style.yellow(running) : running,
               std::string(service["url"].string_or("-")),
               rate_text(service["requests_per_second"]), errors_text,
               seconds_text(service["median_seconds"])});
  }
  return table.text(style);
}

std::string instances_table(const Json& state, const Style& style, bool why) {
  std::vector<std::string> head{"instance", "state", "version", "host",
                                "address",  "pid",   "restarts"};
  if (why) head.emplace_back("why");
  Table table(std::move(head));
  for (auto& service : state["services"].items()) {
    for (auto& instance : service["instances"].items()) {
      auto pid = instance["pid"].integer().value_or(0);
      std::vector<std::string> row{std::string(instance["id"].string_or("")),
                                   style.health(instance["state"].string_or("")),
                                   std::string(instance["version"].string_or("")),
                                   std::string(instance["host"].string_or("")),
                                   std::string(instance["address"].string_or("-")),
                                   pid ? std::to_string(pid) : "-",
                                   std::to_string(instance["restarts"].integer().value_or(0))};
      if (why) row.emplace_back(instance["why"].string_or(""));
      table.add(std::move(row));
    }
  }
  return table.text(style);
}

std::string first_screen(const Json& state, const Style& style, bool with_keys) {
  std::string out = sentence_line(state, style) + "\n" + addresses(state, style) + "\n" +
                    services_table(state, style) + "\n";
  std::string trouble = wrong(state, style);
  if (!trouble.empty()) out += trouble + "\n";
  out += things_to_try(state, style);
  if (with_keys) {
    out +=
        "\n" + style.dim("  l logs · i inspect · o open · r restart · ? help · Ctrl-C stop") + "\n";
  }
  return out;
}

}  // namespace berth::app
