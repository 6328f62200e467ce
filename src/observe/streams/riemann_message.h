#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "observe/event.h"

namespace berth::observe::streams {

inline constexpr std::size_t riemann_message_bytes_max = 16 << 20;
inline constexpr std::size_t riemann_events_max = 100'000;

/// What a Riemann client sends in one message: events, or a query (riemann proto.proto, Msg). Read
/// into again and again: events keep the room of those before them, so that messages like the last
/// one need no allocation.
class RiemannMessage {
 public:
  /// Reads a protobuf Msg; `now` stands in for a time that is missing or that 64 bits of
  /// nanoseconds don't hold. Of an event's metrics the exact one counts (sint64, then double, then
  /// float), of its times that in microseconds; attributes that are called like a field are left
  /// out. invalid: not such a message, or too many events; the message is then of no use.
  Result<void> read(std::string_view bytes, WallTime now);

  std::span<Event> events() { return {events_.data(), count_}; }
  bool has_query() const { return has_query_; }
  const std::string& query() const { return query_; }

 private:
  friend class RiemannReader;
  Event& next_event();

  std::vector<Event> events_;  // the first count_ of them
  std::size_t count_ = 0;
  bool has_query_ = false;
  std::string query_;
};

/// The answer to a message, with its length before it as on TCP.
void append_riemann_ok(std::string& out);
void append_riemann_error(std::string& out, std::string_view error);
/// The answer to a query: ok, and these events as clients expect them (riemann codec.clj): both
/// times, metric_f beside the exact metric.
void append_riemann_events(std::string& out, std::span<const Event* const> events);
/// A message of events as a client sends it, with its length before it.
void append_riemann_message(std::string& out, std::span<const Event* const> events);

}  // namespace berth::observe::streams
