#pragma once

#include <string>
#include <string_view>

#include "http/server.h"

namespace berth::console {

/// Appends one server-sent event (HTML standard, section 9.2). `data` is JSON: it has no line end.
void append_event(std::string& out, std::string_view name, std::string_view data);

/// What every event stream begins with: open again a second after it breaks.
inline constexpr std::string_view stream_begin = "retry: 1000\n\n";
/// A line that says nothing, so that a broken connection is found out.
inline constexpr std::string_view heartbeat = ":\n\n";
inline constexpr Duration heartbeat_every = 15s;

/// The answer with a stream of events as its body.
http::ServerResponse event_stream(std::unique_ptr<http::BodySource> body);

}  // namespace berth::console
