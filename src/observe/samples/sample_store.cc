#include "observe/samples/sample_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "async/clock.h"
#include "base/strings.h"

namespace berth::observe {

SampleStore::SampleStore(World& world, Log log, SampleStoreOptions options)
    : world_(world), log_(log), options_(std::move(options)) {}

SampleStore::~SampleStore() = default;

std::int64_t SampleStore::span_of(std::int64_t time) const {
  std::int64_t span = options_.block_span;
  return time - ((time % span) + span) % span;
}

Deferred<void> SampleStore::open() {
  co_await world_.disk.make_durable_folder(options_.folder);
  co_await read_blocks();
  co_await read_logs();
  co_await open_log();
  scope_.add(tend_forever());
}

Deferred<void> SampleStore::close() {
  co_await scope_.close();
  co_await commit();
  if (log_file_) co_await log_file_->sync();
}

Deferred<void> SampleStore::tend_forever() {
  for (;;) {
    co_await world_.clock.after(options_.sync_every);
    if (log_file_) {
      auto synced = co_await log_file_->sync().result();
      if (!synced.ok()) log_.error("samples are not synced", {{"error", synced.error()}});
    }
    // A span and a half stay in memory, so that what comes late finds its place.
    if (head_to_ != INT64_MIN) {
      auto done = co_await cut(head_to_ - options_.block_span / 2).result();
      if (!done.ok()) log_.error("samples are not written to a block", {{"error", done.error()}});
    }
    std::int64_t now = world_.clock.wall().nanoseconds / 1'000'000;
    auto rolled = co_await roll_up(now - options_.kept).result();
    if (!rolled.ok()) log_.error("old samples are not rolled up", {{"error", rolled.error()}});
  }
}

Result<HeadSeries*> SampleStore::series(const promql::Labels& labels) {
  HeadSeries* found = index_.find(labels);
  if (found && !found->resting()) return found;
  if (active_ >= options_.series_max) {
    ++counters_.refused_series;
    std::int64_t now = world_.clock.now().nanoseconds;
    if (offender_.empty() || now - offender_found_ > 60'000'000'000) {
      offender_found_ = now;
      offender_ = index_.offender();
      log_.warning("there are too many series; new ones are refused",
                   {{"series_max", options_.series_max}, {"most", offender_}});
    }
    return Error(Code::overloaded, fmt::format("{} series are the most, and a new one is refused: "
                                               "{}",
                                               options_.series_max, offender_));
  }
  return found ? found : &index_.add(labels);
}

Result<HeadSeries*> SampleStore::series(const promql::Labels& labels, std::uint32_t& number) {
  HeadSeries* kept = number == no_number ? nullptr : index_.at(number);
  if (kept && !kept->resting()) return kept;
  HeadSeries* found = TRY(series(labels));
  number = found->number;
  return found;
}

Result<void> SampleStore::add(const promql::Labels& labels, std::uint32_t& number,
                              const promql::Sample& sample) {
  HeadSeries* found = TRY(series(labels, number));
  return append(*found, sample);
}

Result<void> SampleStore::add(const promql::Labels& labels, std::uint32_t& number,
                              std::int64_t time, const Histogram& recorded) {
  HeadSeries* found = TRY(series(labels, number));
  return append(*found, time, recorded);
}

bool SampleStore::in_next_chunk(std::int64_t first_time, bool full, std::int64_t time) const {
  return full || span_of(first_time) != span_of(time);
}

void SampleStore::note_inserted(HeadSeries& series, std::int64_t time) {
  series.last_time = time;
  head_to_ = std::max(head_to_, time);
  ++counters_.samples;
}

void SampleStore::insert(HeadSeries& series, const promql::Sample& sample) {
  if (series.resting()) ++active_;
  auto& chunks = series.chunks;
  if (!chunks.empty() &&
      in_next_chunk(chunks.newest().first_time(), chunks.newest().full(), sample.time)) {
    chunks.begin_next();
  }
  chunks.append(sample.time, sample.value);
  note_inserted(series, sample.time);
}

Result<void> SampleStore::admit(const HeadSeries& series, std::int64_t time) {
  // What comes from the future would put all that comes after it into the past.
  std::int64_t now = world_.clock.wall().nanoseconds / 1'000'000;
  if (time < 0 || time > now + options_.ahead_max) {
    ++counters_.out_of_order;
    return Error(Code::conflict, fmt::format("a sample at {}, which is too far in the future or "
                                             "before 1970, of {}",
                                             time, series.labels.text()));
  }
  if (time <= series.last_time || time < head_from_) {
    ++counters_.out_of_order;
    return Error(Code::conflict,
                 fmt::format("out of order sample at {} of {}", time, series.labels.text()));
  }
  if (unwritten_.size() + being_written_.size() + record_.size() > options_.unwritten_bytes_max) {
    return Error(Code::overloaded, "samples wait for the disk already");
  }
  return {};
}

void SampleStore::begin_logging(HeadSeries& series, std::int64_t time) {
  if (series.log_file != log_number_) {
    series.log_file = log_number_;
    record_.define(series.number, series.labels);
  }
  if (!log_files_.empty()) log_files_.back().newest = std::max(log_files_.back().newest, time);
  ++appended_;
}

Result<void> SampleStore::add(const promql::Labels& labels, const promql::Sample& sample) {
  HeadSeries* found = TRY(series(labels));
  return append(*found, sample);
}

Result<void> SampleStore::append(HeadSeries& series, const promql::Sample& sample) {
  if (series.distributions) {
    return Error(Code::conflict,
                 fmt::format("a number for the distributions of {}", series.labels.text()));
  }
  if (sample.time == series.last_time && !series.chunks.empty()) {
    auto before = std::bit_cast<std::uint64_t>(series.chunks.newest().last_value());
    if (before == std::bit_cast<std::uint64_t>(sample.value)) return {};
    ++counters_.duplicates;
    return Error(Code::conflict, fmt::format("duplicate sample for timestamp {} of {}", sample.time,
                                             series.labels.text()));
  }
  TRY(admit(series, sample.time));
  begin_logging(series, sample.time);
  record_.add(series.number, sample);
  insert(series, sample);
  return {};
}

Deferred<void> SampleStore::commit() {
  std::uint64_t mine = appended_;
  auto permit = co_await writing_.acquire();
  if (written_ >= mine && unwritten_.empty() && being_written_.empty())
    co_return;  // another commit took it along
  co_await write_log();
}

void SampleStore::note(MetricAbout about) {
  constexpr std::size_t about_max = 10'000;
  auto found = std::ranges::find(about_, about.name, &MetricAbout::name);
  if (found != about_.end()) {
    *found = std::move(about);
  } else if (about_.size() < about_max) {
    about_.push_back(std::move(about));
  }
}

// The log.

std::string SampleStore::log_path(std::uint32_t number) const {
  return fmt::format("{}/log-{}.samples", options_.folder, number);
}

/// What is appended from now on goes there, with its series defined anew: so the record must be
/// empty, or have been begun for that file.
Deferred<void> SampleStore::open_log() {
  log_file_.reset();
  ++log_number_;
  log_files_.push_back({log_number_});
  log_file_ = co_await world_.disk.open(log_path(log_number_), OpenMode::write_emptied);
  co_await world_.disk.sync_folder(options_.folder);
  log_bytes_ = 0;
  being_written_.insert(0, sample_log_magic);
}

/// Holds `writing_`. What part of a failed or dropped attempt stands in the file is unknown; the
/// next one writes over it.
Deferred<void> SampleStore::write_log() {
  if (!log_file_) co_await open_log();
  std::uint64_t until = appended_;
  if (!record_.empty()) unwritten_ += record_.take();
  being_written_ += std::exchange(unwritten_, {});
  if (being_written_.empty()) co_return;
  co_await log_file_->write(log_bytes_, Bytes::copy(being_written_));
  log_bytes_ += being_written_.size();
  being_written_.clear();
  written_ = until;
  if (log_bytes_ > options_.log_file_bytes_max && record_.empty()) co_await open_log();
}

Deferred<void> SampleStore::next_log() {
  auto permit = co_await writing_.acquire();
  do {
    co_await write_log();
  } while (!record_.empty());
  co_await open_log();
}

Deferred<void> SampleStore::read_logs() {
  std::vector<std::uint32_t> numbers;
  for (auto& entry : co_await world_.disk.list(options_.folder)) {
    std::string_view name = entry.name;
    if (!name.starts_with("log-") || !name.ends_with(".samples")) continue;
    auto number = parse_integer<std::uint32_t>(name.substr(4, name.size() - 12));
    if (number.ok()) numbers.push_back(*number);
  }
  std::ranges::sort(numbers);
  for (std::uint32_t number : numbers) {
    log_number_ = number;
    log_files_.push_back({number});
    co_await read_log(number);
  }
}

Deferred<void> SampleStore::read_log(std::uint32_t number) {
  std::string path = log_path(number);
  std::string all = co_await world_.disk.read_file(path, std::size_t{4} << 30);
  std::string_view text = all;
  if (!text.starts_with(sample_log_magic)) {
    if (!text.empty()) log_.warning("a log of samples has no begin", {{"path", path}});
    co_return;
  }
  text.remove_prefix(sample_log_magic.size());
  std::unordered_map<std::uint64_t, HeadSeries*> defined;
  std::unordered_map<std::uint64_t, std::string> bases;  // read, and not yet before a point
  while (auto record = LogRecord::take_from(text)) {
    for (auto& definition : record->definitions) {
      HeadSeries* found = index_.find(definition.labels);
      defined[definition.number] = found ? found : &index_.add(definition.labels);
    }
    for (auto& logged : record->samples) {
      auto series = defined.find(logged.number);
      if (series == defined.end()) continue;
      log_files_.back().newest = std::max(log_files_.back().newest, logged.sample.time);
      bool kept =
          logged.sample.time >= head_from_ && logged.sample.time > series->second->last_time;
      if (kept && !series->second->distributions) insert(*series->second, logged.sample);
    }
    for (auto& logged : record->sketches) {
      auto series = defined.find(logged.number);
      if (series == defined.end() || !series->second->distributions) continue;
      replay(logged, *series->second, bases[logged.number]);
    }
  }
  if (!text.empty()) {
    log_.info("the torn end of a log of samples was left out",
              {{"path", path}, {"bytes", text.size()}});
  }
}

Deferred<void> SampleStore::remove_logs(std::int64_t before) {
  while (log_files_.size() > 1 && log_files_.front().newest < before) {
    auto removed = co_await world_.disk.remove(log_path(log_files_.front().number)).result();
    if (!removed.ok()) log_.warning("an old log stays", {{"error", removed.error()}});
    log_files_.pop_front();
  }
}

}  // namespace berth::observe
