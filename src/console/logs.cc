#include "console/logs.h"

#include "async/clock.h"
#include "base/json_writer.h"
#include "console/sentence.h"
#include "http/event_stream.h"
#include "observe/log_level.h"

namespace berth::console {
namespace {

constexpr Duration again_after = 1s;

constexpr std::string_view level_word(LogLevel level) {
  switch (level) {
    case LogLevel::error:
      return "error";
    case LogLevel::warning:
      return "warn";
    case LogLevel::debug:
      return "debug";
    default:
      return "info";
  }
}

void write_line(JsonWriter& out, const runtime::LogLine& line) {
  out.begin_object();
  out.member("time", milliseconds(line.time)).member("instance", line.id);
  out.member("level", level_word(observe::log_level_of(line.text)));
  out.member("text", line.text);
  out.end_object();
}

}  // namespace

std::string log_line_json(const runtime::LogLine& line) {
  std::string text;
  JsonWriter out(text);
  write_line(out, line);
  return text;
}

std::string log_lines_json(const std::vector<runtime::LogLine>& lines) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().key("lines").begin_array();
  for (auto& line : lines) write_line(out, line);
  out.end_array().end_object();
  return text;
}

LogStream::LogStream(Clock& clock, std::unique_ptr<runtime::LogTail> tail,
                     std::shared_ptr<std::size_t> followers)
    : clock_(clock), tail_(std::move(tail)), followers_(std::move(followers)) {
  ++*followers_;
  scope_.add(take_lines());
}

Deferred<void> LogStream::take_lines() {
  for (;;) {
    auto lines = co_await tail_->next().result();
    if (!lines.ok()) {
      co_await clock_.after(again_after);
      continue;
    }
    for (auto& line : *lines) {
      std::string event;
      http::append_event(event, "line", log_line_json(line));
      bytes_ += event.size();
      events_.push_back(std::move(event));
    }
    while (bytes_ > waiting_bytes_max) {
      bytes_ -= events_.front().size();
      events_.pop_front();
      ++lost_;
    }
    wake();
  }
}

Deferred<Bytes> LogStream::read() {
  if (!std::exchange(begun_, true)) co_return Bytes::literal(http::stream_begin);
  while (events_.empty() && lost_ == 0) {
    auto woken = co_await with_timeout(clock_, http::heartbeat_every, waiting_.wait()).result();
    if (!woken.ok() && woken.error().is(Code::timed_out)) co_return Bytes::literal(http::heartbeat);
    co_await or_return(std::move(woken));
  }
  std::string part;
  if (lost_ > 0) {
    http::append_event(part, "lost", "{\"lines\":" + std::to_string(std::exchange(lost_, 0)) + "}");
  }
  while (!events_.empty() && part.size() < part_bytes_max) {
    bytes_ -= events_.front().size();
    part += events_.front();
    events_.pop_front();
  }
  co_return Bytes::copy(part);
}

}  // namespace berth::console
