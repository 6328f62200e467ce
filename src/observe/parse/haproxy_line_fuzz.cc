#include "base/utf8.h"
#include "observe/parse/haproxy_line_suite.h"

// The fast path and the grok pattern agree on every line that is UTF-8.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using berth::observe::FieldNames;
  std::string_view line(reinterpret_cast<const char*>(data), size);
  if (!berth::is_utf8(line)) return 0;
  for (auto names : {FieldNames::legacy, FieldNames::ecs}) {
    if (berth::observe::haproxy_fast(line, names) != berth::observe::haproxy_by_grok(line, names)) {
      __builtin_trap();
    }
  }
  return 0;
}
