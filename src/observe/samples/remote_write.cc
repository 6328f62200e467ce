#include "observe/samples/remote_write.h"

#include <fmt/format.h>
#include <snappy.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "observe/samples/protobuf_reader.h"

namespace berth::observe {
namespace {

Error damaged() { return Error(Code::invalid, "the request is no WriteRequest of protobuf"); }

/// prometheus.MetricMetadata's types by number.
constexpr std::string_view types[] = {"unknown",        "counter", "gauge", "histogram",
                                      "gaugehistogram", "summary", "info",  "stateset"};

Result<MetricAbout> read_about(std::string_view text) {
  MetricAbout about;
  about.type = types[0];
  ProtobufReader reader(text);
  while (auto field = reader.next()) {
    if (field->number == 1 && field->integer < std::size(types)) about.type = types[field->integer];
    if (field->number == 2) about.name = field->bytes;
    if (field->number == 4) about.help = field->bytes;
    if (field->number == 5) about.unit = field->bytes;
  }
  if (!reader.good() || !promql::is_metric_name(about.name) || !is_utf8(about.help)) {
    return damaged();
  }
  return about;
}

Result<promql::Sample> read_sample(std::string_view text) {
  promql::Sample sample;
  ProtobufReader reader(text);
  while (auto field = reader.next()) {
    if (field->number == 1) sample.value = field->real();
    if (field->number == 2) sample.time = static_cast<std::int64_t>(field->integer);
  }
  if (!reader.good()) return damaged();
  return sample;
}

}  // namespace

Result<WriteOutcome> RemoteWriteReader::read(std::string_view body) {
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(body.data(), body.size(), &size)) {
    return Error(Code::invalid, "the body is no snappy block");
  }
  if (size > limits_.unpacked_bytes_max) {
    return Error(Code::invalid, fmt::format("a request may have at most {} bytes unpacked",
                                            limits_.unpacked_bytes_max));
  }
  std::string text(size, '\0');
  if (!snappy::RawUncompress(body.data(), body.size(), text.data())) {
    return Error(Code::invalid, "the body is no snappy block");
  }
  WriteOutcome outcome;
  ProtobufReader reader(text);
  while (auto field = reader.next()) {
    if (field->number == 1) {
      auto read = read_series(field->bytes, outcome);
      if (!read.ok()) return std::move(read).error();
    } else if (field->number == 3) {
      if (auto about = read_about(field->bytes); about.ok()) store_.note(std::move(*about));
    }
  }
  if (!reader.good()) return damaged();
  return outcome;
}

Result<void> RemoteWriteReader::read_series(std::string_view text, WriteOutcome& outcome) {
  // Labels come before samples, one behind the other: all their bytes are the series' key.
  std::size_t labels_end = 0;
  Result<HeadSeries*> series = Error(Code::invalid, "a series has no labels");
  bool found = false;
  ProtobufReader reader(text);
  auto note = [&](const Error& why) {
    if (outcome.refused++ == 0) outcome.first = why.message();
    outcome.later |= why.is(Code::overloaded) && found && series.ok();
  };
  while (auto field = reader.next()) {
    if (field->number == 1) {
      if (found) return Error(Code::invalid, "a label stands behind a sample");
      if (static_cast<std::size_t>(field->begin - text.data()) != labels_end) return damaged();
      labels_end = static_cast<std::size_t>(field->end - text.data());
    } else if (field->number == 2) {
      if (!std::exchange(found, true)) series = series_of(text.substr(0, labels_end));
      promql::Sample sample = TRY(read_sample(field->bytes));
      if (!series.ok()) {
        note(series.error());
        continue;
      }
      auto appended = store_.append(**series, sample);
      if (!appended.ok()) note(appended.error());
      outcome.taken += appended.ok();
    }
  }
  return reader.good() ? Result<void>() : damaged();
}

Result<HeadSeries*> RemoteWriteReader::series_of(std::string_view labels) {
  std::uint64_t key = hash64(labels), check = hash64(labels, 0x9e3779b97f4a7c15);
  auto known = known_.find(key);
  if (known != known_.end() && known->second.check == check) {
    HeadSeries* series = store_.known(known->second.number);
    if (series && !series->chunks.empty()) return series;
  }
  HeadSeries* series = TRY(new_series(labels));
  constexpr std::size_t known_max = 4'000'000;
  if (known_.size() >= known_max) known_.clear();
  known_[key] = {check, series->number};
  return series;
}

Result<HeadSeries*> RemoteWriteReader::new_series(std::string_view text) {
  if (text.size() > limits_.labels_bytes_max) {
    return Error(Code::invalid, fmt::format("the labels of a series may have at most {} bytes",
                                            limits_.labels_bytes_max));
  }
  std::vector<promql::Label> list;
  ProtobufReader reader(text);
  while (auto field = reader.next()) {
    promql::Label label;
    ProtobufReader inner(field->bytes);
    while (auto part = inner.next()) {
      if (part->number == 1) label.name = part->bytes;
      if (part->number == 2) label.value = part->bytes;
    }
    if (!inner.good() || !promql::is_label_name(label.name) || !is_utf8(label.value)) {
      return Error(Code::invalid, fmt::format("'{}' is no label, or its value no UTF-8",
                                              is_utf8(label.name) ? label.name : "?"));
    }
    list.push_back(std::move(label));
  }
  if (list.size() > limits_.labels_max) {
    return Error(Code::invalid,
                 fmt::format("a series may have at most {} labels", limits_.labels_max));
  }
  std::size_t given = list.size();
  std::size_t empty = static_cast<std::size_t>(
      std::ranges::count_if(list, [](auto& label) { return label.value.empty(); }));
  promql::Labels labels(std::move(list));
  if (!promql::is_metric_name(labels.value(promql::metric_name))) {
    return Error(Code::invalid, "a series has no valid name: " + labels.text());
  }
  if (labels.size() + empty != given) {
    return Error(Code::invalid, "a label stands twice: " + labels.text());
  }
  return store_.series(labels);
}

}  // namespace berth::observe
