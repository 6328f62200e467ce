#include "observe/logs/line_search.h"

#include <string.h>

#include <algorithm>

namespace berth::observe {
namespace {

/// Calls `each` with the place of every matching line, oldest first; ends when it answers false.
template <class F>
void each_match(const LineBatch& batch, const LogQuery& query, std::size_t begin, F each) {
  std::string lower;
  if (query.needs_texts()) lower_into(batch.columns().texts, lower);
  std::string_view all = lower;
  auto lower_of = [&](std::size_t line) {
    if (lower.empty()) return std::string_view();
    return all.substr(batch.text_begin(line), batch.text(line).size());
  };
  std::string_view needle = query.required();
  // A line without what all matching ones have is not looked at: few have it.
  for (std::size_t line = begin; line < batch.size(); ++line) {
    if (!needle.empty()) {
      std::size_t at = batch.text_begin(line);
      auto* found = static_cast<const char*>(
          memmem(all.data() + at, all.size() - at, needle.data(), needle.size()));
      if (!found) return;
      line = batch.line_at(static_cast<std::size_t>(found - all.data()));
    }
    if (query.matches(batch, line, lower_of(line)) && !each(line)) return;
  }
}

}  // namespace

std::vector<FoundLine> newest_matches(const LineBatch& batch, const LogQuery& query,
                                      const LineRange& range, std::size_t most) {
  std::vector<LogCursor> places;
  auto& times = batch.columns().times;
  each_match(batch, query, 0, [&](std::size_t line) {
    LogCursor at = batch.cursor(line);
    bool in = times[line] >= range.from && times[line] < range.to;
    if (in && (!range.before || at < *range.before)) places.push_back(at);
    return true;
  });
  std::size_t count = std::min(most, places.size());
  std::ranges::partial_sort(places, places.begin() + static_cast<std::ptrdiff_t>(count),
                            std::greater<>());
  std::vector<FoundLine> out;
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(
        batch.found(static_cast<std::size_t>(places[i].sequence - batch.first_sequence())));
  }
  return out;
}

std::vector<std::pair<double, FoundLine>> largest_matches(const LineBatch& batch,
                                                          const LogQuery& query,
                                                          const LineRange& range,
                                                          std::string_view name, std::size_t most) {
  std::vector<std::pair<double, std::size_t>> places;
  auto& times = batch.columns().times;
  each_match(batch, query, 0, [&](std::size_t line) {
    if (times[line] < range.from || times[line] >= range.to) return true;
    for (auto& field : batch.fields(line)) {
      auto value = field.name == name ? number_of(field.value) : std::nullopt;
      if (value) places.emplace_back(*value, line);
    }
    return true;
  });
  std::size_t count = std::min(most, places.size());
  std::ranges::partial_sort(places, places.begin() + static_cast<std::ptrdiff_t>(count),
                            std::greater<>());
  std::vector<std::pair<double, FoundLine>> out;
  for (std::size_t i = 0; i < count; ++i) {
    out.emplace_back(places[i].first, batch.found(places[i].second));
  }
  return out;
}

std::vector<FoundLine> matches_from(const LineBatch& batch, const LogQuery& query,
                                    std::size_t begin, std::size_t most) {
  std::vector<FoundLine> out;
  each_match(batch, query, begin, [&](std::size_t line) {
    out.push_back(batch.found(line));
    return out.size() < most;
  });
  return out;
}

void LogHistogram::add(const LogHistogram& other) {
  for (std::size_t i = 0; i < counts.size() && i < other.counts.size(); ++i) {
    for (std::size_t level = 0; level < 4; ++level) counts[i][level] += other.counts[i][level];
  }
}

void count_matches(const LineBatch& batch, const LogQuery& query, LogHistogram& into) {
  std::int64_t to = into.from + into.step * static_cast<std::int64_t>(into.counts.size());
  each_match(batch, query, 0, [&](std::size_t line) {
    std::int64_t time = batch.columns().times[line];
    if (time < into.from || time >= to) return true;
    auto step = static_cast<std::size_t>((time - into.from) / into.step);
    ++into.counts[step][static_cast<std::size_t>(batch.level(line))];
    return true;
  });
}

}  // namespace berth::observe
