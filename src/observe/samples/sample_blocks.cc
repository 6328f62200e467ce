// The blocks of a SampleStore: how they are read, written, asked, removed.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "async/executor.h"
#include "base/strings.h"
#include "observe/samples/rollup.h"
#include "observe/samples/sample_store.h"

namespace berth::observe {

std::string SampleStore::block_path(std::string_view kind, std::int64_t from) const {
  return fmt::format("{}/{}-{}.samples", options_.folder, kind, from);
}

Deferred<void> SampleStore::read_blocks() {
  co_await read_kind("rollup", rollups_);
  co_await read_kind("block", blocks_);
}

Deferred<void> SampleStore::read_kind(std::string_view kind, std::vector<Stored>& into) {
  std::vector<std::int64_t> begins;
  for (auto& entry : co_await world_.disk.list(options_.folder)) {
    std::string_view name = entry.name;
    if (!name.starts_with(kind) || !name.ends_with(".samples")) continue;
    name.remove_prefix(std::min(name.size(), kind.size() + 1));
    name.remove_suffix(std::min<std::size_t>(name.size(), 8));
    auto begin = parse_integer<std::int64_t>(name);
    if (begin.ok()) begins.push_back(*begin);
  }
  std::ranges::sort(begins);
  for (std::int64_t begin : begins) {
    auto stored = co_await read_block(block_path(kind, begin)).result();
    if (stored.ok()) {
      take_in(std::move(*stored), into);
    } else {
      ++counters_.blocks_failed;
      log_.error("a block of samples is left out",
                 {{"path", block_path(kind, begin)}, {"error", stored.error()}});
    }
  }
}

Deferred<SampleStore::Stored> SampleStore::read_block(std::string path) {
  auto file = co_await world_.disk.open(path, OpenMode::read);
  std::uint64_t size = co_await file->size();
  if (size < Block::footer_bytes) co_return Error(Code::invalid, "it is too short");
  Bytes end = co_await file->read(size - Block::footer_bytes, Block::footer_bytes);
  auto footer = co_await or_return(Block::read_footer(end.view()));
  Bytes index = co_await file->read(footer.index_offset, footer.index_packed);
  auto number_of = [this](const promql::Labels& labels) {
    HeadSeries* found = index_.find(labels);
    return (found ? *found : index_.add(labels)).number;
  };
  auto block = co_await or_return(Block::read(footer, index.view(), number_of));
  co_return Stored{std::move(block), std::move(path)};
}

void SampleStore::take_in(Stored stored, std::vector<Stored>& into) {
  for (auto& entry : stored.block->entries()) ++index_.at(entry.series)->blocks;
  head_from_ = std::max(head_from_, stored.block->to());
  into.push_back(std::move(stored));
}

Deferred<void> SampleStore::cut(std::int64_t before) {
  auto permit = co_await cutting_.acquire();
  before = span_of(before);
  for (;;) {
    std::int64_t oldest = INT64_MAX;
    index_.each([&](const HeadSeries& series) {
      if (!series.resting()) oldest = std::min(oldest, series.first_time());
    });
    if (oldest >= before) co_return;
    co_await cut_span(span_of(oldest));
  }
}

namespace {

/// Leaves the first, and the last of each interval, whose end belongs to it.
void thin(std::vector<promql::Sample>& samples, std::int64_t interval) {
  auto interval_of = [&](std::size_t i) { return (samples[i].time - 1) / interval; };
  std::size_t kept = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    bool last = i + 1 == samples.size() || interval_of(i) != interval_of(i + 1);
    if (i == 0 || last) samples[kept++] = samples[i];
  }
  samples.resize(kept);
}

}  // namespace

