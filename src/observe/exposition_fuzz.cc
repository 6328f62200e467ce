#include "observe/exposition.h"

// The first byte chooses the format.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto read = berth::observe::read_exposition(text.substr(1), text[0] == 'o');
  if (!read.ok()) return 0;
  for (auto& sample : read->samples) {
    if (!berth::promql::is_metric_name(sample.labels.value("__name__"))) __builtin_trap();
  }
  return 0;
}
