#include "app/command_line.h"
#include "app/commands.h"
#include "app/completion.h"
#include "app/exit_code.h"
#include "os/host.h"

// berth completion, and berth __complete, which the shells' scripts ask.

namespace berth::app {
namespace {

constexpr Duration patience = 500ms;  // a shell waits for this while somebody types

Deferred<std::vector<Candidate>> names_from_server(Session& session, std::string value,
                                                   std::string typed) {
  ApiClient* api = co_await or_return(session.api());
  Json state = co_await with_timeout(session.reactor, patience, api->get("/v1/state"));
  co_return names_for(value, state, typed);
}

}  // namespace

Deferred<int> run(Session& session, CompletionArguments arguments) {
  auto script = completion_script(arguments.shell, os::own_program());
  if (!script) co_return Error(Code::invalid, "there is a script for bash, zsh and fish");
  session.output.out(*script);
  co_return exit_done;
}

Deferred<int> run(Session& session, CompleteArguments arguments) {
  Completion found = completion_of(command_shapes(), common_flags(), arguments.words);
  std::string typed = arguments.words.empty() ? "" : arguments.words.back();
  if (found.value == "FOLDER" || found.value == "FILE") {
    session.output.line(":files");
    co_return exit_done;
  }
  if (is_asked_from_server(found.value)) {
    // Nobody who types wants to read why there is nothing to offer.
    auto names = co_await names_from_server(session, found.value, typed).result();
    if (names.ok()) found.candidates = std::move(*names);
  }
  for (auto& candidate : found.candidates) {
    session.output.line(candidate.text + "\t" + candidate.help);
  }
  co_return exit_done;
}

}  // namespace berth::app
