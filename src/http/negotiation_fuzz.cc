#include "http/negotiation.h"

// Whatever is asked for lies within what there is.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace berth::http;
  if (size == 0) return 0;
  std::uint64_t bytes = data[0];
  auto range = choose_range({reinterpret_cast<const char*>(data) + 1, size - 1}, bytes);
  if (range.kind != RangeChoice::Kind::part) return 0;
  if (range.length == 0 || range.first >= bytes || range.length > bytes - range.first) {
    __builtin_trap();
  }
  return 0;
}
