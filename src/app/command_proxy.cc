#include <fmt/format.h>

#include "app/commands.h"
#include "app/exit_code.h"
#include "app/tables.h"
#include "app/words.h"
#include "base/units.h"
#include "http/url.h"
#include "os/host.h"

// berth proxy state, sessions, drain, disable, enable, weight, eject, purge, slow, kill, upgrade:
// at the control socket of a proxy alone. That of berth dev takes sessions, purge, slow and kill.

namespace berth::app {
namespace {

using What = ProxyControlArguments::What;

void print_state(const Output& output, const Json& state) {
  Table listeners({"listener", "address", ">connections", ">accepted"});
  for (auto& each : state["listeners"].items()) {
    listeners.add({output.style.bold(text_of(each["name"])), text_of(each["address"]),
                   text_of(each["connections"]), text_of(each["accepted"])});
  }
  output.lines(listeners.lines(output.style));
  output.line("");
  Table instances({"instance", "address", "health", ">in flight", ">requests", "why"});
  for (auto& service : state["services"].items()) {
    for (auto& each : service["instances"].items()) {
      std::string health = text_of(each["health"]);
      if (each["resting"].boolean().value_or(false)) health = "resting";
      if (health != "healthy") health = output.style.level("warn", health);
      instances.add({output.style.bold(text_of(each["id"])), text_of(each["address"]), health,
                     text_of(each["in_flight"]), text_of(each["requests"]), text_of(each["why"])});
    }
  }
  output.lines(instances.lines(output.style));
}

void print_sessions(const Output& output, const Json& answer) {
  Table table({">session", "client", "listener", ">since", "instance", "asks"});
  for (auto& each : answer["sessions"].items()) {
    bool asking = each["asking"].boolean().value_or(false);
    table.add({text_of(each["id"]), text_of(each["client"]), text_of(each["listener"]),
               seconds_text(each["seconds"]), text_or_dash(each["instance"]),
               asking ? text_of(each["method"]) + " " + text_of(each["target"]) : "-"});
  }
  output.lines(table.lines(output.style));
}

std::string milliseconds_text(const Json& ms) {
  double value = ms.number().value_or(-1);
  return value < 0 ? "-" : format_duration(Duration(static_cast<std::int64_t>(value * 1e6)));
}

void print_slow_ones(const Output& output, std::string_view what, const Json& requests,
                     bool verbose) {
  if (requests.items().empty()) return;
  output.line(std::string(what));
  Table table({">took", ">queue", ">connect", ">answer", ">status", "end", "instance", "asks"});
  for (auto& each : requests.items()) {
    auto& ms = each["ms"];
    table.add({milliseconds_text(ms["total"]), milliseconds_text(ms["queue"]),
               milliseconds_text(ms["connect"]), milliseconds_text(ms["response"]),
               text_of(each["status"]), text_of(each["termination"]),
               text_or_dash(each["instance"]),
               text_of(each["method"]) + " " + text_of(each["target"])});
  }
  output.lines(table.lines(output.style));
  if (!verbose) return;
  for (auto& each : requests.items()) {
    output.line("");
    output.line(output.style.bold(text_of(each["method"]) + " " + text_of(each["target"])) +
                " from " + text_of(each["client"]) + " at " + text_of(each["at"]));
    for (auto& line : each["asked"].items()) output.line("  > " + text_of(line));
    for (auto& line : each["answered"].items()) output.line("  < " + text_of(line));
  }
}

void print_slow(const Output& output, const Json& answer, bool verbose) {
  for (auto& minute : answer["minutes"].items()) {
    output.line(output.style.bold(text_of(minute["minute"])) + ": " + text_of(minute["requests"]) +
                " requests, " + text_of(minute["failures"]) + " failed");
    print_slow_ones(output, "failed", minute["failed"], verbose);
    print_slow_ones(output, "slowest", minute["slowest"], verbose);
    output.line("");
  }
}

struct Asked {
  std::string method;
  std::string target;
};

std::string tail_target(const ProxyControlArguments& arguments) {
  std::vector<std::pair<std::string, std::string>> query;
  if (!arguments.service.empty()) query.emplace_back("service", arguments.service);
  if (!arguments.path.empty()) query.emplace_back("path", arguments.path);
  if (!arguments.status.empty()) query.emplace_back("status", arguments.status);
  if (arguments.slower > Duration(0)) {
    query.emplace_back("slower", std::to_string(arguments.slower / 1us) + "us");
  }
  if (arguments.json) query.emplace_back("form", "json");
  return http::add_query("/v1/log", query);
}

std::string purge_target(const ProxyControlArguments& arguments) {
  std::vector<std::pair<std::string, std::string>> query;
  if (!arguments.service.empty()) query.emplace_back("service", arguments.service);
  if (!arguments.tag.empty()) query.emplace_back("tag", arguments.tag);
  if (!arguments.target.empty()) query.emplace_back("target", arguments.target);
  return http::add_query("/v1/cache/purge", query);
}

Asked asked_for(const ProxyControlArguments& arguments) {
  std::string instance = "/v1/instances/" + arguments.of;
  switch (arguments.what) {
    case What::state:
      return {"GET", "/v1/state"};
    case What::sessions:
      return {"GET", "/v1/sessions"};
    case What::tail:
      return {"GET", tail_target(arguments)};
    case What::drain:
      return {"POST", instance + "/drain?wait=" + std::to_string(arguments.wait / 1ms) + "ms"};
    case What::disable:
      return {"POST", instance + "/disable"};
    case What::enable:
      return {"POST", instance + "/enable"};
    case What::weight:
      return {"POST", instance + "/weight?weight=" + std::to_string(arguments.weight)};
    case What::eject:
      return {"POST", instance + "/eject?for=" + std::to_string(arguments.eject_for / 1ms) + "ms"};
    case What::purge:
      return {"POST", purge_target(arguments)};
    case What::slow:
      return {"GET", "/v1/slow?minutes=" + std::to_string(arguments.minutes)};
    case What::kill:
      return {"DELETE", "/v1/sessions/" + http::percent_encode(arguments.of)};
    case What::upgrade:
      return {"POST", "/v1/upgrade"};
  }
  return {};
}

int print_order(const Output& output, const ProxyControlArguments& arguments, const Json& answer) {
  auto left = answer["in_flight"].integer().value_or(0);
  switch (arguments.what) {
    case What::drain:
      if (left == 0) {
        output.line(arguments.of + " is drained: nothing is in flight on it");
        return exit_done;
      }
      output.line(fmt::format("{} gets nothing new, but {} still in flight on it", arguments.of,
                              left == 1 ? "1 request is" : fmt::format("{} requests are", left)));
      return exit_failed;
    case What::disable:
      output.line(arguments.of + " is out until it is enabled");
      return exit_done;
    case What::enable:
      output.line(arguments.of + " is in if its check says so");
      return exit_done;
    case What::upgrade:
      output.line("process " + text_of(answer["pid"]) + " has taken over");
      return exit_done;
    case What::weight:
      output.line(arguments.of + " has the weight " + text_of(answer["weight"]));
      return exit_done;
    case What::eject:
      output.line(arguments.of + " rests for " + text_of(answer["for"]));
      return exit_done;
    case What::purge:
      output.line(text_of(answer["purged"]) + " answers were forgotten");
      return exit_done;
    default:
      output.line("session " + arguments.of + " was ended");
      return exit_done;
  }
}

Deferred<http::Response> ask(http::Client& client, const std::string& control, const Asked& asked,
                             Duration wait) {
  http::Request request;
  request.method = asked.method;
  request.target = asked.target;
  return client.send(Address::unix_path(os::absolute_path(control)), std::move(request), wait);
}

/// Where a proxy alone is looked for first, then that of the folder's berth dev.
constexpr std::string_view own_control = "proxy.sock";

}  // namespace

Deferred<int> run(Session& session, ProxyControlArguments arguments) {
  http::Client client(session.reactor, session.network);
  arguments.json = session.output.json;
  Asked asked = asked_for(arguments);
  Duration wait = arguments.wait + 30s;
  auto answer = co_await ask(client, arguments.control, asked, wait).result();
  if (auto place = session.place();
      !answer.ok() && arguments.control == own_control && place.ok()) {
    answer =
        co_await ask(client, place->state + "/" + std::string(own_control), asked, wait).result();
  }
  if (!answer.ok()) {
    co_return Error(Code::unavailable, "no proxy answers at " + arguments.control +
                                           "; its proxy.toml needs [proxy] control = \"" +
                                           arguments.control +
                                           "\": " + std::string(answer.error().message()));
  }
  if (arguments.what == What::tail && answer->good()) {
    for (;;) {
      Bytes part = co_await answer->read();
      if (part.empty()) co_return exit_done;
      if (part.view() != "\n") session.output.out(part.view());  // but for the greeting
    }
  }
  ApiAnswer whole = co_await whole_answer(std::move(*answer));
  if (!whole.good()) co_return ApiClient::refusal(whole);
  const Output& output = session.output;
  if (output.json) {
    output.line(whole.json.text());
    co_return exit_done;
  }
  if (arguments.what == What::state) {
    print_state(output, whole.json);
  } else if (arguments.what == What::sessions) {
    print_sessions(output, whole.json);
  } else if (arguments.what == What::slow) {
    print_slow(output, whole.json, arguments.verbose);
  } else {
    co_return print_order(output, arguments, whole.json);
  }
  co_return exit_done;
}

}  // namespace berth::app
