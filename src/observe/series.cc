#include "observe/series.h"

#include <algorithm>

namespace berth::observe {

std::string SeriesKey::text() const {
  std::string out = name + "{";
  for (auto& [label, value] : labels) {
    if (out.back() != '{') out += ',';
    out += label + "=\"";
    for (char c : value) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out + "}";
}

std::string_view SeriesKey::label(std::string_view name) const {
  auto found = labels.find(name);
  return found == labels.end() ? std::string_view() : found->second;
}

void Series::merge(Point& into, const Point& point) const {
  switch (kind_) {
    case SeriesKind::counter:
      into.value += point.value;
      break;
    case SeriesKind::gauge:
      into.value = point.value;
      break;
    case SeriesKind::histogram: {
      auto a = Histogram::decode(into.histogram);
      auto b = Histogram::decode(point.histogram);
      if (!b.ok()) break;
      if (a.ok()) b->merge(*a);
      into.histogram.clear();
      b->encode(into.histogram);
      break;
    }
  }
}

void Series::add_to(Level& level, const Point& point) {
  std::int64_t at = point.second - point.second % level.step;
  auto& points = level.points;
  auto place = points.end();
  while (place != points.begin() && std::prev(place)->second >= at) --place;
  if (place != points.end() && place->second == at) {
    merge(*place, point);
  } else {
    place = points.insert(place, point);
    place->second = at;
  }
  while (!points.empty() && points.front().second < points.back().second - level.kept) {
    points.pop_front();
  }
}

void Series::add(const Point& point) {
  for (auto& level : levels_) add_to(level, point);
}

void Series::add_minute(const Point& point) { add_to(levels_[2], point); }

std::size_t Series::level_index(std::int64_t from, std::int64_t step, std::int64_t now) {
  for (std::size_t i = 0; i < 2; ++i) {
    if (from >= now - spans[i].kept && step < spans[i].step * 60) return i;
  }
  return 2;
}

std::int64_t Series::newest() const {
  auto& coarse = levels_[2].points;
  auto& fine = levels_[0].points;
  return std::max(coarse.empty() ? 0 : coarse.back().second, fine.empty() ? 0 : fine.back().second);
}

}  // namespace berth::observe
