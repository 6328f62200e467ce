#include "app/log_lines.h"

#include "async/clock.h"
#include "observe/log_level.h"

namespace berth::app {
namespace {

constexpr Duration keep_interval = 1s;
constexpr Duration close_patience = 2s;

}  // namespace

LogLines::LogLines(World& world, Log log, std::string state_folder, observe::Observer& observer,
                   observe::LogStore& store, std::string host)
    : world_(world),
      log_(log),
      state_folder_(std::move(state_folder)),
      observer_(observer),
      store_(store),
      host_(std::move(host)),
      tail_(world, state_folder_),
      kept_(state_folder_ + "/logs/positions.json") {}

Deferred<void> LogLines::close() {
  stopping_ = true;
  if (scope_.size() > 0) {
    std::ignore = co_await with_timeout(world_.clock, close_patience, ended_.wait()).result();
  }
  co_await scope_.close();
}

Deferred<void> LogLines::run() {
  if (auto loaded = co_await tail_.load(kept_).result(); !loaded.ok()) {
    log_.warning("lines of logs may be left out", {{"error", loaded.error()}});
  }
  MonotonicTime next_keep = world_.clock.now();
  while (!stopping_) {
    auto lines = co_await tail_.next(world_.clock.now()).result();
    if (!lines.ok()) {
      log_.warning("the instances' logs cannot be read", {{"error", lines.error()}});
      co_await world_.clock.after(1s);
      continue;
    }
    for (auto& line : *lines) {
      std::string_view id = line.id;
      std::string_view service = id.substr(0, id.find('/'));
      LogLevel level = observe::log_level_of(line.text);
      observer_.note_log_line(service, level);
      store_.append({line.time, host_, service, id, level, line.text, {}});
      unkept_ = true;
    }
    if (unkept_ && world_.clock.now() >= next_keep) {
      next_keep = world_.clock.now() + keep_interval;
      co_await keep();
    }
    if (lines->empty()) co_await world_.clock.after(runtime::LogTail::interval);
  }
  if (unkept_) co_await keep();
  ended_.set();
}

Deferred<void> LogLines::keep() {
  // A line that is not in the store's log yet must be read again.
  auto done = co_await store_.commit().result();
  if (done.ok()) done = co_await tail_.keep(kept_).result();
  if (done.ok()) {
    unkept_ = false;
  } else {
    log_.warning("positions in logs are not kept", {{"error", done.error()}});
  }
}

}  // namespace berth::app
