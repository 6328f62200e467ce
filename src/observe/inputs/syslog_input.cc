#include "observe/inputs/syslog_input.h"

namespace berth::observe {
namespace {

SyslogLimits limits_of(const InputSpec& spec) {
  SyslogLimits limits;
  limits.line_bytes_max = spec.line_bytes_max;
  limits.connections_max = spec.connections_max;
  return limits;
}

}  // namespace

SyslogInput::SyslogInput(InputSpec spec, const InputLinks& links, OpenPlaces places)
    : spec_(std::move(spec)),
      lines_(links.lines),
      server_(
          links.world, links.log,
          [this](const SyslogReceived& received) {
            LogLine line = line_of(received);
            line.input = spec_.name;
            line.parse = spec_.parse;
            if (line.service.empty()) line.service = spec_.service;
            if (received.waits) {
              lines_.take_slow(line);
            } else {
              lines_.take(line);
            }
          },
          limits_of(spec_)) {
  server_.settle_by([this] { return lines_.room(); });
  for (auto& listener : places.listeners) server_.serve(std::move(listener));
  for (auto& socket : places.datagrams) server_.serve(std::move(socket));
}

InputCounters SyslogInput::counters() const {
  auto& counted = server_.counters();
  InputCounters out;
  out.received = counted.messages;
  out.bytes = counted.bytes;
  out.lost = {{"receive_queue_full", server_.lost_datagrams()}};
  out.faulty = {{"too_long", counted.cut},
                {"not_utf8", counted.repaired},
                {"wrong_clock", counted.wrong_clocks},
                {"no_priority", counted.without_priority}};
  return out;
}

}  // namespace berth::observe
