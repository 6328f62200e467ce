#include "async/clock.h"
#include "base/exposition.h"
#include "observe/alone/alone.h"

// GET /metrics of observation alone.

namespace berth::observe {
namespace {

void add_lines(Exposition& out, const LineIntake& lines) {
  auto& counted = lines.counters();
  out.one("berth_lines_total", "counter", "Log lines that came by any input.", counted.lines);
  out.one("berth_lines_requests_total", "counter", "Lines that told of a request.",
          lines.counted().requests());
  out.one("berth_lines_unparsed_total", "counter", "Lines that fitted no parser.",
          counted.unparsed);
  out.family("berth_lines_left_out_total", "counter", "Lines that their pipeline left out.");
  out.sample(counted.dropped, {{"by", "drop"}});
  out.sample(counted.sampled_out, {{"by", "sample"}});
  out.one("berth_redacted_total", "counter", "Places that were redacted.", counted.redacted);
}

void add_queue(Exposition& out, const LineQueue& queue) {
  out.one("berth_queue_bytes", "gauge", "Lines that wait in memory.", queue.waiting_bytes());
  out.one("berth_spill_bytes", "gauge", "Lines that wait on disk.", queue.spilled_bytes());
  out.one("berth_lines_spilled_total", "counter", "Lines that went to disk to wait.",
          queue.spilled());
  out.family("berth_lines_dropped_total", "counter",
             "Lines for which there was no room, by input and level.");
  for (auto& [what, count] : queue.dropped()) {
    out.sample(count, {{"input", what.input},
                       {"level", std::string(log_level_name(what.level))},
                       {"reason", "no_room"}});
  }
}

void add_streams(Exposition& out, const streams::StreamCounters& counted, std::size_t indexed) {
  out.one("berth_events_total", "counter", "Events through the streams' door.", counted.events);
  out.one("berth_events_failed_total", "counter", "Events that a stream could not handle.",
          counted.failed);
  out.one("berth_events_dropped_total", "counter", "Events left out because of a limit.",
          counted.dropped);
  out.one("berth_index_events", "gauge", "Events in the index.", indexed);
}

void add_samples(Exposition& out, const SampleStore& store) {
  auto& counted = store.counters();
  out.one("berth_samples_total", "counter", "Samples taken.", counted.samples);
  out.family("berth_samples_refused_total", "counter", "Samples refused.");
  out.sample(counted.out_of_order, {{"reason", "out_of_order"}});
  out.sample(counted.duplicates, {{"reason", "duplicate"}});
  out.sample(counted.refused_series, {{"reason", "series_max"}});
  out.one("berth_series_in_memory", "gauge", "Series with samples in memory.",
          store.series_in_memory());
  out.one("berth_blocks", "gauge", "Blocks on disk.", store.blocks());
}

}  // namespace

std::string Alone::metrics() const {
  Exposition out;
  out.family("berth_build_info", "gauge", "The version that runs.");
  out.sample(1, {{"version", version_}});
  out.one("berth_uptime_seconds", "gauge", "Since the start.",
          static_cast<std::uint64_t>((world_.clock.now() - begun_) / 1s));
  out.one("berth_file_revision", "gauge", "How often observe.toml was applied.", revision_);
  std::map<std::string_view, InputCounters> inputs;
  for (auto& [name, running] : inputs_) inputs[name] = running.input->counters();
  auto labels = [&](std::string_view name) {
    return Exposition::Labels{{"input", std::string(name)},
                              {"kind", inputs_.find(name)->second.spec.kind}};
  };
  out.family("berth_input_received_total", "counter", "Lines, events or samples received.");
  for (auto& [name, counted] : inputs) out.sample(counted.received, labels(name));
  out.family("berth_input_bytes_total", "counter", "Bytes of lines received.");
  for (auto& [name, counted] : inputs) out.sample(counted.bytes, labels(name));
  auto by_reason = [&](std::string_view label, auto member) {
    for (auto& [input, counted] : inputs) {
      for (auto& [reason, count] : counted.*member) {
        auto all = labels(input);
        all.emplace_back(label, reason);
        out.sample(count, all);
      }
    }
  };
  out.family("berth_input_lost_total", "counter", "What was not taken, by reason.");
  by_reason("reason", &InputCounters::lost);
  out.family("berth_input_faulty_total", "counter",
             "What was taken although something was wrong with it.");
  by_reason("fault", &InputCounters::faulty);
  if (lines_) add_lines(out, *lines_);
  if (queue_) add_queue(out, *queue_);
  if (streams_) add_streams(out, streams_->core().counters(), streams_->core().index().size());
  if (logs_) {
    out.one("berth_log_lines_kept", "gauge", "Lines in the log store.", logs_->lines_kept());
    out.one("berth_log_bytes", "gauge", "Its bytes on disk.", logs_->bytes_on_disk());
    out.one("berth_log_lines_lost_total", "counter", "Lines that it could not keep.",
            logs_->counters().dropped);
  }
  if (samples_) add_samples(out, *samples_);
  if (telling_) telling_->expose(out);
  return out.take();
}

}  // namespace berth::observe
