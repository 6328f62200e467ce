#include "runtime/docker_logs.h"

#include "runtime/docker_frames.h"
#include "runtime/log_files.h"

namespace berth::runtime {
namespace {

constexpr std::size_t end_bytes_max = 1 << 20;  // of the log that are looked at for its last time
constexpr Duration pause = 1s;

std::int64_t millis(WallTime time) { return time.nanoseconds / 1'000'000; }

/// "1764000000.123": seconds, as the Engine reads `since`.
std::string since(std::int64_t milliseconds) {
  std::string fraction = std::to_string(1000 + milliseconds % 1000).substr(1);
  return std::to_string(milliseconds / 1000) + "." + fraction;
}

}  // namespace

DockerLogs::DockerLogs(DockerApi& api, Log log, std::string container, std::string path)
    : api_(api),
      log_(log),
      container_(std::move(container)),
      path_(path),
      writer_(api.world().disk, std::move(path)) {}

Deferred<void> DockerLogs::run() {
  for (;;) {
    auto copied = co_await copy().result();
    if (copied.ok()) copied = co_await still_running().result();
    if (!copied.ok() && copied.error().is(Code::not_found)) break;
    if (copied.ok()) continue;
    if (copied.error().is(Code::cancelled)) co_await fail_with(copied.error());
    log_.warning("a container's output cannot be read; trying again",
                 {{"container", container_}, {"error", copied.error()}});
    co_await api_.world().clock.after(pause);
  }
  done_.set();
}

/// not_found once it has ended.
Deferred<void> DockerLogs::still_running() {
  Json there = co_await api_.call("GET", "/containers/" + container_ + "/json");
  if (!there["State"]["Running"].boolean().value_or(false)) {
    co_await fail_with(Error(Code::not_found, "the container has ended"));
  }
  co_await api_.world().clock.after(pause);
}

Deferred<void> DockerLogs::find_end() {
  LogPart part = co_await read_log_end(api_.world().disk, path_, 1, end_bytes_max);
  std::vector<LogLine> lines;
  parse_log_lines(part.text, "", lines);
  last_millis_ = lines.empty() ? 0 : millis(lines.back().time);
  last_count_ = 0;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    if (millis(line->time) != last_millis_) break;
    ++last_count_;
  }
}

Deferred<void> DockerLogs::copy() {
  co_await find_end();
  std::string target = "/containers/" + container_ + "/logs" +
                       docker_query({{"follow", "1"},
                                     {"stdout", "1"},
                                     {"stderr", "1"},
                                     {"timestamps", "1"},
                                     {"since", since(last_millis_)}});
  // The Engine answers once there is something to tell, so this has no time limit.
  http::Response answer = co_await api_.open("GET", target, {}, "", 24h * 365);
  DockerFrames frames;
  for (;;) {
    Bytes part = co_await answer.read();
    if (part.empty()) co_return;
    std::vector<DockerLine> lines;
    co_await or_return(frames.take(part.view(), lines));
    for (auto& line : lines) {
      // The Engine begins with the lines of that time, which the log has already.
      bool known = last_count_ > 0 && millis(line.time) <= last_millis_;
      if (known) {
        --last_count_;
      } else {
        writer_.add(line.time, line.text);
      }
    }
    co_await writer_.write();
  }
}

}  // namespace berth::runtime
