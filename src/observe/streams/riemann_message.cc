#include "observe/streams/riemann_message.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "observe/streams/event_fields.h"
#include "observe/streams/wire.h"

namespace berth::observe::streams {
namespace {

// riemann proto.proto: the numbers of fields.
namespace msg {
constexpr std::uint32_t ok = 2, error = 3, query = 5, events = 6;
}
namespace event {
constexpr std::uint32_t time = 1, state = 2, service = 3, host = 4, description = 5, tags = 7,
                        ttl = 8, attributes = 9, time_micros = 10, metric_sint64 = 13,
                        metric_d = 14, metric_f = 15;
}
constexpr std::uint32_t query_string = 1, attribute_key = 1, attribute_value = 2;

using Type = WireReader::Type;

constexpr std::array<std::string_view, 8> field_names = {
    "host", "service", "state", "description", "metric", "time", "ttl", "tags"};

// A time that 64 bits of nanoseconds don't hold is a client's mistake; the event counts as of now.
WallTime time_of(std::int64_t count, std::int64_t unit, WallTime now) {
  if (count < 0 || count > std::numeric_limits<std::int64_t>::max() / unit) return now;
  return {count * unit};
}

/// Puts a text into the next place of a list, whose texts keep their room.
template <class T>
T& next_of(std::vector<T>& list, std::size_t& count) {
  if (count == list.size()) list.emplace_back();
  return list[count++];
}

}  // namespace

/// Reads one message's bytes into a RiemannMessage.
class RiemannReader {
 public:
  RiemannReader(RiemannMessage& out, WallTime now) : out_(out), now_(now) {}

  bool read(std::string_view bytes) {
    WireReader in(bytes);
    while (in.next()) {
      if (in.is(msg::events, Type::bytes)) {
        if (!read_event(in.bytes(), in.depth() - 1) || too_many_) return false;
      } else if (in.is(msg::query, Type::bytes)) {
        if (!read_query(in.bytes(), in.depth() - 1)) return false;
      } else {
        in.skip();
      }
    }
    return in.good();
  }
  bool too_many() const { return too_many_; }

 private:
  bool read_query(std::string_view bytes, int depth) {
    WireReader in(bytes, depth);
    out_.has_query_ = true;
    while (in.next()) {
      if (in.is(query_string, Type::bytes)) {
        out_.query_.assign(in.bytes());
      } else {
        in.skip();
      }
    }
    return in.good();
  }

