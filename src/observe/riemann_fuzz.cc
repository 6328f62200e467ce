#include "observe/riemann_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  auto message = berth::observe::decode_riemann({reinterpret_cast<const char*>(data), size}, {});
  if (message.ok() && message->events.size() > berth::observe::riemann_events_max) __builtin_trap();
  return 0;
}
