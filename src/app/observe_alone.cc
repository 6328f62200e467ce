#include "app/observe_alone.h"

#include <csignal>
#include <cstdio>
#include <optional>

#include "app/exit_code.h"
#include "app/read_files.h"
#include "app/time_zones.h"
#include "app/version.h"
#include "async/clock.h"
#include "async/executor.h"
#include "async/sync.h"
#include "async/watched_files.h"
#include "console/log_search.h"
#include "observe/alone/alone.h"
#include "os/host.h"
#include "os/log_output.h"
#include "os/own_world.h"

namespace berth::app {
namespace {

constexpr std::size_t worker_threads = 2;

/// What was read, and from which files.
struct Loaded {
  observe::ObserveFile file;
  std::vector<std::string> paths;
};

/// Blocks: on a worker, but for the first time.
Result<Loaded> load(const std::string& path, const std::string& shown) {
  Loaded loaded;
  ReadFiles files;
  auto read = [&](const std::string& other) { return files.read(other); };
  std::string text = TRY(read(path));
  std::string folder = path.substr(0, path.rfind('/'));
  loaded.file = TRY(observe::read_observe_file(text, shown, folder, {read, zone_called}));
  loaded.paths = std::move(files.paths);
  return loaded;
}

/// Everything of the process, constructed in the order of use.
class ObserveProcess {
 public:
  explicit ObserveProcess(const ObserveArguments& arguments)
      : shown_(arguments.file), path_(os::absolute_path(arguments.file)) {}

  Result<int> run() {
    os::raise_descriptor_limit();
    auto loaded = TRY(load(path_, shown_));
    TRY(os::make_private_folder(loaded.file.data));
    lock_ = TRY(os::lock_file(loaded.file.data + "/lock"));
    scope_.add(live(std::move(loaded)));
    int code = own_.reactor.run();
    if (failed_) return std::move(*failed_);
    return code;
  }

 private:
  /// Ends by a signal, or because it cannot begin.
  Deferred<void> live(Loaded loaded) {
    grace_ = loaded.file.stop_grace;
    files_.set(std::move(loaded.paths));
    auto started = co_await alone_.start(std::move(loaded.file)).result();
    if (started.ok()) {
      if (auto* logs = alone_.logs()) {
        console::add_log_search_routes(alone_.routes(), own_.world, *logs);
      }
      log_.info("running", {{"file", path_}});
      works_.add(files_.watch([this] { return reload(); }));
      while (co_await own_.signals.next() == SIGHUP) co_await reload();
      co_await works_.close();
    } else {
      failed_ = std::move(started).error();
    }
    auto closed = co_await with_timeout(own_.reactor, grace_, alone_.close()).result();
    if (!closed.ok()) log_.error("not all was ended in order", {{"error", closed.error()}});
    own_.reactor.stop(0);
  }

  Deferred<void> reload() {
    auto one_at_a_time = co_await reloading_.acquire();
    auto loading =
        run_on(own_.workers, [path = path_, shown = shown_] { return load(path, shown); });
    auto loaded = co_await std::move(loading).result();
    Result<void> applied;
    if (loaded.ok()) {
      files_.set(std::move(loaded->paths));
      grace_ = loaded->file.stop_grace;
      applied = co_await alone_.apply(std::move(loaded->file)).result();
    } else {
      applied = std::move(loaded).error();
    }
    if (applied.ok()) {
      log_.info("the file was applied", {{"revision", alone_.revision()}});
      co_return;
    }
    log_faults(log_, path_, applied.error());
  }

  std::string shown_;
  std::string path_;
  os::Descriptor lock_;
  os::OwnWorld own_{worker_threads};
  os::LogOutput output_{""};
  Log log_{output_.target(), "observe"};
  observe::Alone alone_{own_.world, log_, std::string(version())};
  WatchedFiles files_{own_.world};
  Duration grace_ = 10s;
  Lock reloading_;
  std::optional<Error> failed_;
  Scope works_;
  Scope scope_;
};

}  // namespace

int run_observe_alone(const ObserveArguments& arguments) {
  if (arguments.check) {
    auto loaded = load(os::absolute_path(arguments.file), arguments.file);
    if (!loaded.ok()) return tell_faults("observe", loaded.error());
    std::printf("%s can be used\n", arguments.file.c_str());
    return exit_done;
  }
  ObserveProcess process(arguments);
  auto code = process.run();
  return code.ok() ? *code : tell_faults("observe", code.error());
}

}  // namespace berth::app
