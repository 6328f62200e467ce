#include "app/proxy_alone.h"

#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <tuple>

#include "app/exit_code.h"
#include "app/proxy_threads.h"
#include "app/read_files.h"
#include "app/succession.h"
#include "app/taken_sockets.h"
#include "async/clock.h"
#include "async/executor.h"
#include "async/watched_files.h"
#include "http/client.h"
#include "os/host.h"
#include "os/log_output.h"
#include "os/own_world.h"
#include "proxy/alone.h"
#include "proxy/control_site.h"

namespace berth::app {
namespace {

/// What was read, and from which files.
struct Loaded {
  proxy::gateway::ProxyFile file;
  std::vector<proxy::gateway::ProxyFile> copies;  // one for each further thread
  std::vector<std::string> paths;
};

/// Blocks: on a worker, but for the first time.
Result<Loaded> load(const std::string& path, const std::string& shown) {
  Loaded loaded;
  ReadFiles files;
  std::map<std::string, std::string> contents;
  auto read = [&](const std::string& other) -> Result<std::string> {
    auto found = contents.find(other);
    if (found == contents.end()) found = contents.emplace(other, TRY(files.read(other))).first;
    return found->second;
  };
  std::string text = TRY(read(path));
  std::string folder = path.substr(0, path.rfind('/'));
  loaded.file = TRY(proxy::gateway::read_proxy_file(text, shown, folder, read));
  while (loaded.copies.size() + 1 < loaded.file.gateway->threads) {
    loaded.copies.push_back(TRY(proxy::gateway::read_proxy_file(text, shown, folder, read)));
  }
  loaded.paths = std::move(files.paths);
  return loaded;
}

/// A file that only its user may read, in a folder that only he may look into.
Deferred<void> write_private(Workers& workers, std::string path, std::string content) {
  return run_on(workers, [path = std::move(path), content = std::move(content)]() -> Result<void> {
    TRY(os::make_private_folder(path.substr(0, path.rfind('/'))));
    return os::write_private_file(path, content);
  });
}

/// Everything of the process, constructed in the order of use.
class AloneProcess {
 public:
  explicit AloneProcess(const AloneArguments& arguments)
      : shown_(arguments.file),
        path_(os::absolute_path(arguments.file)),
        program_(os::own_program()) {
    if (!arguments.take_over.empty()) take_over_ = os::absolute_path(arguments.take_over);
  }

  Result<int> run() {
    os::raise_descriptor_limit();
    site_.on_upgrade([this] { return upgrade(); });
    sockets_.deal_by([this](const Address& listening) { return threads_.dealer(listening); });
    scope_.add(begin());
    int code = own_.reactor.run();
    threads_.stop();
    if (failed_) return std::move(*failed_);
    return code;
  }

 private:
  Deferred<void> begin() {
    auto begun = co_await (take_over_.empty() ? begin_alone() : begin_by_taking_over()).result();
    if (!begun.ok()) {
      failed_ = std::move(begun).error();
      own_.reactor.stop(exit_failed);
      co_return;
    }
    log_.info("running", {{"file", path_}});
    scope_.add(files_.watch([this] { return reload(); }));
    scope_.add(take_signals());
    scope_.add(give_way());
  }

  Deferred<void> begin_alone() {
    auto loaded = co_await or_return(load(path_, shown_));
    co_await threads_.start(loaded.file.gateway->threads, alone_.shard());
    files_.set(loaded.paths);
    co_await or_return(apply(std::move(loaded)));
  }

  /// What the process before knows, then its sockets; it goes on where anything fails.
  Deferred<void> begin_by_taking_over() {
    auto taking = Successor::begin(own_.world, own_.reactor, sockets_, take_over_);
    auto successor = co_await std::move(taking);
    auto told = co_await ask_predecessor().result();
    if (told.ok()) alone_.begin_with(*told);
    auto applied = told.ok() ? co_await begin_alone().result() : Result<void>(told.error());
    if (!applied.ok()) {
      successor->failed(applied.error());
      co_await fail_with(std::move(applied).error());
    }
    sockets_.drop_rest();
    successor->ready();
    log_.info("took over", {{"from", take_over_}});
  }

  Deferred<Json> ask_predecessor() {
    http::Client client(own_.reactor, own_.network);
    http::Request request;
    request.target = "/v1/handover";
    auto asking = client.send(Address::unix_path(take_over_), std::move(request), 5s);
    auto answer = co_await std::move(asking);
    co_return co_await answer.json();
  }

  Deferred<std::int64_t> upgrade() {
    std::vector<std::string> argv{program_, "proxy", "run", path_, "--take-over", control_path()};
    return predecessor_.start(std::move(argv));
  }

