#include "observe/outputs/graphite_output.h"

#include <cmath>

#include "observe/outputs/names.h"

namespace berth::observe {

bool GraphiteOutput::wants(const Event& event) const {
  return event.metric && std::isfinite(*event.metric);
}

void append_graphite_line(std::string& out, std::string_view prefix, const Event& event) {
  out += graphite_path(prefix, event);
  out += ' ';
  out += number_text(event.metric.value_or(0));
  out += ' ';
  out += std::to_string(event.time.nanoseconds / 1'000'000'000);
  out += '\n';
}

Deferred<Attempt> GraphiteOutput::send(std::span<const Event> events, std::string) {
  std::string text;
  for (auto& event : events) append_graphite_line(text, options_.prefix, event);
  return peer_.send(std::move(text), events.size());
}

}  // namespace berth::observe
