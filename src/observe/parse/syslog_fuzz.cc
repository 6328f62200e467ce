#include "observe/parse/syslog_frames.h"
#include "observe/parse/syslog_message.h"

// A stream in pieces; its first byte is their size.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace berth::observe;
  if (size == 0) return 0;
  std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::size_t step = data[0] % 64 + 1U;
  constexpr std::size_t line_bytes_max = 200;
  SyslogFrames frames(line_bytes_max);
  DateContext context{TimeZone::fixed(3600), berth::WallTime{1'795'521'600'000'000'000}};
  for (std::size_t at = 0; at < stream.size(); at += step) {
    frames.feed(stream.substr(at, step));
    while (auto frame = frames.next()) {
      if (frame->text.size() > line_bytes_max) __builtin_trap();
      repair_utf8(frame->text);
      Record record;
      read_syslog(frame->text, context).add_fields(record);
    }
  }
  frames.last();
  return 0;
}
