#include "app/event_stream.h"

namespace berth::app {
namespace {

template <class Queue>
auto taken(Queue& queue) {
  std::optional<typename Queue::value_type> first;
  if (!queue.empty()) {
    first = std::move(queue.front());
    queue.pop_front();
  }
  return first;
}

Error ended() { return {Code::closed, "berth dev has ended the stream"}; }

}  // namespace

Result<void> LineSplitter::feed(std::string_view piece) {
  for (;;) {
    auto end = piece.find('\n');
    auto part = piece.substr(0, end);
    if (partial_.size() + part.size() > line_bytes_max) {
      return Error(Code::overloaded, "a line of the answer is longer than 16 MiB");
    }
    partial_ += part;
    if (end == std::string_view::npos) return {};
    piece.remove_prefix(end + 1);
    finish();
  }
}

void LineSplitter::finish() {
  if (partial_.ends_with('\r')) partial_.pop_back();
  lines_.push_back(std::exchange(partial_, {}));
}

std::optional<std::string> LineSplitter::next() { return taken(lines_); }

Result<void> EventParser::feed(std::string_view piece) {
  TRY(lines_.feed(piece));
  while (auto line = lines_.next()) TRY(take(*line));
  return {};
}

Result<void> EventParser::take(std::string_view line) {
  if (line.empty()) {
    if (has_data_) events_.push_back(std::move(present_));
    present_ = {};
    has_data_ = false;
    return {};
  }
  auto colon = line.find(':');
  std::string_view field = line.substr(0, colon);
  std::string_view value = colon == line.npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") {
    present_.name = value.empty() ? "message" : value;
  } else if (field == "data") {
    if (present_.data.size() + value.size() > data_bytes_max) {
      return Error(Code::overloaded, "an event of the answer is longer than 16 MiB");
    }
    if (has_data_) present_.data += '\n';
    present_.data += value;
    has_data_ = true;
  }
  return {};
}

std::optional<ServerEvent> EventParser::next() { return taken(events_); }

Deferred<ServerEvent> EventStream::next() {
  for (;;) {
    if (auto event = parser_.next()) co_return std::move(*event);
    Bytes part = co_await response_.read();
    if (part.empty()) co_return ended();
    co_await or_return(parser_.feed(part.view()));
  }
}

Deferred<std::string> LineStream::next() {
  for (;;) {
    if (auto line = lines_.next()) {
      if (!line->empty()) co_return std::move(*line);
      continue;
    }
    if (ended_) co_return ended();
    Bytes part = co_await response_.read();
    if (part.empty()) {
      ended_ = true;
      lines_.finish();
    } else {
      co_await or_return(lines_.feed(part.view()));
    }
  }
}

}  // namespace berth::app