/// A span goes from memory to a block; only then is it forgotten there, and its log removed.
Deferred<void> SampleStore::cut_span(std::int64_t from) {
  std::int64_t to = from + options_.block_span;
  struct Taken {
    promql::Labels labels;
    std::vector<HeadChunk> chunks;
    std::vector<SketchChunk> sketches;
    bool thinned;
  };
  std::vector<Taken> taken;
  head_from_ = std::max(head_from_, to);  // nothing is added to it meanwhile
  index_.each([&](const HeadSeries& series) {
    Taken each{series.labels, {}, {}, false};
    auto within = [&](auto& chunk) {
      return chunk.first_time() >= from && chunk.first_time() < to;
    };
    series.chunks.each([&](auto& chunk) {
      if (within(chunk)) each.chunks.push_back(chunk);
    });
    std::ranges::copy_if(series.sketches, std::back_inserter(each.sketches), within);
    each.thinned = series.labels.value(promql::metric_name).starts_with(options_.thinned_prefix);
    if (!each.chunks.empty() || !each.sketches.empty()) taken.push_back(std::move(each));
  });
  auto work = [taken = std::move(taken), from, to, apart = options_.thinned_to]() mutable {
    std::ranges::sort(taken, {}, &Taken::labels);
    BlockWriter writer(from, to);
    std::vector<promql::Sample> samples;
    for (auto& each : taken) {
      samples.clear();
      for (auto& chunk : each.chunks) chunk.read(INT64_MIN, INT64_MAX, samples);
      if (each.thinned) thin(samples, apart);
      if (!samples.empty()) writer.add(each.labels, samples);
      if (each.sketches.empty()) continue;
      std::vector<SketchPoint> points;
      for (auto& chunk : each.sketches)
        std::ranges::move(chunk.points(), std::back_inserter(points));
      if (each.thinned) points = merged(points, apart);
      writer.add(each.labels, each.sketches.front().base(), points);
    }
    return writer.take();
  };
  std::string text = co_await run_on(world_.workers, std::move(work));
  co_await write_block(block_path("block", from), std::move(text), blocks_);
  forget_head(to);
  co_await next_log();
  co_await remove_logs(to);
}

Deferred<void> SampleStore::write_block(std::string path, std::string text,
                                        std::vector<Stored>& into) {
  co_await world_.disk.replace_file(path, std::move(text));
  take_in(co_await read_block(path), into);
}

void SampleStore::forget_head(std::int64_t before) {
  std::vector<std::uint32_t> gone;
  index_.each([&](HeadSeries& series) {
    if (series.resting()) return;
    series.chunks.forget(before);
    std::erase_if(series.sketches, [&](auto& chunk) { return chunk.first_time() < before; });
    if (!series.resting()) return;
    --active_;
    if (series.blocks == 0) gone.push_back(series.number);
  });
  for (std::uint32_t number : gone) index_.remove(number);
}

/// The oldest of them.
Deferred<void> SampleStore::remove_block(std::vector<Stored>& from) {
  Stored stored = from.front();
  co_await world_.disk.remove(stored.path);
  from.erase(from.begin());
  for (auto& entry : stored.block->entries()) {
    HeadSeries& series = *index_.at(entry.series);
    if (--series.blocks == 0 && series.resting()) index_.remove(entry.series);
  }
  frames_.remove_if([&](auto& each) {
    bool of_it = each.block == stored.block;
    if (of_it) frames_bytes_ -= each.text->size();
    return of_it;
  });
}

Deferred<std::shared_ptr<const std::string>> SampleStore::frame(Stored stored,
                                                                std::uint32_t number) {
  for (auto each = frames_.begin(); each != frames_.end(); ++each) {
    if (each->block != stored.block || each->number != number) continue;
    frames_.splice(frames_.begin(), frames_, each);
    co_return each->text;
  }
  auto& where = stored.block->frame(number);
  auto file = co_await world_.disk.open(stored.path, OpenMode::read);
  Bytes packed = co_await file->read(where.offset, where.packed);
  auto work = [block = stored.block, packed, number] {
    return Block::unpack(block->frame(number), packed.view());
  };
  std::string unpacked = co_await run_on(world_.workers, std::move(work));
  auto text = std::make_shared<const std::string>(std::move(unpacked));
  frames_.push_front({stored.block, number, text});
  frames_bytes_ += text->size();
  while (frames_bytes_ > options_.frames_bytes_max && frames_.size() > 1) {
    frames_bytes_ -= frames_.back().text->size();
    frames_.pop_back();
  }
  co_return text;
}

