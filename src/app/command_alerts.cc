#include <fmt/format.h>

#include "app/commands.h"
#include "app/exit_code.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/strings.h"
#include "base/units.h"
#include "http/url.h"
#include "os/host.h"

// berth alerts list, history, silence and end: the alerts of observation (docs/formats/alerts.md).

namespace berth::app {
namespace {

std::string labels_text(const Json& labels) {
  std::string out;
  for (auto& [name, value] : labels.members()) {
    if (name == "alertname" || name == "severity") continue;
    out += (out.empty() ? "" : " ") + name + "=" + std::string(value.string_or(""));
  }
  return out;
}

std::string state_of(const Json& alert, const Style& style) {
  std::string phase = text_of(alert["phase"]);
  if (alert["silenced_by"].is_string()) return style.dim("silenced");
  if (alert["explained_by"].is_object()) return style.dim("explained");
  if (alert["flapping"].boolean().value_or(false)) return style.red("flapping");
  return phase == "firing" ? style.red(phase) : phase;
}

void print_list(const Output& output, const Json& answer) {
  std::size_t shown = 0;
  for (auto& alert : answer["alerts"].items()) {
    if (text_of(alert["phase"]) == "resolved") continue;
    ++shown;
    output.line(fmt::format("{}  {}  {}  {}", state_of(alert, output.style),
                            output.style.bold(printable(text_of(alert["labels"]["alertname"]))),
                            printable(text_of(alert["summary"])),
                            output.style.dim(printable(labels_text(alert["labels"])))));
  }
  if (shown == 0) output.line("no alert fires or is pending");
  for (auto& rule : answer["rules"].items()) {
    std::string trouble = text_of(rule["trouble"]);
    if (trouble.empty()) continue;
    output.line(fmt::format("{}  {}: {}", output.style.red("not evaluated"),
                            printable(text_of(rule["name"])), printable(trouble)));
  }
  for (auto& silence : answer["silences"].items()) {
    output.line(output.style.dim(fmt::format("silence {}  {}  {}", text_of(silence["id"]),
                                             printable(text_of(silence["matchers"])),
                                             printable(text_of(silence["comment"])))));
  }
}

void print_history(const Output& output, const Json& answer) {
  for (auto& line : answer["history"].items()) {
    std::string subject = text_of(line["alert"]);
    if (subject.empty()) subject = text_of(line["service"]);
    std::string more = labels_text(line["labels"]);
    if (more.empty()) more = text_of(line["text"]) + text_of(line["description"]);
    output.line(fmt::format("{}  {}  {}  {}", text_of(line["time"]), text_of(line["what"]),
                            printable(subject), printable(more)));
  }
}

/// As it was told; else this folder's berth dev; else where berth observe run listens by default.
Result<ApiPlace> place_of(Session& session, const AlertsArguments& arguments) {
  ApiPlace place;
  if (arguments.at.empty()) {
    auto found = session.place();
    if (found.ok()) return found;
  }
  place.address = TRY(Address::parse(arguments.at.empty() ? "127.0.0.1:7400" : arguments.at));
  return place;
}

std::string printable_lines(const std::string& text) {
  std::string out;
  for (auto line : split(text, '\n')) out += "\n  " + printable(std::string(line));
  return out;
}

Deferred<Json> asked(ApiClient& api, const AlertsArguments& arguments) {
  using What = AlertsArguments::What;
  if (arguments.what == What::list) co_return co_await api.get("/v1/alerts");
  if (arguments.what == What::history) {
    co_return co_await api.get("/v1/alerts/history?limit=" + std::to_string(arguments.lines));
  }
  if (arguments.what == What::silence) {
    Json body = Json::object();
    body.set("matchers", arguments.of).set("for", write_duration(arguments.lasts));
    body.set("by", os::host_name()).set("comment", arguments.comment);
    co_return co_await api.post("/v1/alerts/silences", body.text());
  }
  std::string target = "/v1/alerts/silences/" + http::percent_encode(arguments.of);
  auto answer = co_await api.ask("DELETE", target);
  if (!answer.good()) co_return ApiClient::refusal(answer);
  co_return std::move(answer.json);
}

}  // namespace

Deferred<int> run(Session& session, AlertsArguments arguments) {
  ApiPlace place = co_await or_return(place_of(session, arguments));
  ApiClient api(session.reactor, session.network, place);
  Json answer = co_await asked(api, arguments);
  const Output& output = session.output;
  using What = AlertsArguments::What;
  if (output.json) {
    output.line(answer.text());
  } else if (arguments.what == What::list) {
    print_list(output, answer);
    auto file = co_await api.ask("GET", "/v1/alerts/file");  // of berth dev
    std::string problem = file.good() ? text_of(file.json["problem"]) : "";
    if (!problem.empty()) {
      output.err("berth: what ran before goes on: " + printable_lines(problem) + "\n");
    }
  } else if (arguments.what == What::history) {
    print_history(output, answer);
  } else if (arguments.what == What::silence) {
    output.line("silence " + text_of(answer["id"]) + "; to end it: berth alerts end " +
                text_of(answer["id"]));
  }
  co_return exit_done;
}

}  // namespace berth::app
