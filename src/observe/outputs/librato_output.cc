#include "observe/outputs/librato_output.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <vector>

#include "base/json_writer.h"
#include "http/url.h"
#include "observe/outputs/event_words.h"
#include "observe/outputs/names.h"
#include "observe/streams/event_fields.h"

namespace berth::observe {
namespace {

std::int64_t seconds(WallTime time) { return time.nanoseconds / 1'000'000'000; }

/// One measurement: a value, or some of them summarised.
struct Measurement {
  bool counter = false;
  std::string name;
  std::string source;
  std::int64_t time = 0;
  std::uint64_t count = 0;
  double sum = 0;
  double min = 0;
  double max = 0;
  double sum_squares = 0;

  void add(double value) {
    min = count == 0 ? value : std::min(min, value);
    max = count == 0 ? value : std::max(max, value);
    ++count;
    sum += value;
    sum_squares += value * value;
  }
  void write(JsonWriter& out, bool summarised) const {
    out.begin_object().member("name", name);
    if (!source.empty()) out.member("source", source);
    if (time > 0) out.member("measure_time", time);
    if (summarised && !counter) {
      out.member("count", count).member("sum", sum).member("min", min).member("max", max);
      out.member("sum_squares", sum_squares);
    } else {
      out.member("value", sum);
    }
    out.end_object();
  }
};

std::string annotation_body(const Event& event) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().member("title", headline_of(event));
  if (!event.description.empty()) writer.member("description", event.description);
  if (!event.host.empty()) writer.member("source", librato_name(event.host));
  if (streams::has_time(event)) writer.member("start_time", seconds(event.time));
  for (auto& [name, value] : event.attributes) {
    if (name == "link" && value.starts_with("http")) {
      writer.key("links").begin_array().begin_object().member("rel", "berth");
      writer.member("href", value).end_object().end_array();
    }
  }
  writer.end_object();
  return out;
}

}  // namespace

bool is_annotation(const Event& event) {
  return streams::has_tag(event, "annotation") || streams::has_tag(event, "alert");
}

std::size_t LibratoOutput::batch_max() const {
  // Of summarised events many become one measurement.
  return options_.summarise > Duration(0) ? 20 * measurements_max : measurements_max;
}

bool LibratoOutput::wants(const Event& event) const {
  return is_annotation(event) || (event.metric && std::isfinite(*event.metric));
}

LibratoPost librato_post(std::span<const Event> events, const LibratoOptions& options) {
  bool summarised = options.summarise > Duration(0);
  std::int64_t stretch = summarised ? options.summarise.count() : 1'000'000'000;
  std::vector<Measurement> all;
  std::map<std::tuple<bool, std::string, std::string, std::int64_t>, std::size_t> places;
  LibratoPost out;
  for (auto& event : events) {
    if (is_annotation(event)) break;
    Measurement each;
    each.counter = streams::has_tag(event, "counter");
    each.name = librato_name(options.prefix + event.service);
    if (!event.host.empty()) each.source = librato_name(event.host);
    std::int64_t time = event.time.nanoseconds;
    if (streams::has_time(event)) each.time = (time - time % stretch) / 1'000'000'000;
    std::size_t place = all.size();
    if (summarised && !each.counter) {
      auto key = std::tuple(each.counter, each.name, each.source, each.time);
      place = places.emplace(std::move(key), place).first->second;
    }
    if (place == all.size()) {
      if (all.size() == LibratoOutput::measurements_max) break;
      all.push_back(std::move(each));
    }
    all[place].add(event.metric.value_or(0));
    ++out.events;
  }
  JsonWriter writer(out.body);
  writer.begin_object();
  for (bool counters : {false, true}) {
    if (std::ranges::none_of(all, [&](auto& each) { return each.counter == counters; })) continue;
    writer.key(counters ? "counters" : "gauges").begin_array();
    for (auto& each : all) {
      if (each.counter == counters) each.write(writer, summarised);
    }
    writer.end_array();
  }
  writer.end_object();
  return out;
}

Deferred<Attempt> LibratoOutput::send(std::span<const Event> events, std::string) {
  if (is_annotation(events.front())) {
    auto& event = events.front();
    std::string name =
        librato_name(options_.prefix + (event.service.empty() ? "berth" : event.service));
    return peer_.post(annotation_body(event), "application/json", 1,
                      "/v1/annotations/" + http::percent_encode(name));
  }
  LibratoPost post = librato_post(events, options_);
  return peer_.post(std::move(post.body), "application/json", post.events, "/v1/metrics");
}

}  // namespace berth::observe
