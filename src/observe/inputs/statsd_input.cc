#include "observe/inputs/statsd_input.h"

#include "async/clock.h"

namespace berth::observe {
namespace {

constexpr Duration tell_every = 10s;

}  // namespace

StatsdInput::StatsdInput(InputSpec spec, const InputLinks& links, OpenPlaces places)
    : spec_(std::move(spec)),
      world_(links.world),
      log_(links.log),
      samples_(links.samples),
      table_(links.world.random, {}),
      server_([this](std::string_view line) { take(line); }, [] { return ready(); },
              {spec_.line_bytes_max, spec_.connections_max}) {
  for (auto& listener : places.listeners) server_.serve(std::move(listener));
  for (auto& socket : places.datagrams) server_.serve(std::move(socket));
  scope_.add(flush_forever());
}

Deferred<void> StatsdInput::close() {
  co_await server_.close();
  co_await scope_.close();
  flush();
  co_await samples_.commit();
}

void StatsdInput::take(std::string_view text) {
  ++counters_.received;
  counters_.bytes += text.size();
  auto read = read_statsd(text, line_);
  if (!read.ok()) {
    ++counters_.lost[read.error().is(Code::unsupported) ? "event_or_check" : "no_metric"];
    if (world_.clock.now() < tell_after_) return;
    tell_after_ = world_.clock.now() + tell_every;
    log_.warning("a line is no metric of StatsD",
                 {{"input", spec_.name}, {"line", text.substr(0, 200)}, {"error", read.error()}});
    return;
  }
  if (!table_.add(line_, world_.clock.now())) ++counters_.lost["metrics_max"];
}

void StatsdInput::flush() {
  std::int64_t now = world_.clock.wall().nanoseconds / 1'000'000;
  table_.flush(world_.clock.now(), [&](const promql::Labels& labels, double value) {
    if (!samples_.add(labels, now, value)) ++counters_.lost["refused"];
  });
}

Deferred<void> StatsdInput::flush_forever() {
  for (;;) {
    co_await world_.clock.after(spec_.every);
    flush();
    auto committed = co_await samples_.commit().result();
    if (!committed.ok()) log_.warning("samples wait for the disk", {{"error", committed.error()}});
  }
}

InputCounters StatsdInput::counters() const {
  InputCounters out = counters_;
  if (server_.too_long() > 0) out.lost["too_long"] = server_.too_long();
  if (auto lost = server_.lost_datagrams()) out.lost["receive_queue_full"] = lost;
  return out;
}

}  // namespace berth::observe
