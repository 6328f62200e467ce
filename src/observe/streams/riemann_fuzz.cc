#include "observe/streams/riemann_by_protobuf.h"

// Bytes to our reader and to protobuf's: both take them or neither, and both find the same.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace berth::observe::streams;
  static RiemannMessage message;  // with the room of what was read before
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!same_as_protobuf(bytes, message).empty()) __builtin_trap();
  return 0;
}
