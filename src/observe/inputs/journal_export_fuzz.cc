#include "base/check.h"
#include "observe/inputs/journal_export.h"

// The same bytes at once and one by one give the same entries, or both none.

namespace {

using namespace berth::observe;

std::string entries_of(std::string_view text, std::size_t step) {
  JournalExport reader({.value_bytes_max = 64, .entry_bytes_max = 1024, .fields_max = 8});
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += step) {
    reader.feed(text.substr(at, step));
    for (;;) {
      auto entry = reader.next();
      if (!entry.ok()) return out + "!";
      if (!*entry) break;
      berth::check((*entry)->size() <= 8, "more fields than may be");
      for (auto& [name, value] : **entry) out += name + "=" + value + ";";
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string whole = entries_of(text, text.size() + 1);
  std::string pieces = entries_of(text, 1);
  if (!whole.ends_with('!') && !pieces.ends_with('!')) {
    berth::check(whole == pieces, "entries depend on how the bytes came");
  }
  return 0;
}
