#include <fmt/format.h>

#include <algorithm>

#include "app/commands.h"
#include "app/exit_code.h"
#include "app/tables.h"
#include "app/words.h"
#include "async/clock.h"
#include "http/url.h"
#include "observe/logs/log_query.h"

// What services print: the last lines of one, or a search of all that is kept.

namespace berth::app {
namespace {

Deferred<int> follow_logs(Session& session, ApiClient& api, std::string target) {
  EventStream events = co_await api.events(target + "&follow=1");
  const Output& output = session.output;
  for (;;) {
    ServerEvent event = co_await events.next();
    if (event.name == "line" && output.json) output.line(event.data);
    if (event.name != "line" && event.name != "lost") continue;
    Json data = co_await or_return(Json::parse(event.data));
    if (event.name == "lost") {
      output.err(fmt::format("berth: {} lines are left out: they came faster than they were read\n",
                             text_or_dash(data["lines"])));
    } else if (!output.json) {
      output.line(log_line(data, output.style, !output.to_terminal));
    }
  }
}

/// The query, narrowed to a service or an instance that is there; names of programs that are no
/// services of ours are searched for by the query itself.
Deferred<std::string> whole_query(ApiClient& api, const LogsArguments& arguments) {
  std::string query = arguments.query.value_or("");
  if (arguments.of.empty()) co_return query;
  Json state = co_await api.get("/v1/state");
  bool one = arguments.of.find('/') != std::string::npos;
  auto named = one ? instance_named(state, arguments.of) : service_named(state, arguments.of);
  std::string name = co_await or_return(std::move(named));
  co_return fmt::format("{}:{}{}", one ? "instance" : "service", name,
                        query.empty() ? "" : " (" + query + ")");
}

void print_found(const Output& output, const Json& line) {
  if (output.json) {
    output.line(line.text());
    return;
  }
  Json shown = line;
  std::string instance(line["instance"].string_or(""));
  if (instance.empty()) shown.set("instance", line["service"]);
  output.line(log_line(shown, output.style, !output.to_terminal));
}

Deferred<int> follow_found(Session& session, ApiClient& api, std::string query, std::string next) {
  EventStream events =
      co_await api.events("/v1/logs/tail?q=" + http::percent_encode(query) + "&after=" + next);
  for (;;) {
    ServerEvent event = co_await events.next();
    if (event.name != "line" && event.name != "lost") continue;
    Json data = co_await or_return(Json::parse(event.data));
    if (event.name == "line") {
      print_found(session.output, data);
    } else {
      session.output.err(
          fmt::format("berth: {} lines are left out: they came faster than they were looked at\n",
                      text_or_dash(data["lines"])));
    }
  }
}

/// The query with a mark below the place at which it is wrong; nothing if it is right.
std::string fault_of(const std::string& query) {
  observe::QueryFault fault;
  if (observe::LogQuery::parse(query, &fault).ok()) return "";
  std::string mark;
  for (char c : query.substr(0, fault.at)) {
    if ((c & 0xc0) != 0x80) mark += ' ';  // a character, not a byte
  }
  return fmt::format("the query is wrong: {}\n  {}\n  {}^", fault.text, query, mark);
}

Deferred<int> search_logs(Session& session, LogsArguments arguments) {
  std::string fault = fault_of(arguments.query.value_or(""));
  if (!fault.empty()) co_return Error(Code::invalid, std::move(fault));
  ApiClient* api = co_await or_return(session.api());
  const Output& output = session.output;
  std::string query = co_await whole_query(*api, arguments);
  std::string target = fmt::format("/v1/logs?q={}&lines={}", http::percent_encode(query),
                                   std::max<std::uint32_t>(arguments.lines, 1));
  if (arguments.since) {
    std::int64_t from = (session.reactor.wall() - *arguments.since).nanoseconds / 1'000'000;
    target += fmt::format("&from={}", std::max<std::int64_t>(from, 0));
  }
  ApiAnswer answer = co_await api->ask("GET", target);
  if (!answer.good()) co_return ApiClient::refusal(answer);
  auto& lines = answer.json["lines"].items();
  for (std::size_t i = lines.size(); i-- > 0;) print_found(output, lines[i]);
  if (!answer.json["complete"].boolean().value_or(true)) {
    output.err("berth: the search took too long; what is older was not looked at\n");
  }
  if (arguments.follow) {
    std::string next = answer.json["next"].text();
    co_return co_await follow_found(session, *api, std::move(query), std::move(next));
  }
  if (lines.empty()) output.err("no line was found\n");
  co_return exit_done;
}

}  // namespace

Deferred<int> run(Session& session, LogsArguments arguments) {
  if (arguments.query || arguments.since) {
    co_return co_await search_logs(session, std::move(arguments));
  }
  ApiClient* api = co_await or_return(session.api());
  Json state = co_await api->get("/v1/state");
  bool one = arguments.of.find('/') != std::string::npos;
  auto named = one ? instance_named(state, arguments.of) : service_named(state, arguments.of);
  std::string name = co_await or_return(std::move(named));
  std::string target =
      fmt::format("/v1/services/{}/logs?lines={}", name.substr(0, name.find('/')), arguments.lines);
  if (one) target += "&instance=" + http::percent_encode(name);
  if (arguments.follow) co_return co_await follow_logs(session, *api, target);
  Json logs = co_await api->get(target);
  const Output& output = session.output;
  if (output.json) {
    output.line(logs.text());
    co_return exit_done;
  }
  for (auto& line : logs["lines"].items()) {
    output.line(log_line(line, output.style, !output.to_terminal));
  }
  if (logs["lines"].items().empty()) output.err(name + " has not printed anything\n");
  co_return exit_done;
}

}  // namespace berth::app
