#pragma once

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

#include "observe/streams/event_json.h"
#include "observe/streams/riemann_message.h"
#include "riemann.pb.h"

// For the test and the fuzz target: what our reader makes of bytes, held against protobuf's.

namespace berth::observe::streams {

/// Reads `bytes` by both. Empty if they agree, else in what they differ.
inline std::string same_as_protobuf(std::string_view bytes, RiemannMessage& ours) {
  constexpr WallTime now{1'700'000'000'000'000'000};
  riemann::Message theirs;
  // Else it writes a line for each message in which a required field is missing.
  bool good = theirs.ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size())) &&
              theirs.IsInitialized();
  bool read = ours.read(bytes, now).ok();
  if (good != read) return good ? "only protobuf reads it" : "only ours reads it";
  if (!read) return "";
  if (theirs.query().string() != ours.query() || theirs.has_query() != ours.has_query()) {
    return "the query";
  }
  if (static_cast<std::size_t>(theirs.events_size()) != ours.events().size()) return "how many";
  for (int i = 0; i < theirs.events_size(); ++i) {
    auto& their = theirs.events(i);
    auto& our = ours.events()[static_cast<std::size_t>(i)];
    if (our.host != their.host() || our.service != their.service() || our.state != their.state() ||
        our.description != their.description()) {
      return "a text";
    }
    if (our.tags != std::vector<std::string>(their.tags().begin(), their.tags().end())) {
      return "tags";
    }
    std::vector<std::pair<std::string, std::string>> attributes;
    for (auto& each : their.attributes()) {
      constexpr std::string_view fields[] = {"host",   "service", "state", "description",
                                             "metric", "time",    "ttl",   "tags"};
      if (std::ranges::find(fields, each.key()) == std::end(fields)) {
        attributes.emplace_back(each.key(), each.value());
      }
    }
    if (our.attributes != attributes) return "attributes";
    bool any = their.has_metric_sint64() || their.has_metric_d() || their.has_metric_f();
    double metric = their.has_metric_sint64() ? static_cast<double>(their.metric_sint64())
                    : their.has_metric_d()    ? their.metric_d()
                                              : static_cast<double>(their.metric_f());
    if (any != our.metric.has_value() || (any && metric != *our.metric && metric == metric)) {
      return "the metric";
    }
    WallTime time = now;
    std::int64_t count = their.has_time_micros() ? their.time_micros() : their.time();
    std::int64_t unit = their.has_time_micros() ? 1000 : 1'000'000'000;
    bool told = their.has_time_micros() || their.has_time();
    if (told && count >= 0 && count <= std::numeric_limits<std::int64_t>::max() / unit) {
      time = {count * unit};
    }
    if (our.time != time) return "the time";
    bool ttl = their.ttl() > 0 && their.ttl() < 1e9F;
    if (ttl != (our.ttl > Duration(0)) && their.ttl() > 1e-8F) return "the ttl";
  }
  return "";
}

}  // namespace berth::observe::streams
