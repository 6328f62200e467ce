// The distributions of a SampleStore: how they are taken in, read back from the log, and asked.
#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "observe/samples/rollup.h"
#include "observe/samples/sample_store.h"

namespace berth::observe {

Result<void> SampleStore::append(HeadSeries& series, std::int64_t time, const Histogram& recorded) {
  if (!series.distributions) {
    return Error(Code::conflict, "a distribution for the numbers of " + series.labels.text());
  }
  TRY(admit(series, time));
  begin_logging(series, time);
  auto* last = series.sketches.empty() ? nullptr : &series.sketches.back();
  if (last && in_next_chunk(last->first_time(), last->full(), time)) {
    record_.add_base(series.number, last->total());
  }
  SketchPoint point{time, {}};
  recorded.encode(point.sketch);
  record_.add(series.number, point);
  insert(series, point);
  return {};
}

void SampleStore::insert(HeadSeries& series, const SketchPoint& point) {
  if (series.resting()) ++active_;
  auto* last = series.sketches.empty() ? nullptr : &series.sketches.back();
  if (!last) {
    series.sketches.emplace_back();
  } else if (last->count() > 0 && in_next_chunk(last->first_time(), last->full(), point.time)) {
    series.sketches.push_back(SketchChunk(last->total()));
  }
  series.sketches.back().append(point.time, point.sketch);
  note_inserted(series, point.time);
}

/// A base begins a chunk: those before it may be in a block already.
void SampleStore::replay(const LogRecord::LoggedSketch& logged, HeadSeries& series,
                         std::string& base) {
  auto& point = logged.point;
  auto& chunks = series.sketches;
  if (point.time == LogRecord::no_time) {
    base = point.sketch;
    return;
  }
  if (point.time < head_from_ || point.time <= series.last_time) return;
  if (!base.empty() && chunks.empty()) {
    ++active_;
    chunks.push_back(SketchChunk(base));
  }
  base.clear();
  insert(series, point);
}

namespace {

/// The chunks that overlap, and the one before them, whose end tells what had been recorded.
void take_head(const HeadSeries& series, const promql::Selection& selection, SketchSeries& out) {
  auto& chunks = series.sketches;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    bool later = i + 1 < chunks.size() && chunks[i + 1].first_time() <= selection.from;
    if (later) continue;
    out.take(chunks[i].base(), chunks[i].points(), selection.from, selection.to);
  }
}

/// Under which labels it is answered.
SketchSeries asked_as(const promql::Labels& labels) {
  SketchSeries out;
  std::string_view scale = labels.value(sketch_label);
  std::from_chars(scale.data(), scale.data() + scale.size(), out.scale);
  out.labels = labels.with(sketch_label, "").with(rollup_label, "");
  return out;
}

}  // namespace

std::vector<promql::SampleSeries> SampleStore::recent(const promql::Selection& selection) const {
  std::vector<promql::SampleSeries> out;
  for (HeadSeries* series : index_.matching(selection.matchers)) {
    if (series->chunks.empty()) continue;
    std::vector<promql::Sample> samples;
    series->chunks.each([&](auto& chunk) { chunk.read(selection.from, selection.to, samples); });
    if (!samples.empty()) out.push_back({series->labels, std::move(samples)});
  }
  return out;
}

std::vector<SketchSeries> SampleStore::recent_sketches(const promql::Selection& selection) const {
  std::vector<SketchSeries> out;
  for (HeadSeries* series : index_.matching(selection.matchers)) {
    if (series->sketches.empty()) continue;
    SketchSeries asked = asked_as(series->labels);
    take_head(*series, selection, asked);
    out.push_back(std::move(asked));
  }
  return out;
}

Deferred<std::vector<SketchSeries>> SampleStore::select_sketches(promql::Selection selection,
                                                                 std::size_t points_max) {
  std::vector<SketchSeries> out;
  std::map<promql::Labels, std::size_t> places;
  std::vector<std::pair<std::uint32_t, std::size_t>> wanted;  // number of series, place in out
  std::vector<std::pair<SketchSeries, std::size_t>> newest;   // from memory
  for (HeadSeries* series : index_.matching(selection.matchers)) {
    if (!series->distributions) continue;
    SketchSeries asked = asked_as(series->labels);
    auto [place, fresh] = places.try_emplace(asked.labels, out.size());
    if (fresh) out.push_back(asked);
    wanted.emplace_back(series->number, place->second);
    if (series->sketches.empty()) continue;
    take_head(*series, selection, asked);  // before a wait, in which it may be cut
    newest.emplace_back(std::move(asked), place->second);
  }
  std::vector<Stored> all = rollups_;
  all.insert(all.end(), blocks_.begin(), blocks_.end());
  for (auto& stored : all) {
    bool overlaps = stored.block->from() <= selection.to && stored.block->to() > selection.from;
    if (overlaps && !wanted.empty()) co_await read_stored(stored, selection, wanted, out);
    std::size_t points = 0;
    for (auto& series : out) points += series.points.size();
    if (points > points_max) co_return promql::too_many_samples();
  }
  for (auto& [from_memory, place] : newest) {
    if (out[place].points.empty()) out[place].before = std::move(from_memory.before);
    out[place].add_later(from_memory.points);
  }
  co_return out;
}

Deferred<void> SampleStore::read_stored(
    const Stored& stored, const promql::Selection& selection,
    const std::vector<std::pair<std::uint32_t, std::size_t>>& wanted,
    std::vector<SketchSeries>& out) {
  std::vector<std::pair<const BlockEntry*, std::size_t>> entries;
  for (auto& [number, place] : wanted) {
    if (auto* entry = stored.block->find(number)) entries.emplace_back(entry, place);
  }
  std::ranges::sort(entries, {}, [](auto& each) { return each.first->frame; });
  std::shared_ptr<const std::string> text;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    auto [entry, place] = entries[i];
    bool same = i > 0 && entries[i - 1].first->frame == entry->frame;
    if (!same) text = co_await frame(stored, entry->frame);
    co_await or_return(
        stored.block->read_entry(*entry, *text, selection.from, selection.to, out[place]));
  }
}

}  // namespace berth::observe
