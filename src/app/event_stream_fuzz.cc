#include <algorithm>
#include <cstdint>
#include <vector>

#include "app/event_stream.h"
#include "base/check.h"

namespace {

std::vector<berth::app::ServerEvent> events_in(std::string_view text, std::size_t piece) {
  berth::app::EventParser parser;
  std::vector<berth::app::ServerEvent> out;
  while (!text.empty()) {
    berth::check(parser.feed(text.substr(0, piece)).ok(), "a short text is refused");
    text.remove_prefix(std::min(piece, text.size()));
    while (auto event = parser.next()) out.push_back(std::move(*event));
  }
  return out;
}

}  // namespace

/// However a stream is cut, it has the same events, and none has a line end in its name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto whole = events_in(text, text.size() + 1);
  berth::check(whole == events_in(text, data[0] % 16 + 1), "the pieces make other events");
  for (auto& event : whole) {
    berth::check(event.name.find('\n') == std::string::npos, "a line end in an event's name");
  }
  return 0;
}
