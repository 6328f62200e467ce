#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/client.h"

namespace berth::app {

/// Cuts text that comes in pieces into lines; LF and CR LF end one. A line longer than
/// `line_bytes_max` is refused. What stands behind the last line end is a line only after finish().
class LineSplitter {
 public:
  static constexpr std::size_t line_bytes_max = 16 << 20;

  /// overloaded: a line is too long.
  Result<void> feed(std::string_view piece);
  void finish();
  std::optional<std::string> next();

 private:
  std::string partial_;
  std::deque<std::string> lines_;
};

/// One event of a text/event-stream.
struct ServerEvent {
  std::string name = "message";
  std::string data;
  bool operator==(const ServerEvent&) const = default;
};

/// Reads server-sent events (HTML Living Standard, section 9.2.6) from text that comes in pieces.
/// Comments, `id` and `retry` are passed over. An event of more than `data_bytes_max` is refused.
class EventParser {
 public:
  static constexpr std::size_t data_bytes_max = 16 << 20;

  /// overloaded: a line or an event is too long.
  Result<void> feed(std::string_view piece);
  std::optional<ServerEvent> next();

 private:
  Result<void> take(std::string_view line);

  LineSplitter lines_;
  ServerEvent present_;
  bool has_data_ = false;
  std::deque<ServerEvent> events_;
};

/// The events of an answer, one after another; closed when the answer has ended.
class EventStream {
 public:
  explicit EventStream(http::Response response) : response_(std::move(response)) {}
  Deferred<ServerEvent> next();

 private:
  http::Response response_;
  EventParser parser_;
};

/// The lines of an answer (application/x-ndjson), one after another; closed when it has ended.
class LineStream {
 public:
  explicit LineStream(http::Response response) : response_(std::move(response)) {}
  Deferred<std::string> next();

 private:
  http::Response response_;
  LineSplitter lines_;
  bool ended_ = false;
};

}  // namespace berth::app
