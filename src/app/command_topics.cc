#include <fmt/format.h>

#include "app/commands.h"
#include "app/exit_code.h"
#include "app/tables.h"
#include "app/words.h"
#include "http/url.h"

// berth publish and berth topics.

namespace berth::app {
namespace {

Deferred<int> print_dead(Session& session, ApiClient& api, std::string topic, std::string service) {
  std::string target = "/v1/topics/" + http::percent_encode(topic) + "/dead";
  if (!service.empty()) target += "?service=" + http::percent_encode(service);
  Json answer = co_await api.get(target);
  const Output& output = session.output;
  if (output.json) {
    output.line(answer.text());
    co_return exit_done;
  }
  auto& dead = answer["dead"].items();
  for (auto& letter : dead) {
    output.line(fmt::format("{}  {} {}  gave up at {} after {}: {}",
                            output.style.bold(text_of(letter["id"])), text_of(letter["service"]),
                            text_of(letter["path"]), clock_text(letter["died"]),
                            counted(letter["attempts"].integer().value_or(0), "attempt"),
                            output.style.red(text_of(letter["why"]))));
    output.line("  " + cut(text_of(letter["body"]), output.style.columns - 2));
  }
  if (dead.empty()) {
    output.line("no dead letter of " + topic);
  } else {
    output.line(output.style.dim("to send them again: berth topics " + topic +
                                 " --send-again all (or the id of one)"));
  }
  co_return exit_done;
}

Deferred<int> send_again(Session& session, ApiClient& api, TopicsArguments arguments) {
  std::string target = "/v1/topics/" + http::percent_encode(arguments.topic) + "/dead/";
  std::string body;
  if (arguments.send_again != "all") {
    target += http::percent_encode(arguments.send_again) + "/";
  } else if (!arguments.service.empty()) {
    Json limit = Json::object();
    limit.set("service", arguments.service);
    body = limit.text();
  }
  Json answer = co_await api.post(target + "send_again", body);
  session.output.line(session.output.json ? answer.text() : text_of(answer["text"]));
  co_return exit_done;
}

Result<std::string> topic_named(const Json& topics, const std::string& typed) {
  std::vector<std::string> names;
  for (auto& topic : topics.items()) names.push_back(text_of(topic["name"]));
  for (auto& name : names) {
    if (name == typed) return name;
  }
  return Error(Code::not_found,
               "there is no topic '" + printable(typed) + "'" + nearest_hint(typed, names));
}

}  // namespace

Deferred<int> run(Session& session, PublishArguments arguments) {
  std::string body = co_await or_return(body_of(arguments.body));
  std::string type = arguments.type;
  if (type.empty()) type = Json::parse(body).ok() ? "application/json" : "text/plain";
  ApiClient* api = co_await or_return(session.api());
  Json answer = co_await api->post("/v1/topics/" + http::percent_encode(arguments.topic),
                                   std::move(body), std::move(type));
  const Output& output = session.output;
  if (output.json) {
    output.line(answer.text());
    co_return exit_done;
  }
  auto subscriptions = answer["subscriptions"].integer().value_or(0);
  output.line(fmt::format("published {} to {}: {}", text_of(answer["id"]), arguments.topic,
                          subscriptions == 0 ? output.style.yellow("nobody subscribes to it")
                                             : counted(subscriptions, "subscriber")));
  co_return exit_done;
}

Deferred<int> run(Session& session, TopicsArguments arguments) {
  ApiClient* api = co_await or_return(session.api());
  Json answer = co_await api->get("/v1/topics");
  if (!arguments.topic.empty()) {
    co_await or_return(topic_named(answer["topics"], arguments.topic));
  }
  if (!arguments.send_again.empty()) co_return co_await send_again(session, *api, arguments);
  if (arguments.dead) {
    co_return co_await print_dead(session, *api, arguments.topic, arguments.service);
  }
  Json shown = Json::array();
  for (auto& topic : answer["topics"].items()) {
    if (arguments.topic.empty() || topic["name"].string_or("") == arguments.topic) shown.add(topic);
  }
  const Output& output = session.output;
  if (output.json) {
    Json json = Json::object();
    json.set("topics", std::move(shown));
    output.line(json.text());
  } else if (shown.items().empty()) {
    output.line("no topic yet; a service subscribes with: on = { \"thing.made\" = \"/events\" }");
  } else {
    output.lines(topics_table(shown, output.style));
  }
  co_return exit_done;
}

}  // namespace berth::app
