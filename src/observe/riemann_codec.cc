#include "observe/riemann_codec.h"

#include <limits>

#include "riemann.pb.h"

namespace berth::observe {
namespace {

// A time that 64 bits of nanoseconds don't hold is a client's mistake; the event counts as of now.
WallTime time_of(std::int64_t count, std::int64_t unit, WallTime now) {
  if (count < 0 || count > std::numeric_limits<std::int64_t>::max() / unit) return now;
  return {count * unit};
}

Event event_of(const riemann::Event& in, WallTime now) {
  Event event;
  event.host = in.host();
  event.service = in.service();
  event.state = in.state();
  event.description = in.description();
  if (in.has_metric_sint64()) event.metric = static_cast<double>(in.metric_sint64());
  if (in.has_metric_f()) event.metric = in.metric_f();
  if (in.has_metric_d()) event.metric = in.metric_d();
  event.time = now;
  if (in.has_time()) event.time = time_of(in.time(), 1'000'000'000, now);
  if (in.has_time_micros()) event.time = time_of(in.time_micros(), 1000, now);
  if (in.has_ttl() && in.ttl() > 0 && in.ttl() < 1e9) {
    event.ttl = Duration(static_cast<std::int64_t>(static_cast<double>(in.ttl()) * 1e9));
  }
  for (auto& tag : in.tags()) event.tags.push_back(tag);
  for (auto& each : in.attributes()) event.attributes.emplace_back(each.key(), each.value());
  return event;
}

}  // namespace

Result<RiemannMessage> decode_riemann(std::string_view bytes, WallTime now) {
  riemann::Message in;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Error(Code::invalid, "not a message of Riemann's protocol");
  }
  if (static_cast<std::size_t>(in.events_size()) > riemann_events_max) {
    return Error(Code::invalid, "more than " + std::to_string(riemann_events_max) +
                                    " events in one message; send several");
  }
  RiemannMessage message;
  message.query = in.query().string();
  message.events.reserve(static_cast<std::size_t>(in.events_size()));
  for (auto& event : in.events()) message.events.push_back(event_of(event, now));
  return message;
}

std::string encode_riemann_answer(std::string_view error) {
  riemann::Message answer;
  answer.set_ok(error.empty());
  if (!error.empty()) answer.set_error(std::string(error));
  std::string body = answer.SerializeAsString();
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>(body.size() >> shift & 0xff);
  }
  return out + body;
}

}  // namespace berth::observe
