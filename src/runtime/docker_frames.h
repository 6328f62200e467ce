#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace berth::runtime {

/// A line of a container's output as the Engine's log tells it.
struct DockerLine {
  WallTime time{};
  std::string text;
};

/// Takes the multiplexed log of a container apart, as it comes (Docker Engine API, "Attach to a
/// container": frames of 8 bytes [stream, 0, 0, 0, length big-endian] and a payload), asked for
/// with timestamps. A line that comes in several frames is put together and cut at
/// log_line_bytes_max.
class DockerFrames {
 public:
  static constexpr std::size_t frame_bytes_max = 1 << 20;

  /// invalid: this is no such log.
  Result<void> take(std::string_view bytes, std::vector<DockerLine>& out);

 private:
  void take_payload(std::uint8_t stream, std::string_view payload, std::vector<DockerLine>& out);

  std::string received_;
  std::map<std::uint8_t, DockerLine> partial_;  // by stream: stdout 1, stderr 2
};

/// "2026-11-24T11:56:21.123456789Z" (RFC 3339, UTC).
Result<WallTime> parse_docker_time(std::string_view text);

}  // namespace berth::runtime
