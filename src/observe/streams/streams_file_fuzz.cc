#include "observe/streams/core.h"
#include "observe/streams/streams_file.h"
#include "observe/streams/virtual_clock.h"

// A streams file; a good one is run with some events on virtual time.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace berth;
  using namespace berth::observe;
  auto file = streams::read_streams_file({reinterpret_cast<const char*>(data), size}, "f");
  if (!file.ok()) return 0;
  streams::VirtualClock clock;
  streams::StreamLimits limits = file->limits;
  limits.held_events_max = std::min<std::size_t>(limits.held_events_max, 100);
  streams::StreamCore core(clock, Log(), limits);
  if (!core.install(file->streams).ok()) __builtin_trap();
  for (int i = 0; i < 6; ++i) {
    Event event{"web1", "api", i % 2 ? "ok" : "bad", "", 1.5 * i, {clock.wall()},
                {},     {"a"}, {{"x", "4"}}};
    core.inject(event);
    clock.advance(1s);
  }
  return 0;
}
