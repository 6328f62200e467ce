#include "observe/samples/sketch.h"

#include "base/varint.h"

namespace berth::observe {

Histogram sketch_of(std::string_view encoded) {
  if (encoded.empty()) return {};
  return Histogram::decode(encoded).value_or({});
}

void SketchSeries::take(std::string_view base, std::span<const SketchPoint> run, std::int64_t from,
                        std::int64_t to) {
  bool first = points.empty();
  if (run.empty() || (first && run.front().time > to)) return;
  if (first) before = sketch_of(base);
  for (auto& point : run) {
    if (point.time > to) return;
    if (point.time < from) {
      if (first) before.merge(sketch_of(point.sketch));
    } else {
      add_later({&point, 1});
    }
  }
}

void SketchSeries::add_later(std::span<const SketchPoint> run) {
  for (auto& point : run) {
    if (points.empty() || point.time > points.back().time) points.push_back(point);
  }
}

void SketchChunk::append(std::int64_t time, std::string_view encoded) {
  if (count_++ == 0) first_time_ = last_time_ = time;
  append_varint(bytes_, static_cast<std::uint64_t>(time - last_time_));
  append_sized(bytes_, encoded);
  last_time_ = time;
}

std::vector<SketchPoint> SketchChunk::points() const {
  std::vector<SketchPoint> out;
  out.reserve(count_);
  std::string_view text = bytes_;
  std::int64_t time = first_time_;
  while (auto later = take_varint(text)) {
    time += static_cast<std::int64_t>(*later);
    out.push_back({time, std::string(take_sized(text).value_or(""))});
  }
  return out;
}

std::string SketchChunk::total() const {
  Histogram all = sketch_of(base_);
  for (auto& point : points()) all.merge(sketch_of(point.sketch));
  std::string out;
  all.encode(out);
  return out;
}

std::vector<SketchPoint> merged(std::span<const SketchPoint> points, std::int64_t interval) {
  auto interval_of = [&](const SketchPoint& point) { return (point.time - 1) / interval; };
  std::vector<SketchPoint> out;
  for (std::size_t begin = 0, end = 0; begin < points.size(); begin = end) {
    Histogram all;
    for (; end < points.size() && interval_of(points[end]) == interval_of(points[begin]); ++end) {
      all.merge(sketch_of(points[end].sketch));
    }
    auto& point = out.emplace_back();
    point.time = points[end - 1].time;
    all.encode(point.sketch);
  }
  return out;
}

std::string encode_sketches(std::string_view base, std::span<const SketchPoint> points) {
  std::string out;
  append_sized(out, base);
  for (auto& point : points) append_sized(out, point.sketch);
  return out;
}

Result<std::string> take_sketches(std::string_view& text, std::span<SketchPoint> points) {
  Error damaged(Code::invalid, "a column of distributions is damaged");
  auto base = take_sized(text);
  if (!base) return damaged;
  for (auto& point : points) {
    auto sketch = take_sized(text);
    if (!sketch) return damaged;
    point.sketch = *sketch;
  }
  return std::string(*base);
}

}  // namespace berth::observe
