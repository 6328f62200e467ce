#include "base/check.h"
#include "proxy/answers/kept_answer.h"

/// Whatever stands in a log: what is read is written as it stood there, and nothing is read twice.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view log(reinterpret_cast<const char*>(data), size);
  while (true) {
    std::string_view before = log;
    auto answer = berth::proxy::take_record(log);
    if (!answer) break;
    std::string again;
    berth::proxy::append_record(again, *answer);
    berth::check(before.starts_with(again) && log.size() + again.size() == before.size(),
                 "a record is not written as it was read");
  }
  return 0;
}
