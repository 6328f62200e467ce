#include "observe/inputs/graphite_input.h"

#include "async/clock.h"
#include "observe/inputs/graphite_line.h"

namespace berth::observe {
namespace {

constexpr Duration tell_every = 10s;

}  // namespace

GraphiteInput::GraphiteInput(InputSpec spec, const InputLinks& links, OpenPlaces places)
    : spec_(std::move(spec)),
      world_(links.world),
      log_(links.log),
      samples_(links.samples),
      server_([this](std::string_view line) { take(line); }, [this] { return samples_.commit(); },
              {spec_.line_bytes_max, spec_.connections_max}) {
  for (auto& listener : places.listeners) server_.serve(std::move(listener));
  for (auto& socket : places.datagrams) server_.serve(std::move(socket));
}

void GraphiteInput::take(std::string_view line) {
  ++counters_.received;
  counters_.bytes += line.size();
  auto sample = read_graphite(line);
  if (!sample.ok()) {
    ++counters_.lost["no_sample"];
    if (world_.clock.now() < tell_after_) return;
    tell_after_ = world_.clock.now() + tell_every;
    log_.warning("a line is no sample of Graphite",
                 {{"input", spec_.name}, {"line", line.substr(0, 200)}, {"error", sample.error()}});
    return;
  }
  std::int64_t now = world_.clock.wall().nanoseconds / 1'000'000;
  if (!samples_.add(sample->labels, sample->time.value_or(now), sample->value)) {
    ++counters_.lost["refused"];
  }
}

InputCounters GraphiteInput::counters() const {
  InputCounters out = counters_;
  if (server_.too_long() > 0) out.lost["too_long"] = server_.too_long();
  if (auto lost = server_.lost_datagrams()) out.lost["receive_queue_full"] = lost;
  return out;
}

}  // namespace berth::observe
