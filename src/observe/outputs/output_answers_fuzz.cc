#include "observe/outputs/event_record.h"
#include "observe/outputs/http_peer.h"
#include "observe/outputs/riemann_output.h"
#include "observe/outputs/smtp_reply.h"

// What other programs answer to outputs, and what stands in a queue's file: any bytes. What was
// taken of the text lies within it, and a record that was read is read again as it was.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace berth::observe;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string_view reply = text;
  while (!reply.empty()) {
    std::size_t before = reply.size();
    auto taken = take_smtp_reply(reply);
    if (!taken.ok() || !*taken) break;
    if (reply.size() >= before || (*taken)->lines.empty()) __builtin_trap();
    (void)(*taken)->has("STARTTLS");
  }
  std::string_view answer = text;
  auto answered = take_riemann_answer(answer);
  if (answered.ok() && *answered && answer.size() + 4 > text.size()) __builtin_trap();
  std::string_view rest = text;
  if (auto record = take_event_record(rest)) {
    std::string again;
    append_event_record(again, record->accepted, record->event);
    std::string_view written = again;
    auto read = take_event_record(written);
    if (!read || read->event.service != record->event.service) __builtin_trap();
  }
  auto wait = retry_after(text, {1'700'000'000'000'000'000});
  if (wait < berth::Duration(0) || wait > std::chrono::hours(1)) __builtin_trap();
  std::string stuffed = dot_stuffed(text);
  if (!stuffed.ends_with(".\r\n") || stuffed.find("\r\n.\r\n") < stuffed.size() - 5)
    __builtin_trap();
  return 0;
}
