#include "observe/parse/grok.h"

// The first line is a pattern, the rest a text for it.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::string_view pattern = input.substr(0, input.find('\n'));
  auto grok = berth::observe::Grok::compile(
      berth::observe::PatternSet::core(berth::observe::FieldNames::ecs), pattern.substr(0, 500));
  if (!grok.ok()) return 0;
  berth::observe::Record record;
  bool found = grok->match(input.substr(pattern.size()), record);
  if (!found && !record.fields.empty()) __builtin_trap();
  return 0;
}
