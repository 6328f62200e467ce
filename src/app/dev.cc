#include "app/dev.h"

#include <fmt/format.h>

#include <cstdio>

#include "app/api_client.h"
#include "app/dev_places.h"
#include "app/exit_code.h"
#include "app/local_system.h"
#include "app/output.h"
#include "app/plain_screen.h"
#include "app/screen.h"
#include "app/system_folder.h"
#include "app/version.h"
#include "async/gather.h"
#include "os/host.h"
#include "os/log_output.h"
#include "os/own_world.h"
#include "os/terminal_io.h"

// `berth dev`, as a plan: read the file, take the state folder, choose the places, start the
// system, deploy, show it until told to stop, stop it.

namespace berth::app {
namespace {

constexpr std::uint64_t descriptors_least = 256;

class Dev {
 public:
  explicit Dev(const DevArguments& arguments) : arguments_(arguments), output_(standard_output()) {}

  int run() {
    std::uint64_t descriptors = os::raise_descriptor_limit();
    if (descriptors < descriptors_least) {
      return told(
          Error(Code::invalid,
                fmt::format("only {} file descriptors may be open at once, {} are needed at "
                            "least; raise the hard limit (ulimit -Hn 4096, or LimitNOFILE)",
                            descriptors, descriptors_least)));
    }
    auto files = read_system_folder(arguments_.folder, arguments_.file, arguments_.environment);
    if (!files.ok()) return told(files.error());
    auto read = placement::read_system(*files);
    if (!read.problems.empty()) return tell_problems(*files, read.problems);
    auto state = StateFolder::take(arguments_.state, own_.random);
    if (!state.ok()) return told(state.error());
    state_ = std::make_unique<StateFolder>(std::move(*state));
    auto places = choose_places(arguments_, *state_, claims_, notes_);
    if (!places.ok()) return told(places.error());
    places->streams_file = arguments_.folder + "/streams.toml";
    places->observe_file = arguments_.folder + "/observe.toml";
    for (auto& note : notes_) output_.line(note);
    log_output_ = std::make_unique<os::LogOutput>(state_->file("berth.log"));
    scope_.add(live(std::move(read.spec), *places));
    return own_.reactor.run();
  }

 private:
  int told(const Error& error) {
    output_.err("berth dev: " + error.text() + "\n");
    return exit_failed;
  }
  int tell_problems(const placement::SystemFiles& files,
                    const std::vector<placement::Problem>& problems) {
    Json json = Json::array();
    for (auto& problem : problems) {
      Json one = Json::object();
      one.set("file", problem.file).set("line", problem.line).set("column", problem.column);
      one.set("text", problem.text).set("expected", problem.expected);
      json.add(std::move(one.set("nearest", problem.nearest)));
    }
    for (auto& line : problem_lines(json, files, arguments_.file, output_.style)) {
      output_.err(line + "\n");
    }
    return exit_failed;
  }

  Deferred<void> live(placement::SystemSpec spec, SystemPlaces places) {
    Log log(log_output_->target(), "berth");
    system_ = std::make_unique<LocalSystem>(own_, log, *state_, claims_, places, spec.name,
                                            spec.environment);
    int code = exit_done;
    bool started = false;
    auto begun = co_await begin(std::move(spec)).result();
    if (begun.ok()) {
      started = true;
      code = co_await show(places);
    } else {
      code = told(begun.error());
    }
    if (started) output_.line("stopping every instance");
    auto stopped = co_await system_->stop(started).result();
    if (!stopped.ok()) code = told(stopped.error());
    own_.reactor.stop(code);
  }

  Deferred<void> begin(placement::SystemSpec spec) {
    co_await system_->start();
    co_await system_->changes().deploy(std::move(spec), {});
  }

  /// Until a signal, or the key that ends it. Returns the exit code.
  Deferred<int> show(SystemPlaces places) {
    ApiPlace place;
    place.address = Address::loopback(places.console);
    place.token = state_->token();
    place.system = arguments_.folder;
    ApiClient api(own_.reactor, own_.network, std::move(place));
    Deferred<int> told = own_.signals.next().then([](int) { return int{exit_done}; });
    auto either = together(std::move(told), show_until_left(api));
    auto first = co_await race(std::move(either));
    co_return std::move(first.result);
  }

  Deferred<int> show_until_left(ApiClient& api) {
    auto terminal = arguments_.once || !output_.to_terminal
                        ? Result<std::unique_ptr<os::TerminalIo>>(Error::cancelled())
                        : os::TerminalIo::open(own_.reactor);
    if (!terminal.ok()) {
      PlainOptions options;
      options.once = arguments_.once;
      options.began = began_;
      co_return co_await show_plainly(own_.reactor, api, output_, std::move(options));
    }
    ScreenOptions options;
    options.stops_system = true;
    options.began = began_;
    options.colour = output_.style.colour;
    Screen screen(own_.reactor, own_.process, **terminal, api, std::move(options));
    co_await screen.run();
    co_return exit_done;
  }

  DevArguments arguments_;
  Output output_;
  os::OwnWorld own_{4};
  MonotonicTime began_ = own_.reactor.now();
  PortClaims claims_;
  std::vector<std::string> notes_;
  std::unique_ptr<StateFolder> state_;
  std::unique_ptr<os::LogOutput> log_output_;
  std::unique_ptr<LocalSystem> system_;
  Scope scope_;
};

}  // namespace

int run_dev(const DevArguments& arguments) { return Dev(arguments).run(); }

}  // namespace berth::app
