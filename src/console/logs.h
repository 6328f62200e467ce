#pragma once

#include <deque>
#include <memory>
#include <string>

#include "async/scope.h"
#include "async/wait_list.h"
#include "async/world.h"
#include "http/server.h"
#include "runtime/log_tail.h"

namespace berth::console {

inline constexpr std::size_t log_lines_default = 200;
inline constexpr std::size_t log_lines_max = 5000;

/// LINE of docs/formats/api.md; the level is what the line says of itself.
std::string log_line_json(const runtime::LogLine& line);
/// GET /v1/services/NAME/logs without follow: {"lines": [...]}.
std::string log_lines_json(const std::vector<runtime::LogLine>& lines);

/// A followed log as server-sent events. Takes lines from the tail as they come, whether or not its
/// reader keeps up: beyond `waiting_bytes_max` the oldest that wait are left out and counted, which
/// the reader is told. While the disk fails it tries again each second. Belongs to its response.
class LogStream final : public http::BodySource {
 public:
  static constexpr std::size_t waiting_bytes_max = 1 << 20;
  static constexpr std::size_t part_bytes_max = 64 << 10;  // of one read

  /// `followers` counts this stream while it lives.
  LogStream(Clock& clock, std::unique_ptr<runtime::LogTail> tail,
            std::shared_ptr<std::size_t> followers);
  ~LogStream() override { --*followers_; }

  Deferred<Bytes> read() override;

 private:
  Deferred<void> take_lines();
  void wake() {
    if (!waiting_.empty()) waiting_.wake();
  }

  Clock& clock_;
  std::unique_ptr<runtime::LogTail> tail_;
  std::shared_ptr<std::size_t> followers_;
  std::deque<std::string> events_;
  std::size_t bytes_ = 0;
  std::uint64_t lost_ = 0;
  bool begun_ = false;
  WaitList<void> waiting_;
  Scope scope_;
};

}  // namespace berth::console
