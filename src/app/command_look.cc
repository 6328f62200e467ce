#include <fmt/format.h>

#include "app/browser.h"
#include "app/commands.h"
#include "app/exit_code.h"
#include "app/screen.h"
#include "app/tables.h"
#include "app/version.h"
#include "app/words.h"

// What runs, and how it does: ps, top, resolve, version, open.

namespace berth::app {
namespace {

/// Why services and instances wait or fail, and what is being rolled out: below the table of ps -v.
std::vector<std::string> reasons(const Json& services, const Style& style) {
  std::vector<std::string> lines;
  for (auto& service : services.items()) {
    std::string name = style.bold(text_of(service["name"]));
    auto& rollout = service["rollout"];
    if (rollout.is_object()) {
      lines.push_back(fmt::format("{}: version {} to {}, {}", name, text_or_dash(rollout["from"]),
                                  text_or_dash(rollout["to"]), text_or_dash(rollout["why"])));
    }
    std::string why = text_of(service["why"]);
    if (why.empty()) continue;
    lines.push_back(fmt::format("{}: {}, {}", name, style.health(text_of(service["health"])), why));
  }
  return lines;
}

Json only(const Json& services, const std::string& name) {
  Json out = Json::array();
  for (auto& service : services.items()) {
    if (name.empty() || service["name"].string_or("") == name) out.add(service);
  }
  return out;
}

Deferred<int> top_in_pipe(Session& session, ApiClient& api) {
  EventStream events = co_await api.events("/v1/live");
  bool first = true;
  for (;;) {
    ServerEvent event = co_await events.next();
    if (event.name != "state") continue;
    if (session.output.json) {
      session.output.line(event.data);
      continue;
    }
    Json state = co_await or_return(Json::parse(event.data));
    if (!std::exchange(first, false)) session.output.line("");
    session.output.line(sentence_line(state, session.output.style));
    session.output.lines(services_table(state["services"], session.output.style));
  }
}

}  // namespace

Deferred<int> run(Session& session, PsArguments arguments) {
  ApiClient* api = co_await or_return(session.api());
  const Output& output = session.output;
  Json state = co_await api->get("/v1/state");
  std::string name;
  if (!arguments.service.empty()) {
    name = co_await or_return(service_named(state, arguments.service));
  }
  if (output.json) {
    Json shown = name.empty() ? state : co_await api->get("/v1/services/" + name);
    output.line(shown.text());
    co_return exit_done;
  }
  Json services = only(state["services"], name);
  output.line(sentence_line(state, output.style));
  output.lines(instances_table(services, state["time"], output.style, arguments.verbose));
  if (arguments.verbose) output.lines(reasons(services, output.style));
  co_return exit_done;
}

Deferred<int> run(Session& session, TopArguments arguments) {
  ApiClient* api = co_await or_return(session.api());
  const Output& output = session.output;
  if (arguments.once) {
    Json state = co_await api->get("/v1/state");
    if (output.json) {
      output.line(state.text());
    } else {
      output.line(sentence_line(state, output.style));
      output.lines(services_table(state["services"], output.style));
    }
    co_return exit_done;
  }
  if (output.json || !output.to_terminal) co_return co_await top_in_pipe(session, *api);
  co_await show_screen(session, *api);
  co_return exit_done;
}

Deferred<int> run(Session& session, ResolveArguments arguments) {
  ApiClient* api = co_await or_return(session.api());
  Json state = co_await api->get("/v1/state");
  std::string typed = arguments.name;
  // What DNS answers to is understood here too.
  if (typed.ends_with(".berth")) typed.resize(typed.size() - 6);
  std::string name = co_await or_return(service_named(state, typed));
  Json found = co_await api->get("/v1/resolve/" + name);
  const Output& output = session.output;
  if (output.json) {
    output.line(found.text());
    co_return exit_done;
  }
  output.line(fmt::format("{}  {}:{}", output.style.bold(text_of(found["name"])),
                          text_of(found["address"]), text_of(found["port"])));
  for (auto& instance : found["instances"].items()) {
    output.line(fmt::format("  {}  {}  {}", text_of(instance["id"]),
                            text_or_dash(instance["address"]),
                            output.style.health(text_of(instance["state"]))));
  }
  co_return exit_done;
}

Deferred<int> run(Session& session, VersionArguments arguments) {
  const Output& output = session.output;
  auto place = session.place();
  std::string running = place.ok() ? place->version : "";
  const os::ReactorChoice& reactor = session.reactor.choice();
  if (output.json) {
    Json json = Json::object();
    json.set("version", version());
    json.set("running", running.empty() ? Json() : Json(running));
    if (arguments.verbose) json.set("reactor", reactor.name());
    output.line(json.text());
  } else {
    output.line(fmt::format("berth {}", version()));
    if (arguments.verbose) output.line(fmt::format("reactor {}, {}", reactor.name(), reactor.why));
    if (!running.empty() && running != version()) {
      output.line("the berth dev of this folder is " + running + "; start it again to update it");
    }
  }
  co_return exit_done;
}

Deferred<int> run(Session& session, OpenArguments) {
  ApiPlace place = co_await or_return(session.place());
  // Whether somebody answers is found out before a browser finds out.
  ApiClient* api = co_await or_return(session.api());
  co_await api->get("/v1/health");
  std::string url = place.console_url();
  const Output& output = session.output;
  if (output.json) {
    Json json = Json::object();
    json.set("url", url);
    output.line(json.text());
    co_return exit_done;
  }
  bool opened = output.to_terminal && co_await open_in_browser(session.process, url);
  output.line(opened ? "opened in your browser: " + url : url);
  co_return exit_done;
}

}  // namespace berth::app
