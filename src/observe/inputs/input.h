#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "async/world.h"
#include "base/log.h"
#include "observe/line_queue.h"
#include "observe/sample_writer.h"
#include "observe/streams/core.h"

namespace berth::observe {

/// What an input has taken, for /metrics.
struct InputCounters {
  std::uint64_t received = 0;  // lines, events or samples
  std::uint64_t bytes = 0;     // of lines
  /// By reason: what was lost, and what was taken although something was wrong with it.
  std::map<std::string, std::uint64_t, std::less<>> lost;
  std::map<std::string, std::uint64_t, std::less<>> faulty;
};

/// One `[[input]]` of an observe.toml while it runs. Made with its sockets open; belongs to one
/// reactor.
class Input {
 public:
  virtual ~Input() = default;
  /// Takes no more, and ends once what was taken is handed on.
  virtual Deferred<void> close() = 0;
  virtual InputCounters counters() const = 0;
};

/// Where inputs hand on what they take, and what they are made with. All outlive them.
struct InputLinks {
  World& world;
  Log log;
  LineQueue& lines;
  SampleWriter& samples;
  streams::StreamCore& events;
  std::string data{};  // the folder of what inputs keep
};

}  // namespace berth::observe
