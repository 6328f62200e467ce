#include "base/check.h"
#include "observe/line_journal.h"

// What is on a disk, as records: each that can be read is written as it was.

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace berth::observe;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  while (auto record = take_journal_record(text)) {
    std::string again;
    append_journal_record(again, record->number, record->line);
    std::string_view view = again;
    auto same = take_journal_record(view);
    berth::check(same && same->number == record->number && same->line.text == record->line.text,
                 "a record changed");
  }
  return 0;
}
