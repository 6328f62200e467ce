#include "observe/local_streams.h"

#include "async/clock.h"
#include "base/check.h"
#include "observe/file_text.h"
#include "observe/streams/streams.h"

namespace berth::observe {
namespace {

/// Where a file stands that `file` names.
std::string beside(const std::string& file, const std::string& name) {
  return name.starts_with('/') ? name : file.substr(0, file.rfind('/') + 1) + name;
}

std::vector<streams::NamedSpec> index_everything() { return {{"index", streams::index()}}; }

}  // namespace

Deferred<http::ServerResponse> for_programs(const http::Router& router,
                                            http::ServerRequest& request) {
  bool websocket = request.head.upgrade;  // looks at the origin itself
  if (!websocket && request.head.headers.find("origin")) {
    return ready(http::ServerResponse::problem(403, "this is not open to pages of browsers"));
  }
  return router.route(request);
}

LocalStreams::LocalStreams(World& world, Log log, const Note& note, std::string file)
    : world_(world),
      log_(log),
      file_(std::move(file)),
      core_(world.clock, log),
      riemann_(core_, log.named("riemann")),
      web_(core_, log.named("riemann")),
      websocket_(world.clock,
                 [this](http::ServerRequest& request) {
                   return for_programs(websocket_routes_, request);
                 }),
      event_stream_(world.clock, [this](http::ServerRequest& request) {
        return for_programs(event_stream_routes_, request);
      }) {
  check(core_.add(streams::call("series", note)).ok(), "a stream of events was refused");
  core_.set_output("series", [note](const Event& event) -> Result<void> {
    note(event);
    return {};
  });
  web_.add_websocket_routes(websocket_routes_);
  web_.add_event_stream_routes(event_stream_routes_);
}

void LocalStreams::serve(std::unique_ptr<Listener> events,
                         std::unique_ptr<DatagramSocket> datagrams) {
  riemann_.serve(std::move(events));
  riemann_.serve(std::move(datagrams));
}

void LocalStreams::serve_web(std::unique_ptr<Listener> websocket,
                             std::unique_ptr<Listener> event_stream) {
  websocket_.serve(std::move(websocket));
  event_stream_.serve(std::move(event_stream));
}

Deferred<void> LocalStreams::start() {
  check(core_.install(index_everything()).ok(), "the index was refused");
  co_await look();
  core_.start();
  scope_.add(follow_file());
}

void LocalStreams::set_file(std::string file) {
  if (file == file_) return;
  file_ = std::move(file);
  text_.clear();
  scripts_.clear();
}

Deferred<void> LocalStreams::close() {
  co_await scope_.close();
  co_await riemann_.close();
  co_await websocket_.close();
  co_await event_stream_.close();
}

Deferred<void> LocalStreams::follow_file() {
  for (;;) {
    co_await world_.clock.after(look_every);
    co_await look();
  }
}

Deferred<void> LocalStreams::look() {
  std::string text = co_await file_text(world_.disk, file_, file_bytes_max);
  if (text != text_) {
    auto file = streams::read_streams_file(text, file_);
    scripts_ = file.ok() ? file->scripts : std::vector<std::string>();
    text_ = text;
  }
  std::string all = text;
  std::vector<std::string> scripts;
  for (std::size_t i = 0; i < scripts_.size(); ++i) {
    std::string script =
        co_await file_text(world_.disk, beside(file_, scripts_[i]), file_bytes_max);
    all += '\0' + script;
    scripts.push_back(std::move(script));
  }
  if (all == taken_) co_return;
  taken_ = std::move(all);
  auto taken = take(text, scripts);
  if (!taken.ok()) {
    log_.error("streams are wrong; what ran before goes on", {{"error", taken.error()}});
  }
}

Result<void> LocalStreams::take(const std::string& text, const std::vector<std::string>& scripts) {
  auto file = TRY(streams::read_streams_file(text, file_));
  for (std::size_t i = 0; i < scripts.size(); ++i) {
    TRY(streams::add_script(file, scripts[i], beside(file_, file.scripts[i])));
  }
  if (file.streams.empty()) file.streams = index_everything();
  std::uint64_t kept = core_.counters().streams_kept;
  std::size_t count = file.streams.size();
  TRY(core_.install(std::move(file.streams)));
  core_.set_limits(file.limits);
  log_.info("streams run",
            {{"streams", count}, {"unchanged", core_.counters().streams_kept - kept}});
  return {};
}

}  // namespace berth::observe
