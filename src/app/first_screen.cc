#include "app/first_screen.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/tables.h"
#include "app/words.h"
#include "base/units.h"

namespace berth::app {
namespace {

using Lines = std::vector<std::string>;

constexpr std::size_t troubles_max = 4;

/// One a line in a pipe; on a screen as many a line as fit.
Lines addresses(const Json& state, const Style& style, bool packed) {
  Lines out;
  std::size_t widest = 0;
  for (auto& address : state["addresses"].items()) {
    widest = std::max(widest, text_of(address["name"]).size());
  }
  for (auto& address : state["addresses"].items()) {
    std::string name = text_of(address["name"]);
    std::string shown = style.dim(packed ? name : fmt::format("{:<{}}", name, widest)) + "  " +
                        text_of(address["url"]);
    bool fits =
        packed && !out.empty() && shown_width(out.back()) + 3 + shown_width(shown) <= style.columns;
    if (fits) {
      out.back() += "   " + shown;
    } else {
      out.push_back(shown);
    }
  }
  return out;
}

bool well(const Json& service) {
  auto health = service["health"].string_or("");
  return health == "healthy" || health == "stopped";
}

/// What the sentence knows of the worst service's deploy, and the way back.
std::string way_back(const Json& state) {
  auto& sentence = state["sentence"];
  std::string out;
  if (auto version = sentence["version"].integer()) {
    out = fmt::format("since version {}, {} ago", *version,
                      age_text(sentence["since"], state["time"]));
  }
  if (!sentence["return_to"].is_null()) {
    out +=
        (out.empty() ? "" : "; ") + ("to go back: berth rollback " + text_of(sentence["service"]));
  }
  return out;
}

/// What fails comes before what waits, and that before what is under way.
int urgency(const Json& service) {
  auto health = service["health"].string_or("");
  return health == "failing" ? 0 : health == "degraded" ? 1 : well(service) ? 3 : 2;
}

Lines troubles(const Json& state, const Style& style) {
  Lines out;
  std::size_t left_out = 0;
  Json::Array services = state["services"].items();
  std::ranges::sort(services, [](const Json& a, const Json& b) {
    if (urgency(a) != urgency(b)) return urgency(a) < urgency(b);
    return text_of(a["name"]) < text_of(b["name"]);
  });
  for (auto& service : services) {
    std::string name = text_of(service["name"]);
    auto& rollout = service["rollout"];
    std::string text;
    if (!well(service)) {
      text = fmt::format("{}  {}: {}", style.health(text_of(service["health"])), style.bold(name),
                         text_or_dash(service["why"]));
    } else if (rollout.is_object()) {
      bool same = rollout["from"] == rollout["to"];
      text = fmt::format("{}  {}: {}, {}", style.yellow("rolling"), style.bold(name),
                         same ? "restarts" : "to version " + text_or_dash(rollout["to"]),
                         text_or_dash(rollout["why"]));
    } else {
      continue;
    }
    if (out.size() >= troubles_max) {
      ++left_out;
      continue;
    }
    out.push_back(text);
    if (state["sentence"]["service"].string_or("") != name) continue;
    if (std::string back = way_back(state); !back.empty()) out.push_back("  " + back);
  }
  if (left_out > 0) out.push_back(fmt::format("and {} more: berth ps -v", left_out));
  return out;
}

double rate_of(const Json& service) { return service["requests_per_second"].number().value_or(0); }

/// Examples are of the busiest service that suits, whatever it is called.
template <class Suits>
std::string example(const Json& state, Suits suits) {
  const Json* best = nullptr;
  for (auto& service : state["services"].items()) {
    if (suits(service) && (!best || rate_of(service) > rate_of(*best))) best = &service;
  }
  return best ? text_of((*best)["name"]) : "";
}

/// The first healthy instance of a service: its number is not always 1.
std::string instance_of(const Json& state, const std::string& name) {
  for (auto& service : state["services"].items()) {
    if (service["name"].string_or("") != name) continue;
    for (auto& instance : service["instances"].items()) {
      if (instance["state"].string_or("") == "healthy") return text_of(instance["id"]);
    }
  }
  return name + "/1";
}

bool callable(const Json& service) { return !service["url"].string_or("").empty(); }

/// True if the gateway gives it everything under "/": then it answers something there.
bool has_front_page(const Json& service) {
  auto url = service["public_url"].string_or("");
  auto host = url.find("://");
  return callable(service) && host != url.npos && url.find('/', host + 3) + 1 == url.size();
}

Lines things_to_try(const Json& state, const Style& style, const std::string& before) {
  std::string busiest = example(state, callable);
  if (busiest.empty()) return {};
  std::string called = example(state, has_front_page);
  // Killed is one that has a twin, so that it can be seen that nobody notices.
  std::string killed = example(state, [](auto& service) {
    return callable(service) && service["healthy"].integer().value_or(0) > 1;
  });
  if (called.empty()) called = busiest;
  if (killed.empty()) killed = busiest;
  Lines commands{"berth call " + called + " /", "berth kill " + instance_of(state, killed),
                 "berth logs -f " + busiest, "berth metrics " + busiest};
  Lines what{"one request through the balancer", "an instance dies: who notices?", "what it says",
             "how fast it answers, as a chart"};
  std::size_t widest = 0;
  for (auto& command : commands) widest = std::max(widest, command.size());
  Lines out;
  std::string head = "try in another terminal" + (before.empty() ? ":" : ", after: " + before);
  if (shown_width(head) <= style.columns) {
    out.push_back(style.dim(head));
  } else {
    out = {style.dim("try in another terminal, after:"), "  " + before};
  }
  for (std::size_t i = 0; i < commands.size(); ++i) {
    out.push_back(fmt::format("  {:<{}}   {}", commands[i], widest, style.dim(what[i])));
  }
  return out;
}

/// The services' table in at most `rows` lines: those in trouble first, then the busiest.
Lines table_in(const Json& state, const Style& style, std::size_t rows) {
  Json::Array services = state["services"].items();
  std::size_t shown = services.size();
  if (shown + 1 > rows) {
    std::ranges::sort(services, [](const Json& a, const Json& b) {
      if (well(a) != well(b)) return !well(a);
      if (rate_of(a) != rate_of(b)) return rate_of(a) > rate_of(b);
      return text_of(a["name"]) < text_of(b["name"]);
    });
    shown = rows > 3 ? rows - 2 : 1;  // beside the head and the line about the others
    services.resize(std::min(shown, services.size()));
  }
  Json kept = Json::array();
  for (auto& service : services) kept.add(service);
  Lines out = services_table(kept, style);
  std::size_t left_out = state["services"].items().size() - services.size();
  if (left_out > 0) {
    out.push_back(style.dim(fmt::format(
        "and {}: berth top --once", counted(static_cast<std::int64_t>(left_out), "more service"))));
  }
  return out;
}

void append(Lines& out, const Lines& block) {
  if (block.empty()) return;
  if (!out.empty()) out.emplace_back();
  out.insert(out.end(), block.begin(), block.end());
}

std::size_t height(std::initializer_list<const Lines*> blocks) {
  std::size_t rows = 0;
  for (auto* block : blocks) rows += block->empty() ? 0 : block->size() + 1;
  return rows;
}

}  // namespace

std::vector<std::string> first_screen(const Json& state, const Style& style,
                                      const FirstScreenOptions& options) {
  bool limited = options.rows > 0;
  Lines out{sentence_line(state, style)};
  bool is_well = state["sentence"]["level"].string_or("") == "ok";
  if (is_well && options.took > Duration{}) out[0] += " in " + format_duration(options.took);
  Lines keys;
  if (!options.keys.empty()) keys.push_back(style.dim(options.keys));
  Lines places = addresses(state, style, limited);
  Lines trouble = troubles(state, style);
  Lines try_these = things_to_try(state, style, options.before);
  std::size_t table_rows = state["services"].items().size() + 1;
  if (limited) {
    std::size_t others = 1 + height({&places, &trouble, &keys});
    std::size_t rest = options.rows - std::min(options.rows, others + table_rows + 2);
    if (try_these.size() > rest) try_these.resize(rest > 2 ? rest : 0);
    if (others + table_rows + 1 > options.rows) {
      table_rows = options.rows > others + 4 ? options.rows - others - 1 : 3;
    }
  }
  append(out, places);
  append(out, table_rows > 1
                  ? table_in(state, style, table_rows)
                  : Lines{"no service yet: write them into berth.toml, then: berth deploy"});
  append(out, trouble);
  append(out, try_these);
  append(out, keys);
  if (limited) {
    // A screen of a few rows: the keys stay, what is above them gives way.
    if (out.size() > options.rows) {
      std::size_t kept = options.rows > keys.size() ? options.rows - keys.size() : 0;
      out.resize(kept);
      out.insert(out.end(), keys.begin(), keys.end());
    }
    for (auto& line : out) line = cut(line, style.columns);
  }
  return out;
}

}  // namespace berth::app
