#include "observe/outputs/event_words.h"

#include "base/timestamp.h"
#include "observe/outputs/names.h"
#include "observe/streams/event_fields.h"

namespace berth::observe {

std::string one_line(std::string_view text, std::size_t bytes_max) {
  bool cut = text.size() > bytes_max;
  if (cut) {
    text = text.substr(0, bytes_max);
    // Not within a character of UTF-8.
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80) {
      text.remove_suffix(1);
    }
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0) text.remove_suffix(1);
  }
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  return cut ? out + "..." : out;
}

std::string headline_of(const Event& event) {
  std::string out;
  if (!event.state.empty()) out += "[" + event.state + "] ";
  out += event.service.empty() ? "event" : event.service;
  if (!event.host.empty()) out += " on " + event.host;
  if (event.metric) out += " is " + number_text(*event.metric);
  return one_line(out);
}

std::string details_of(const Event& event) {
  std::string out;
  if (!event.description.empty()) out += event.description + "\n";
  if (streams::has_time(event)) out += "time: " + write_timestamp(event.time, 3) + "\n";
  for (auto& [name, value] : event.attributes) out += name + ": " + value + "\n";
  return out;
}

}  // namespace berth::observe
