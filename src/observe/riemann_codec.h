#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "observe/event.h"

namespace berth::observe {

/// What a Riemann client sends in one message: events, or a query.
struct RiemannMessage {
  std::vector<Event> events;
  std::string query;  // empty: none
};

inline constexpr std::size_t riemann_message_bytes_max = 16 << 20;
inline constexpr std::size_t riemann_events_max = 100'000;

/// Reads a protobuf Msg (riemann-java-client, proto.proto); `now` stands in for a missing time.
/// invalid: not such a message, or too many events.
Result<RiemannMessage> decode_riemann(std::string_view bytes, WallTime now);
/// The answer to a message, with its length before it as on TCP: ok, or an error.
std::string encode_riemann_answer(std::string_view error);

}  // namespace berth::observe
