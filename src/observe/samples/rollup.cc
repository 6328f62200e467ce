#include "observe/samples/rollup.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "async/executor.h"
#include "observe/samples/sample_store.h"

namespace berth::observe {
namespace {

constexpr std::int64_t day_milliseconds = 86'400'000;

bool asks_for_rollup(const promql::Selection& selection) {
  return std::ranges::any_of(selection.matchers,
                             [](auto& matcher) { return matcher.name() == rollup_label; });
}

std::int64_t interval_of(std::int64_t time) { return time / rollup_interval; }

}  // namespace

void Rollup::add(std::span<const promql::Sample> samples) {
  for (std::size_t begin = 0, end = 0; begin < samples.size(); begin = end) {
    double count = 0, sum = 0, least = 0, most = 0;
    for (; end < samples.size(); ++end) {
      if (interval_of(samples[end].time) != interval_of(samples[begin].time)) break;
      double value = samples[end].value;
      if (promql::is_stale(value)) continue;
      least = count == 0 ? value : std::min(least, value);
      most = count == 0 ? value : std::max(most, value);
      ++count;
      sum += value;
    }
    std::int64_t time = samples[end - 1].time;
    // Where a counter begins at 0, what it grew by in its first minutes is not lost.
    bool begins = begin == 0 && samples[0].value == 0 && end > 1;
    if (begins) folds[0].push_back(samples[0]);
    folds[0].push_back({time, samples[end - 1].value});
    if (count == 0) continue;
    folds[1].push_back({time, count});
    folds[2].push_back({time, sum});
    folds[3].push_back({time, least});
    folds[4].push_back({time, most});
  }
}

bool wants_rollup(const promql::Selection& selection, const promql::Labels& labels) {
  std::string_view fold = labels.value(rollup_label);
  return fold.empty() || fold == rollup_folds[0] || asks_for_rollup(selection);
}

promql::Labels shown_labels(const promql::Selection& selection, const promql::Labels& labels) {
  return asks_for_rollup(selection) ? labels : labels.with(rollup_label, "");
}

void join_rollups(const promql::Selection& selection, std::vector<promql::SampleSeries>& series) {
  if (asks_for_rollup(selection)) return;
  std::map<promql::Labels, promql::SampleSeries*> plain;
  for (auto& each : series) {
    if (!each.labels.has(rollup_label)) plain[each.labels] = &each;
  }
  for (auto& each : series) {
    if (!each.labels.has(rollup_label)) continue;
    each.labels = each.labels.with(rollup_label, "");
    auto found = plain.find(each.labels);
    if (found == plain.end()) continue;
    auto& samples = found->second->samples;
    auto end = each.samples.end();
    if (!samples.empty()) {  // of a day whose blocks were not yet removed, both are there
      end = std::ranges::lower_bound(each.samples, samples.front().time, {}, &promql::Sample::time);
    }
    samples.insert(samples.begin(), each.samples.begin(), end);
    each.samples.clear();
  }
}

Deferred<void> SampleStore::roll_up(std::int64_t before) {
  while (!blocks_.empty()) {
    std::int64_t from = blocks_.front().block->from();
    std::int64_t day = from - from % day_milliseconds;
    if (day + day_milliseconds > before) break;
    co_await roll_up_day(day);
  }
  std::int64_t oldest = before + options_.kept - options_.rollups_kept;
  while (!rollups_.empty() && rollups_.front().block->to() <= oldest) {
    co_await remove_block(rollups_);
  }
}

namespace {

/// A block with its frames as they stand on disk.
struct DayBlock {
  std::shared_ptr<const Block> block;
  std::vector<Bytes> frames;
};
using Numbered = std::map<promql::Labels, std::uint32_t>;

Result<std::string> rolled_up(const std::vector<DayBlock>& blocks, const Numbered& series,
                              std::int64_t day) {
  std::vector<std::vector<std::string>> unpacked;
  for (auto& [block, frames] : blocks) {
    auto& texts = unpacked.emplace_back();
    for (std::uint32_t i = 0; i < frames.size(); ++i) {
      texts.push_back(TRY(Block::unpack(block->frame(i), frames[i].view())));
    }
  }
  BlockWriter writer(day, day + day_milliseconds);
  std::vector<promql::Sample> samples;
  for (auto& [labels, number] : series) {
    samples.clear();
    bool distributions = labels.has(sketch_label);
    SketchSeries sketches;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      auto* entry = blocks[i].block->find(number);
      if (!entry) continue;
      auto& frame = unpacked[i][entry->frame];
      auto& block = *blocks[i].block;
      TRY(distributions ? block.read_entry(*entry, frame, INT64_MIN, INT64_MAX, sketches)
                        : block.read_entry(*entry, frame, INT64_MIN, INT64_MAX, samples));
    }
    if (distributions) {
      std::string base;
      sketches.before.encode(base);
      writer.add(labels.with(rollup_label, rollup_folds[0]), base,
                 merged(sketches.points, rollup_interval));
      continue;
    }
    Rollup rollup;
    rollup.add(samples);
    for (std::size_t fold = 0; fold < std::size(rollup_folds); ++fold) {
      if (rollup.folds[fold].empty()) continue;
      writer.add(labels.with(rollup_label, rollup_folds[fold]), rollup.folds[fold]);
    }
  }
  return writer.take();
}

}  // namespace

/// The rollup is durable before the first block goes; blocks that are left are removed by the next
/// attempt, which finds the rollup there.
Deferred<void> SampleStore::roll_up_day(std::int64_t day) {
  auto of_day = [&](const Stored& each) { return each.block->from() < day + day_milliseconds; };
  bool there = !rollups_.empty() && rollups_.back().block->from() >= day;
  if (!there) {
    std::vector<DayBlock> taken;
    Numbered series;
    for (auto& stored : std::vector(blocks_)) {
      if (!of_day(stored)) break;
      DayBlock each{stored.block, {}};
      auto file = co_await world_.disk.open(stored.path, OpenMode::read);
      for (std::uint32_t i = 0; i < stored.block->frames(); ++i) {
        auto& where = stored.block->frame(i);
        each.frames.push_back(co_await file->read(where.offset, where.packed));
      }
      for (auto& entry : stored.block->entries()) {
        series[index_.at(entry.series)->labels] = entry.series;
      }
      taken.push_back(std::move(each));
    }
    auto work = [taken = std::move(taken), series = std::move(series), day] {
      return rolled_up(taken, series, day);
    };
    std::string text = co_await run_on(world_.workers, std::move(work));
    co_await write_block(block_path("rollup", day), std::move(text), rollups_);
  }
  while (!blocks_.empty() && of_day(blocks_.front())) co_await remove_block(blocks_);
}

}  // namespace berth::observe
