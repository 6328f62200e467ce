#include "observe/outputs/remote_write_output.h"

#include <snappy.h>

#include <map>
#include <vector>

#include "base/varint.h"
#include "observe/outputs/names.h"
#include "observe/streams/wire.h"

namespace berth::observe {
namespace {

/// Labels as they are sent, encoded.
std::string encoded_labels(const Event& event) {
  std::map<std::string, std::string> labels;
  for (auto& [name, value] : event.attributes) {
    std::string label = prometheus_label(name);
    if (label.starts_with("__")) label.insert(0, "attribute");
    if (!value.empty()) labels.emplace(std::move(label), value);
  }
  if (!event.host.empty()) labels["host"] = event.host;
  labels["__name__"] = prometheus_name(event.service);
  std::string out;
  streams::WireWriter writer(out);
  for (auto& [name, value] : labels) {
    std::size_t label = writer.begin(1);
    writer.bytes(1, name);
    writer.bytes(2, value);
    writer.end(label);
  }
  return out;
}

}  // namespace

std::string write_request(std::span<const Event> events) {
  std::map<std::string, std::map<std::int64_t, double>> series;
  for (auto& event : events) {
    series[encoded_labels(event)][event.time.nanoseconds / 1'000'000] = event.metric.value_or(0);
  }
  std::string out;
  streams::WireWriter writer(out);
  for (auto& [labels, samples] : series) {
    std::size_t each = writer.begin(1);
    out += labels;
    for (auto& [time, value] : samples) {
      std::size_t sample = writer.begin(2);
      writer.real(1, value);
      writer.varint(2, static_cast<std::uint64_t>(time));
      writer.end(sample);
    }
    writer.end(each);
  }
  return out;
}

Deferred<Attempt> RemoteWriteOutput::send(std::span<const Event> events, std::string) {
  std::string request = write_request(events), body;
  snappy::Compress(request.data(), request.size(), &body);
  std::vector<std::pair<std::string, std::string>> headers{
      {"content-encoding", "snappy"}, {"x-prometheus-remote-write-version", "0.1.0"}};
  return peer_.post(std::move(body), "application/x-protobuf", events.size(), "",
                    std::move(headers));
}

}  // namespace berth::observe