  bool read_event(std::string_view bytes, int depth) {
    if (out_.count_ == riemann_events_max) return too_many_ = true;
    Event& to = out_.next_event();
    to.host.clear(), to.service.clear(), to.state.clear(), to.description.clear();
    to.ttl = {};
    std::size_t tags = 0, attributes = 0;
    std::int64_t time = 0, micros = 0, exact = 0;
    double real = 0;
    float short_real = 0, ttl = 0;
    bool has_time = false, has_micros = false, has_exact = false, has_real = false,
         has_short = false;
    WireReader in(bytes, depth);
    while (in.next()) {
      switch (in.field() << 3 | static_cast<std::uint32_t>(in.type())) {
        case event::time << 3:
          time = static_cast<std::int64_t>(in.varint()), has_time = true;
          break;
        case event::state << 3 | 2:
          to.state.assign(in.bytes());
          break;
        case event::service << 3 | 2:
          to.service.assign(in.bytes());
          break;
        case event::host << 3 | 2:
          to.host.assign(in.bytes());
          break;
        case event::description << 3 | 2:
          to.description.assign(in.bytes());
          break;
        case event::tags << 3 | 2:
          next_of(to.tags, tags).assign(in.bytes());
          break;
        case event::ttl << 3 | 5:
          ttl = in.short_real();
          break;
        case event::attributes << 3 | 2:
          if (!read_attribute(in.bytes(), in.depth() - 1, to, attributes)) return false;
          break;
        case event::time_micros << 3:
          micros = static_cast<std::int64_t>(in.varint()), has_micros = true;
          break;
        case event::metric_sint64 << 3:
          exact = in.zigzag(), has_exact = true;
          break;
        case event::metric_d << 3 | 1:
          real = in.real(), has_real = true;
          break;
        case event::metric_f << 3 | 5:
          short_real = in.short_real(), has_short = true;
          break;
        default:
          in.skip();
      }
    }
    to.tags.resize(tags);
    to.attributes.resize(attributes);
    to.time = has_micros ? time_of(micros, 1000, now_)
              : has_time ? time_of(time, 1'000'000'000, now_)
                         : now_;
    if (ttl > 0 && ttl < 1e9F) to.ttl = Duration(std::llround(static_cast<double>(ttl) * 1e9));
    to.metric.reset();
    if (has_exact) {
      to.metric = static_cast<double>(exact);
    } else if (has_real) {
      to.metric = real;
    } else if (has_short) {
      to.metric = short_real;
    }
    return in.good();
  }

  bool read_attribute(std::string_view bytes, int depth, Event& to, std::size_t& count) {
    WireReader in(bytes, depth);
    std::string_view key, value;
    bool has_key = false;
    while (in.next()) {
      if (in.is(attribute_key, Type::bytes)) {
        key = in.bytes();
        has_key = true;
      } else if (in.is(attribute_value, Type::bytes)) {
        value = in.bytes();
      } else {
        in.skip();
      }
    }
    if (!in.good() || !has_key || depth < 0) return false;
    if (std::ranges::find(field_names, key) != field_names.end()) return true;
    auto& room = next_of(to.attributes, count);
    room.first.assign(key);
    room.second.assign(value);
    return true;
  }

  RiemannMessage& out_;
  WallTime now_;
  bool too_many_ = false;
};

Event& RiemannMessage::next_event() {
  if (count_ == events_.size()) events_.emplace_back();
  return events_[count_++];
}

Result<void> RiemannMessage::read(std::string_view bytes, WallTime now) {
  count_ = 0;
  has_query_ = false;
  query_.clear();
  RiemannReader reader(*this, now);
  if (reader.read(bytes)) return {};
  if (reader.too_many()) {
    return Error(Code::invalid, "more than " + std::to_string(riemann_events_max) +
                                    " events in one message; send several");
  }
  return Error(Code::invalid, "not a message of Riemann's protocol");
}

namespace {

void append_length(std::string& out, std::size_t begun) {
  std::size_t size = out.size() - begun;
  for (int shift = 24; shift >= 0; shift -= 8) {
    out[begun - 4 + static_cast<std::size_t>(3 - shift / 8)] = static_cast<char>(size >> shift);
  }
}

void write_event(WireWriter& wire, const Event& from) {
  std::size_t begun = wire.begin(msg::events);
  if (has_time(from)) {
    wire.varint(event::time, static_cast<std::uint64_t>(from.time.nanoseconds / 1'000'000'000));
  }
  auto text = [&](std::uint32_t field, const std::string& value) {
    if (!value.empty()) wire.bytes(field, value);
  };
  text(event::state, from.state);
  text(event::service, from.service);
  text(event::host, from.host);
  text(event::description, from.description);
  for (auto& tag : from.tags) wire.bytes(event::tags, tag);
  if (from.ttl != Duration(0))
    wire.short_real(event::ttl, static_cast<float>(seconds_of(from.ttl)));
  for (auto& [key, value] : from.attributes) {
    std::size_t attribute = wire.begin(event::attributes);
    wire.bytes(attribute_key, key);
    wire.bytes(attribute_value, value);
    wire.end(attribute);
  }
  if (has_time(from)) {
    wire.varint(event::time_micros, static_cast<std::uint64_t>(from.time.nanoseconds / 1000));
  }
  if (from.metric) {
    constexpr double exact_max = 9007199254740992.0;  // 2^53
    double metric = *from.metric;
    if (std::abs(metric) <= exact_max && std::trunc(metric) == metric) {
      wire.zigzag(event::metric_sint64, static_cast<std::int64_t>(metric));
    } else {
      wire.real(event::metric_d, metric);
    }
    wire.short_real(event::metric_f, static_cast<float>(metric));
  }
  wire.end(begun);
}

/// ok: 0 or 1; nothing for what a client sends.
void append_events(std::string& out, std::span<const Event* const> events, bool ok) {
  out.append(4, '\0');
  std::size_t begun = out.size();
  WireWriter wire(out);
  if (ok) wire.varint(msg::ok, 1);
  for (auto* each : events) write_event(wire, *each);
  append_length(out, begun);
}

}  // namespace

void append_riemann_ok(std::string& out) { out.append("\0\0\0\2\x10\1", 6); }

void append_riemann_error(std::string& out, std::string_view error) {
  out.append(4, '\0');
  std::size_t begun = out.size();
  WireWriter wire(out);
  wire.varint(msg::ok, 0);
  wire.bytes(msg::error, error);
  append_length(out, begun);
}

void append_riemann_events(std::string& out, std::span<const Event* const> events) {
  append_events(out, events, true);
}

void append_riemann_message(std::string& out, std::span<const Event* const> events) {
  append_events(out, events, false);
}

}  // namespace berth::observe::streams
