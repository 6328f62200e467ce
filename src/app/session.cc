#include "app/session.h"

#include <algorithm>

#include "app/commands.h"
#include "app/exit_code.h"
#include "app/words.h"
#include "base/strings.h"
#include "os/host.h"

namespace berth::app {
namespace {

std::vector<std::string> service_names(const Json& state) {
  std::vector<std::string> names;
  for (auto& service : state["services"].items()) names.push_back(text_of(service["name"]));
  return names;
}

std::vector<std::string> instance_ids(const Json& state) {
  std::vector<std::string> ids;
  for (auto& service : state["services"].items()) {
    for (auto& instance : service["instances"].items()) ids.push_back(text_of(instance["id"]));
  }
  return ids;
}

Result<std::string> found(const std::string& typed, const std::vector<std::string>& words,
                          const std::string& thing) {
  for (auto& word : words) {
    if (equal_ignoring_case(word, typed)) return word;
  }
  return Error(Code::not_found,
               "there is no " + thing + " '" + printable(typed) + "'" + nearest_hint(typed, words));
}

void print_error(const Output& output, const Error& error) {
  if (output.json) {
    Json problem = Json::object();
    problem.set("type", "about:blank");
    problem.set("title", std::string(code_name(error.code())));
    problem.set("detail", error.text());
    output.line(problem.text());
  }
  output.err("berth: " + printable(error.text()) + "\n");
}

template <class T>
concept ClientCommand = requires(Session& session, T arguments) {
  { run(session, arguments) } -> std::same_as<Deferred<int>>;
};

}  // namespace

Result<ApiPlace> Session::place() const {
  if (!common.state.empty()) return read_api_place(os::absolute_path(common.state));
  return find_api_place(common.folder);
}

Result<ApiClient*> Session::api() {
  if (!api_) api_ = std::make_unique<ApiClient>(reactor, network, TRY(place()));
  return api_.get();
}

std::string nearest_hint(const std::string& typed, const std::vector<std::string>& words) {
  std::string small = lower(typed);
  std::vector<std::string_view> views(words.begin(), words.end());
  auto nearest = nearest_word(small, views);
  if (!nearest.empty()) return "; did you mean '" + std::string(nearest) + "'?";
  if (words.empty() || words.size() > 12) return "";
  std::string list;
  for (auto& word : words) list += (list.empty() ? "" : ", ") + word;
  return "; there are: " + list;
}

Result<std::string> service_named(const Json& state, const std::string& typed) {
  return found(typed, service_names(state), "service");
}

Result<std::string> instance_named(const Json& state, const std::string& typed) {
  if (typed.find('/') == std::string::npos) {
    std::string service = TRY(service_named(state, typed));
    std::vector<std::string> of;
    for (auto& id : instance_ids(state)) {
      if (id.starts_with(service + "/")) of.push_back(id);
    }
    std::string list;
    for (auto& id : of) list += (list.empty() ? "" : ", ") + id;
    return Error(Code::not_found, of.empty() ? service + " has no instance"
                                             : "which instance of " + service + "? " + list);
  }
  return found(typed, instance_ids(state), "instance");
}

Result<std::string> body_of(const std::string& given) {
  if (given == "-") return os::read_small_file("/dev/stdin");
  if (given.starts_with('@')) return os::read_small_file(given.substr(1));
  return given;
}

int run_client(const CommandLine& line, const Output& output) {
  Session session(line.common, output);
  Deferred<int> work = std::visit(
      [&](const auto& arguments) -> Deferred<int> {
        if constexpr (ClientCommand<std::decay_t<decltype(arguments)>>) {
          return run(session, arguments);
        } else {
          return failed<int>(Error(Code::internal, "this command has another entry"));
        }
      },
      line.arguments);
  while (work.pending()) session.reactor.turn(1h);
  auto code = work.take();
  if (code.ok()) return *code;
  print_error(output, code.error());
  return exit_code_of(code.error());
}

}  // namespace berth::app
