#include <string_view>

#include "http/negotiation.h"

// Whatever is asked for lies within what there is.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace berth::http;
  if (size == 0) return 0;
  std::string_view field(reinterpret_cast<const char*>(data) + 1, size - 1);
  Headers headers;
  headers.add_view("accept-encoding", field);
  constexpr std::string_view offered[] = {"zstd", "gzip"};
  auto coding = choose_coding(headers, offered);
  if (!coding.empty() && coding != "zstd" && coding != "gzip") __builtin_trap();
  std::uint64_t bytes = data[0];
  auto range = choose_range(field, bytes);
  if (range.kind != RangeChoice::Kind::part) return 0;
  if (range.length == 0 || range.first >= bytes || range.length > bytes - range.first) {
    __builtin_trap();
  }
  return 0;
}
