#include <fmt/format.h>

#include "app/commands.h"
#include "app/exit_code.h"
#include "app/system_folder.h"
#include "app/tables.h"
#include "app/words.h"

// berth plan and berth deploy.

namespace berth::app {
namespace {

/// What the API answers to a system file that it refuses.
int print_refusal(const Output& output, const ApiAnswer& answer,
                  const placement::SystemFiles& files, const std::string& file) {
  if (output.json) output.line(answer.json.text());
  auto& problems = answer.json["problems"];
  if (problems.items().empty()) {
    Error error = ApiClient::refusal(answer);
    output.err("berth: " + printable(error.text()) + "\n");
    return exit_code_of(error);
  }
  output.err(joined(problem_lines(problems, files, file, output.style)));
  output.err(fmt::format("{} in {}; nothing is changed\n",
                         counted(static_cast<std::int64_t>(problems.items().size()), "problem"),
                         files.folder));
  return exit_failed;
}

void print_changes(const Output& output, const Json& changes) {
  if (changes.items().empty()) {
    output.line("nothing to change: all runs as the file says");
  } else {
    output.lines(plan_lines(changes, output.style));
  }
}

int print_settings(const Output& output, const placement::SystemFiles& files) {
  auto settings = placement::settings(files);
  if (output.json) {
    std::string text;
    JsonWriter out(text);
    out.begin_object().key("settings").begin_array();
    for (auto& setting : settings) {
      out.begin_object().member("key", setting.key).member("value", setting.value);
      out.member("source", setting.source).end_object();
    }
    out.end_array().end_object();
    output.line(text);
    return exit_done;
  }
  Table table({"setting", "value", "from"});
  for (auto& setting : settings) table.add({setting.key, setting.value, setting.source});
  output.lines(table.lines(output.style));
  return exit_done;
}

/// Prints the lines of a deploy as they come.
class DeployPrinter {
 public:
  explicit DeployPrinter(const Output& output) : output_(output) {}

  /// The exit code once the last line has come.
  std::optional<int> take(const Json& line) {
    auto kind = line["kind"].string_or("");
    auto& style = output_.style;
    if (!begun_.integer()) begun_ = line["time"];
    if (kind == "plan") {
      print_changes(output_, line["changes"]);
    } else if (kind == "progress") {
      auto& instance = line["instance"];
      std::string who = text_of(instance.is_null() ? line["service"] : instance);
      output_.line(fmt::format("{}  {}  {}", style.dim(elapsed(line)), who, text_of(line["text"])));
    } else if (kind == "service") {
      bool done = line["result"].string_or("") == "done";
      output_.line(
          fmt::format("{}  {}  version {} {}: {}", style.dim(elapsed(line)),
                      style.bold(text_of(line["service"])), text_of(line["version"]),
                      done ? style.green("is deployed") : style.red(text_of(line["result"])),
                      text_of(line["text"])));
    } else if (kind == "end") {
      bool ok = line["ok"].boolean().value_or(false);
      output_.line(ok ? style.green(text_of(line["text"])) : style.red(text_of(line["text"])));
      return ok ? exit_done : exit_failed;
    }
    return std::nullopt;
  }

 private:
  /// Since the first line, aligned: " 1.2 s".
  std::string elapsed(const Json& line) const {
    double seconds =
        static_cast<double>(line["time"].integer().value_or(0) - begun_.integer().value_or(0)) /
        1000;
    return fmt::format("{:>4.1f} s", std::max(seconds, 0.0));
  }

  const Output& output_;
  Json begun_;
};

}  // namespace

Deferred<int> run(Session& session, PlanArguments arguments) {
  auto files = co_await or_return(
      read_system_folder(session.common.folder, arguments.file, session.common.environment));
  if (arguments.all) co_return print_settings(session.output, files);
  ApiClient* api = co_await or_return(session.api());
  ApiAnswer answer = co_await api->ask("POST", "/v1/plan", deploy_body(files, arguments.services));
  if (!answer.good()) co_return print_refusal(session.output, answer, files, arguments.file);
  if (session.output.json) {
    session.output.line(answer.json.text());
  } else {
    print_changes(session.output, answer.json["changes"]);
  }
  co_return exit_done;
}

Deferred<int> run(Session& session, DeployArguments arguments) {
  auto files = co_await or_return(
      read_system_folder(session.common.folder, arguments.file, session.common.environment));
  ApiClient* api = co_await or_return(session.api());
  auto response =
      co_await api->stream("POST", "/v1/deploy", deploy_body(files, arguments.services));
  if (!response.good()) {
    ApiAnswer answer = co_await whole_answer(std::move(response));
    co_return print_refusal(session.output, answer, files, arguments.file);
  }
  LineStream lines(std::move(response));
  DeployPrinter printer(session.output);
  for (;;) {
    auto text = co_await lines.next().result();
    if (!text.ok()) {
      co_return Error(Code::unavailable,
                      "the connection to berth dev broke; the rollout goes on "
                      "without it, see: berth ps -v");
    }
    Json line = co_await or_return(Json::parse(*text));
    std::optional<int> code;
    if (session.output.json) {
      session.output.line(*text);
      if (line["kind"].string_or("") == "end") {
        code = line["ok"].boolean().value_or(false) ? exit_done : exit_failed;
      }
    } else {
      code = printer.take(line);
    }
    if (code) co_return *code;
  }
}

}  // namespace berth::app
