#include "observe/samples/sample_log.h"

#include <cstring>

#include "base/sealed.h"
#include "base/varint.h"
#include "observe/samples/scaled.h"

namespace berth::observe {
namespace {

constexpr std::size_t body_bytes_max = 256 << 20;
constexpr std::size_t labels_max = 1000;
constexpr char definition_type = 'd';
constexpr char sample_type = 's';
constexpr char sketch_type = 'h';
constexpr char base_type = 'b';

bool take_definition(std::string_view& text, LogRecord::Read& out) {
  auto number = take_varint(text);
  auto count = take_varint(text);
  if (!number || !count || *count > labels_max) return false;
  std::vector<promql::Label> labels;
  for (std::uint64_t i = 0; i < *count; ++i) {
    auto name = take_sized(text);
    auto value = name ? take_sized(text) : std::nullopt;
    if (!value) return false;
    labels.push_back({std::string(*name), std::string(*value)});
  }
  out.definitions.push_back({*number, promql::Labels(std::move(labels))});
  return true;
}

}  // namespace

void LogRecord::define(std::uint64_t number, const promql::Labels& labels) {
  body_ += definition_type;
  append_varint(body_, number);
  append_varint(body_, labels.size());
  for (auto& label : labels) {
    append_sized(body_, label.name);
    append_sized(body_, label.value);
  }
}

void LogRecord::put(char type, std::uint64_t number, std::int64_t time) {
  body_ += type;
  append_varint(body_, zigzag(static_cast<std::int64_t>(number - last_number_)));
  append_varint(body_, zigzag(time - last_time_));
  last_number_ = number;
  last_time_ = time;
}

void LogRecord::add(std::uint64_t number, const promql::Sample& sample) {
  put(sample_type, number, sample.time);
  body_.append(reinterpret_cast<const char*>(&sample.value), sizeof sample.value);
}

void LogRecord::add(std::uint64_t number, const SketchPoint& point) {
  put(sketch_type, number, point.time);
  append_sized(body_, point.sketch);
}

void LogRecord::add_base(std::uint64_t number, std::string_view base) {
  body_ += base_type;
  append_varint(body_, number);
  append_sized(body_, base);
}

std::string LogRecord::take() {
  std::string out;
  append_sealed(out, body_);
  body_.clear();
  last_number_ = 0;
  last_time_ = 0;
  return out;
}

std::optional<LogRecord::Read> LogRecord::take_from(std::string_view& text) {
  std::string_view rest = text;
  auto sealed = take_sealed(rest, body_bytes_max);
  if (!sealed) return std::nullopt;
  std::string_view body = *sealed;
  Read out;
  std::uint64_t number = 0;
  std::int64_t time = 0;
  while (!body.empty()) {
    char type = body[0];
    body.remove_prefix(1);
    if (type == definition_type) {
      if (!take_definition(body, out)) return std::nullopt;
      continue;
    }
    auto numbers = take_varint(body);
    if (type == base_type) {
      auto base = numbers ? take_sized(body) : std::nullopt;
      if (!base) return std::nullopt;
      out.sketches.push_back({*numbers, {no_time, std::string(*base)}});
      continue;
    }
    auto times = numbers ? take_varint(body) : std::nullopt;
    if (!times) return std::nullopt;
    number += static_cast<std::uint64_t>(unzigzag(*numbers));
    time = static_cast<std::int64_t>(static_cast<std::uint64_t>(time) +
                                     static_cast<std::uint64_t>(unzigzag(*times)));
    if (type == sketch_type) {
      auto sketch = take_sized(body);
      if (!sketch) return std::nullopt;
      out.sketches.push_back({number, {time, std::string(*sketch)}});
      continue;
    }
    if (type != sample_type || body.size() < sizeof(double)) return std::nullopt;
    Logged logged{number, {time, 0}};
    std::memcpy(&logged.sample.value, body.data(), sizeof(double));
    body.remove_prefix(sizeof(double));
    out.samples.push_back(logged);
  }
  text = rest;
  return out;
}

}  // namespace berth::observe
