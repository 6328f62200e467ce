#include "app/log_lines.h"

#include "async/clock.h"

namespace berth::app {
namespace {

constexpr Duration keep_interval = 1s;

std::vector<console::LogLine> for_console(std::vector<runtime::LogLine> lines) {
  std::vector<console::LogLine> out;
  out.reserve(lines.size());
  for (auto& line : lines) {
    out.push_back({line.time, std::move(line.id), std::move(line.text)});
  }
  return out;
}

class Follower final : public console::LogFollower {
 public:
  explicit Follower(runtime::LogTail tail) : tail_(std::move(tail)) {}
  Deferred<std::vector<console::LogLine>> next() override { return tail_.next().then(for_console); }
  Deferred<void> begin(std::size_t lines) { return tail_.begin_with_last(lines); }

 private:
  runtime::LogTail tail_;
};

}  // namespace

LogLines::LogLines(World& world, Log log, std::string state_folder, observe::Observer& observer)
    : world_(world),
      log_(log),
      state_folder_(std::move(state_folder)),
      observer_(observer),
      tail_(world, state_folder_) {}

Deferred<void> LogLines::run() {
  std::string kept = state_folder_ + "/logs/positions.json";
  if (auto loaded = co_await tail_.load(kept).result(); !loaded.ok()) {
    log_.warning("lines of logs may be left out", {{"error", loaded.error()}});
  }
  MonotonicTime next_keep = world_.clock.now();
  for (;;) {
    auto lines = co_await tail_.next().result();
    if (!lines.ok()) {
      log_.warning("the instances' logs cannot be read", {{"error", lines.error()}});
      co_await world_.clock.after(1s);
      continue;
    }
    for (auto& line : *lines) {
      std::string_view id = line.id;
      observer_.note_log_line(id.substr(0, id.find('/')), line.text);
    }
    if (world_.clock.now() < next_keep) continue;
    next_keep = world_.clock.now() + keep_interval;
    if (auto done = co_await tail_.keep(kept).result(); !done.ok()) {
      log_.warning("positions in logs are not kept", {{"error", done.error()}});
    }
  }
}

Deferred<std::vector<console::LogLine>> LogLines::last(std::string service, std::string instance,
                                                       std::size_t lines) {
  return runtime::last_log_lines(world_, state_folder_, std::move(service), std::move(instance),
                                 lines)
      .then(for_console);
}

Deferred<std::unique_ptr<console::LogFollower>> LogLines::follow(std::string service,
                                                                 std::string instance,
                                                                 std::size_t lines) {
  auto follower = std::make_unique<Follower>(
      runtime::LogTail(world_, state_folder_, std::move(service), std::move(instance)));
  co_await follower->begin(lines);
  co_return std::unique_ptr<console::LogFollower>(std::move(follower));
}

}  // namespace berth::app
