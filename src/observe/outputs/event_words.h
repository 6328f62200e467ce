#pragma once

#include <string>

#include "observe/event.h"

namespace berth::observe {

/// What an event says to people, on one line: "[critical] api latency on web1 is 1.5".
std::string headline_of(const Event& event);
/// The rest: its description, time and attributes, a line each.
std::string details_of(const Event& event);
/// Without control characters, so that it stays on one line and in one field.
std::string one_line(std::string_view text, std::size_t bytes_max = 1024);

}  // namespace berth::observe
