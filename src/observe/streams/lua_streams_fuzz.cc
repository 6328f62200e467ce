#include "observe/streams/lua_streams.h"
#include "observe/streams/virtual_clock.h"

// A script; the streams of a good one are run with some events on virtual time.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace berth;
  using namespace berth::observe;
  std::string_view script(reinterpret_cast<const char*>(data), size);
  auto made = streams::read_lua_streams(script, "f",
                                        {.memory_bytes_max = 4 << 20, .instructions_max = 20'000});
  if (!made.ok()) return 0;
  streams::VirtualClock clock;
  streams::StreamCore core(clock, Log(), {.held_events_max = 100, .queue_events_max = 10});
  if (!core.install(std::move(*made)).ok()) return 0;
  for (int i = 0; i < 4; ++i) {
    Event event{"web1", "api", i % 2 ? "ok" : "bad", "", 1.5 * i, {clock.wall()}, {}, {"a"}, {}};
    core.inject(event);
    clock.advance(1s);
  }
  return 0;
}
