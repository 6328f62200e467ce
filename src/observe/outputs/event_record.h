#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "observe/event.h"

namespace berth::observe {

/// Appends an event as it stands in a queue's file (docs/formats/outputs.md): sealed, the
/// milliseconds at which it was accepted, then a message of Riemann's protocol.
void append_event_record(std::string& out, WallTime accepted, const Event& event);

struct EventRecord {
  WallTime accepted{};
  Event event;
};
inline constexpr std::size_t event_record_bytes_max = 17 << 20;
/// Takes one from the front; nothing if it is torn or damaged.
std::optional<EventRecord> take_event_record(std::string_view& text);

}  // namespace berth::observe
