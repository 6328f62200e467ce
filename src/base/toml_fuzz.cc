#include <cstdint>

#include "base/check.h"
#include "base/toml.h"
#include "base/toml_reader.h"

// Any file is read or refused; every value has a place; reading by keys never fails otherwise.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;
  Result<TomlValue> file =
      TomlValue::parse({reinterpret_cast<const char*>(data), size}, "fuzz.toml");
  if (!file.ok()) return 0;
  TomlErrors errors;
  TomlReader root(*file, "", errors);
  for (auto& [name, table] : root.tables("service")) {
    table.string("command");
    table.integer("port", 1, 65535);
    table.cpu("cpu");
    table.size("memory");
    table.duration("timeout");
    table.string_map("env");
    table.strings("needs");
    table.finish();
  }
  root.finish();
  for (const TomlMember& member : file->members())
    check(member.key_place.line > 0 && member.value.place().line > 0, "a value without a place");
  TomlValue copy = *file;
  copy.overlay(*file);
  return 0;
}
