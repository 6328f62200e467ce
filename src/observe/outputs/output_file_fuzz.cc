#include "observe/outputs/output_file.h"

// Any file: its [[output]] tables are read, or told what is wrong with them.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace berth;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto file = TomlValue::parse(text, "observe.toml");
  if (!file.ok()) return 0;
  TomlErrors errors;
  TomlReader reader(*file, "", errors);
  for (auto& plan : observe::read_outputs(reader, "/etc")) {
    if (!errors.any() && (!plan.make || plan.name.empty())) __builtin_trap();
  }
  return 0;
}
