#include "observe/outputs/event_record.h"

#include "base/sealed.h"
#include "base/varint.h"
#include "observe/streams/riemann_message.h"

namespace berth::observe {
namespace {

constexpr std::size_t length_bytes = 4;  // that Riemann has before a message on TCP

}  // namespace

void append_event_record(std::string& out, WallTime accepted, const Event& event) {
  std::string body, message;
  append_varint(body, static_cast<std::uint64_t>(accepted.nanoseconds / 1'000'000));
  const Event* only = &event;
  streams::append_riemann_message(message, {&only, 1});
  body.append(message, length_bytes);
  append_sealed(out, body);
}

std::optional<EventRecord> take_event_record(std::string_view& text) {
  std::string_view rest = text;
  auto body = take_sealed(rest, event_record_bytes_max);
  if (!body) return std::nullopt;
  auto milliseconds = take_varint(*body);
  constexpr std::uint64_t milliseconds_max = 9'000'000'000'000;  // in nanoseconds: below 2^63
  if (!milliseconds || *milliseconds > milliseconds_max) return std::nullopt;
  EventRecord out;
  out.accepted = {static_cast<std::int64_t>(*milliseconds) * 1'000'000};
  streams::RiemannMessage message;
  if (!message.read(*body, out.accepted).ok() || message.events().size() != 1) return std::nullopt;
  out.event = std::move(message.events()[0]);
  text = rest;
  return out;
}

}  // namespace berth::observe
