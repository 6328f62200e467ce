#include <cstdio>

#include "app/api_place.h"
#include "app/command_line.h"
#include "app/exit_code.h"
#include "app/proxy_alone.h"
#include "app/session.h"
#include "os/host.h"
#include "os/shim.h"

// berth: one program for the commands of the client's side and for the processes of a host.

namespace berth::app {
namespace {

/// Where the system stands and keeps its state, as absolute paths.
Result<DevArguments> placed(DevArguments arguments, const Common& common) {
  if (arguments.folder.empty()) {
    arguments.folder = TRY(folder_with(common.folder, arguments.file));
  } else {
    arguments.folder = os::absolute_path(arguments.folder);
  }
  arguments.state =
      common.state.empty() ? arguments.folder + "/.berth" : os::absolute_path(common.state);
  arguments.environment = common.environment;
  return arguments;
}

int start_dev(const DevArguments& given, const Common& common) {
  auto arguments = placed(given, common);
  if (arguments.ok()) return run_dev(*arguments);
  std::fprintf(stderr, "berth: %s; write one, or name its folder: berth dev FOLDER\n",
               arguments.error().text().c_str());
  return exit_failed;
}

int start_proxy(ProxyArguments arguments, const Common& common) {
  if (!arguments.file.empty())
    return run_proxy_alone({arguments.file, arguments.check, arguments.take_over});
  if (common.state.empty()) {
    std::fputs("berth: proxy run needs a FILE, or --state FOLDER\nsee: berth proxy run --help\n",
               stderr);
    return exit_usage;
  }
  arguments.state = os::absolute_path(common.state);
  return run_proxy(arguments);
}

int start(const CommandLine& line) {
  if (auto* dev = std::get_if<DevArguments>(&line.arguments)) return start_dev(*dev, line.common);
  if (auto* proxy = std::get_if<ProxyArguments>(&line.arguments)) {
    return start_proxy(*proxy, line.common);
  }
  if (auto* observe = std::get_if<ObserveArguments>(&line.arguments)) {
    return run_observe_alone(*observe);
  }
  if (auto* shim = std::get_if<ShimArguments>(&line.arguments)) return os::run_shim(shim->spec);
  Output output = standard_output();
  output.json = line.common.json;
  return run_client(line, output);
}

}  // namespace
}  // namespace berth::app

int main(int count, char** words) {
  auto parsed = berth::app::parse_command_line({words + 1, words + count});
  if (parsed.line) return berth::app::start(*parsed.line);
  std::fputs(parsed.text.c_str(), parsed.exit_code == 0 ? stdout : stderr);
  return parsed.exit_code;
}