  std::string control_path() const {
    bool none = control_.family() == Address::Family::none;
    return none ? "" : control_.text().substr(std::string_view("unix:").size());
  }

  /// Another process has the sockets: this one takes no more, and ends with what it has.
  Deferred<void> give_way() {
    co_await predecessor_.succeeded();
    log_.info("the next process has taken over; this one ends with its connections",
              {{"connections", alone_.connections()}});
    alone_.stop_listening();
    alone_.certificates().stop();
    sockets_.stop_listening();           // control and metrics too
    co_await own_.reactor.after(100ms);  // who asked for it is answered
    std::ignore = site_.set({}, {});
    std::ignore = predecessor_.set("");
    MonotonicTime end = own_.reactor.now() + grace_;
    while (alone_.connections() > 0 && own_.reactor.now() < end) {
      co_await own_.reactor.after(10ms);
    }
    co_await alone_.finish_logs();
    own_.reactor.stop(0);
  }

  Result<void> apply(Loaded loaded) {
    auto& file = loaded.file;
    Duration grace = file.stop_grace;
    Address metrics = file.metrics;
    Address control = file.control;
    TRY(site_.set(metrics, control));
    std::swap(control_, control);
    auto told = predecessor_.set(
        control_.family() == Address::Family::none ? "" : succession_path(control_path()));
    if (!told.ok())
      log_.warning("no process can take over from this one", {{"error", told.error()}});
    std::swap(control_, control);
    if (auto applied = alone_.apply(std::move(file), std::move(loaded.copies)); !applied.ok()) {
      std::ignore = site_.set(metrics_, control_);
      return applied;
    }
    grace_ = grace;
    metrics_ = metrics;
    control_ = control;
    return {};
  }

  Deferred<void> reload() {
    auto loading =
        run_on(own_.workers, [path = path_, shown = shown_] { return load(path, shown); });
    auto loaded = co_await std::move(loading).result();
    Result<void> applied;
    if (loaded.ok()) {
      files_.set(std::move(loaded->paths));
      applied = apply(std::move(*loaded));
    } else {
      applied = std::move(loaded).error();
    }
    if (applied.ok()) {
      log_.info("the file was applied", {{"revision", alone_.revision()}});
      co_return;
    }
    log_faults(log_, path_, applied.error());
  }

  Deferred<void> take_signals() {
    for (;;) {
      int number = co_await own_.signals.next();
      if (number == SIGUSR2) {
        auto upgraded = co_await upgrade().result();
        if (!upgraded.ok()) log_.error("no upgrade", {{"error", upgraded.error()}});
        continue;
      }
      if (number != SIGHUP) break;
      alone_.logs().reopen();
      co_await reload();
    }
    alone_.stop_listening();
    MonotonicTime end = own_.reactor.now() + grace_;
    while (co_await alone_.requests_in_flight() > 0 && own_.reactor.now() < end) {
      co_await own_.reactor.after(10ms);
    }
    co_await alone_.finish_logs();
    own_.reactor.stop(0);
  }

  std::string shown_;
  std::string path_;
  std::string program_;
  std::string take_over_;
  os::OwnWorld own_{1, {SIGTERM, SIGINT, SIGHUP, SIGUSR2}};
  TakenSockets sockets_{own_.network};
  World world_{own_.reactor, sockets_,     own_.disk,     own_.process,
               own_.random,  own_.workers, &own_.resolver};
  os::LogOutput output_{""};
  Log log_{output_.target(), "proxy"};
  ProxyThreads threads_{own_.reactor, world_, log_};
  proxy::Alone alone_{world_, log_,
                      [this](const std::string& path, const std::string& content) {
                        return write_private(own_.workers, path, content);
                      },
                      threads_};
  proxy::ControlSite site_{world_, log_.named("control"), alone_};
  Predecessor predecessor_{world_, log_.named("upgrade"), own_.reactor, sockets_};
  WatchedFiles files_{world_};
  Duration grace_ = 10s;
  Address metrics_;
  Address control_;
  std::optional<Error> failed_;
  Scope scope_;
};

}  // namespace

int run_proxy_alone(const AloneArguments& arguments) {
  if (arguments.check) {
    auto loaded = load(os::absolute_path(arguments.file), arguments.file);
    if (!loaded.ok()) return tell_faults("proxy", loaded.error());
    std::printf("%s can be used\n", arguments.file.c_str());
    return 0;
  }
  AloneProcess process(arguments);
  auto code = process.run();
  return code.ok() ? *code : tell_faults("proxy", code.error());
}

}  // namespace berth::app