namespace {

/// What of one block is wanted: entries by frame, so that each frame is unpacked once.
struct Wanted {
  const BlockEntry* entry;
  std::size_t place;  // in the answer
};

}  // namespace

Deferred<void> SampleStore::read_stored(const Stored& stored, const promql::Selection& selection,
                                        const std::vector<std::uint32_t>& numbers,
                                        std::vector<promql::SampleSeries>& out, std::size_t& count,
                                        std::size_t samples_max) {
  auto& block = *stored.block;
  if (block.from() > selection.to || block.to() <= selection.from) co_return;
  std::vector<Wanted> wanted;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (auto* entry = block.find(numbers[i])) wanted.push_back({entry, i});
  }
  std::ranges::sort(wanted, {}, [](auto& each) { return each.entry->frame; });
  std::shared_ptr<const std::string> text;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    auto [entry, place] = wanted[i];
    bool same = i > 0 && wanted[i - 1].entry->frame == entry->frame;
    if (!same) text = co_await frame(stored, entry->frame);
    auto& samples = out[place].samples;
    std::size_t before = samples.size();
    co_await or_return(block.read_entry(*entry, *text, selection.from, selection.to, samples));
    count += samples.size() - before;
    if (count > samples_max) co_await fail_with(promql::too_many_samples());
  }
}

Deferred<std::vector<promql::SampleSeries>> SampleStore::select(promql::Selection selection,
                                                                std::size_t samples_max) {
  std::vector<promql::SampleSeries> out;
  std::vector<std::vector<promql::Sample>> newest;  // from memory, which may be cut meanwhile
  std::vector<std::uint32_t> numbers;
  std::size_t count = 0;
  for (HeadSeries* series : index_.matching(selection.matchers)) {
    if (series->distributions || !wants_rollup(selection, series->labels)) continue;
    out.push_back({series->labels, {}});
    numbers.push_back(series->number);
    auto& samples = newest.emplace_back();
    series->chunks.each([&](auto& chunk) { chunk.read(selection.from, selection.to, samples); });
    count += samples.size();
    if (count > samples_max) co_return promql::too_many_samples();
  }
  std::vector<Stored> all = rollups_;
  all.insert(all.end(), blocks_.begin(), blocks_.end());
  for (auto& stored : all) {
    co_await read_stored(stored, selection, numbers, out, count, samples_max);
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    auto& samples = out[i].samples;
    samples.insert(samples.end(), newest[i].begin(), newest[i].end());
  }
  join_rollups(selection, out);
  std::erase_if(out, [](auto& series) { return series.samples.empty(); });
  co_return out;
}

Deferred<std::vector<promql::Labels>> SampleStore::label_sets(promql::Selection selection) {
  std::vector<promql::Labels> out;
  std::set<promql::Labels> seen;
  for (HeadSeries* series : index_.matching(selection.matchers)) {
    if (series->distributions || !wants_rollup(selection, series->labels)) continue;
    bool there = false;
    series->chunks.each([&](auto& chunk) {
      there |= chunk.first_time() <= selection.to && chunk.last_time() >= selection.from;
    });
    for (auto* list : {&rollups_, &blocks_}) {
      for (auto& [block, path] : *list) {
        if (there) break;
        bool within = block->from() <= selection.to && block->to() > selection.from;
        there = within && block->find(series->number);
      }
    }
    promql::Labels shown = shown_labels(selection, series->labels);
    if (there && seen.insert(shown).second) out.push_back(std::move(shown));
  }
  co_return out;
}

}  // namespace berth::observe
