#include "observe/samples/protobuf_reader.h"

// Any bytes: fields stand within them, one behind the other, and it ends.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  berth::observe::ProtobufReader reader(text);
  const char* at = text.data();
  while (auto field = reader.next()) {
    if (field->begin != at || field->end <= field->begin) __builtin_trap();
    at = field->end;
    berth::observe::ProtobufReader inner(field->bytes);
    while (inner.next()) {
    }
  }
  if (reader.good() && at != text.data() + size && size > 0) __builtin_trap();
  return 0;
}
