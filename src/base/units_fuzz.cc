#include <cstdint>

#include "base/check.h"
#include "base/units.h"

// What can be read is written in a form that reads the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (Result<Duration> value = parse_duration(text); value.ok()) {
    check(value->count() >= 0, "a negative duration was read");
    check(*parse_duration(write_duration(*value)) == *value, "a duration changed");
    check(!format_duration(*value).empty(), "a duration without text");
  }
  if (Result<std::int64_t> value = parse_size(text); value.ok()) {
    check(*value >= 0 && *parse_size(write_size(*value)) == *value, "a size changed");
    check(!format_size(*value).empty(), "a size without text");
  }
  if (Result<std::int64_t> value = parse_cpu(text); value.ok())
    check(*value >= 0 && *parse_cpu(write_cpu(*value)) == *value, "a share of cores changed");
  return 0;
}
