#include "observe/series_store.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "async/clock.h"
#include "async/disk.h"
#include "observe/series_files.h"

namespace berth::observe {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

double fold_histogram(const Histogram& h, Fold fold, std::int64_t step) {
  constexpr double nanoseconds = 1e-9;
  if (h.empty()) return nothing;
  switch (fold) {
    case Fold::value:
    case Fold::count:
      return static_cast<double>(h.count());
    case Fold::rate:
      return static_cast<double>(h.count()) / static_cast<double>(step);
    case Fold::mean:
      return h.mean() * nanoseconds;
    case Fold::p50:
      return static_cast<double>(h.quantile(0.5)) * nanoseconds;
    case Fold::p90:
      return static_cast<double>(h.quantile(0.9)) * nanoseconds;
    case Fold::p99:
      return static_cast<double>(h.quantile(0.99)) * nanoseconds;
    case Fold::max:
      return static_cast<double>(h.max()) * nanoseconds;
  }
  return nothing;
}

/// Collects the points of all series that go into one answer, interval by interval.
struct Gathered {
  std::map<std::string, std::string, std::less<>> labels;
  SeriesKind kind = SeriesKind::counter;
  std::vector<Histogram> histograms;
  std::vector<double> values;

  void add(const Series& series, const SeriesQuery& query, std::int64_t now) {
    auto count = static_cast<std::size_t>((query.to - query.from + query.step - 1) / query.step);
    kind = series.kind();
    if (values.empty()) values.assign(count, nothing);
    if (kind == SeriesKind::histogram && histograms.empty()) histograms.resize(count);
    auto& points = series.level_for(query.from, query.step, now).points;
    auto first = std::ranges::lower_bound(points, query.from, {}, &Series::Point::second);
    for (; first != points.end() && first->second < query.to; ++first) {
      auto place = static_cast<std::size_t>((first->second - query.from) / query.step);
      if (kind == SeriesKind::histogram) {
        if (auto h = Histogram::decode(first->histogram); h.ok()) histograms[place].merge(*h);
      } else if (kind == SeriesKind::gauge || std::isnan(values[place])) {
        values[place] = first->value;
      } else {
        values[place] += first->value;
      }
    }
  }

  std::vector<double> folded(const SeriesQuery& query) && {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (kind == SeriesKind::histogram) {
        values[i] = fold_histogram(histograms[i], query.fold, query.step);
      } else if (query.fold == Fold::rate && kind == SeriesKind::counter) {
        values[i] /= static_cast<double>(query.step);
      }
    }
    return std::move(values);
  }
};

bool matches(const SeriesKey& key, const SeriesQuery& query) {
  if (key.name != query.name) return false;
  for (auto& [label, value] : query.labels) {
    if (key.label(label) != value) return false;
  }
  return true;
}

}  // namespace

class SeriesStore::Files {
 public:
  Files(SeriesStore& store, const SeriesOptions& options)
      : store(store),
        seconds(store.world_.disk, store.log_, options.folder, "second", 3600, options.raw_kept),
        minutes(store.world_.disk, store.log_, options.folder, "minute", 86400,
                options.minutes_kept) {}

  Deferred<void> flush_forever() {
    for (int turn = 1;; ++turn) {
      co_await store.world_.clock.after(1s);
      auto done = co_await flush(turn % 10 == 0).result();
      if (!done.ok() && done.error().is(Code::cancelled)) co_return;  // close() writes the rest
      if (done.ok() != healthy) {
        healthy = done.ok();
        if (healthy) {
          store.log_.info("series are written to disk again");
        } else {
          store.log_.error("series are not written to disk; they stay in memory",
                           {{"error", done.error()}});
        }
      }
    }
  }

  Deferred<void> flush(bool sync) {
    std::int64_t now = store.now_second();
    note_minutes(now);
    co_await seconds.flush(now);
    co_await minutes.flush(now);
    if (!sync) co_return;
    co_await seconds.sync();
    co_await minutes.sync();
  }

  /// Once a minute is over, its merged points go to the files that are kept for long.
  void note_minutes(std::int64_t now) {
    std::int64_t minute = now - now % 60;
    if (minute == last_minute) return;
    std::int64_t over = std::exchange(last_minute, minute);
    if (over == 0) return;
    for (auto& [text, series] : store.series_) {
      auto& points = series->level_for(0, 60, now).points;
      auto found = std::ranges::lower_bound(points, over, {}, &Series::Point::second);
      if (found != points.end() && found->second == over) minutes.append(*series, *found);
    }
  }

  SeriesStore& store;
  SeriesFiles seconds;
  SeriesFiles minutes;
  std::int64_t last_minute = 0;
  bool healthy = true;
  Scope scope;
};

SeriesStore::SeriesStore(World& world, Log log, SeriesOptions options)
    : world_(world),
      log_(log),
      options_(std::move(options)),
      files_(std::make_unique<Files>(*this, options_)) {}

SeriesStore::~SeriesStore() = default;

std::int64_t SeriesStore::now_second() const {
  return world_.clock.wall().nanoseconds / 1'000'000'000;
}

Deferred<void> SeriesStore::open() {
  co_await world_.disk.make_durable_folder(options_.folder);
  std::int64_t now = now_second();
  std::int64_t raw_begin = now - options_.raw_kept;
  co_await files_->minutes.read(now, [&](auto& key, SeriesKind kind, const Series::Point& point) {
    Series* series = find_or_make(key, kind);
    if (series && point.second < raw_begin) series->add_minute(point);
  });
  co_await files_->seconds.read(now, [&](auto& key, SeriesKind kind, const Series::Point& point) {
    Series* series = find_or_make(key, kind);
    if (series && point.second >= raw_begin) series->add(point);
  });
  files_->scope.add(files_->flush_forever());
}

Deferred<void> SeriesStore::close() {
  co_await files_->scope.close();
  co_await files_->flush(true);
}

Series* SeriesStore::find_or_make(const SeriesKey& key, SeriesKind kind) {
  std::string text = key.text();
  auto found = series_.find(text);
  if (found != series_.end()) return found->second->kind() == kind ? found->second.get() : nullptr;
  if (series_.size() >= options_.series_max) {
    if (refused_++ == 0) {
      log_.warning("there are too many series; new ones are refused",
                   {{"series_max", options_.series_max}, {"first", text}});
    }
    return nullptr;
  }
  return series_.emplace(text, std::make_unique<Series>(key, kind)).first->second.get();
}

void SeriesStore::add(Series& series, std::int64_t second, double value) {
  Series::Point point{second, value, {}};
  series.add(point);
  files_->seconds.append(series, point);
}

void SeriesStore::add(Series& series, std::int64_t second, const Histogram& histogram) {
  Series::Point point{second, 0, {}};
  histogram.encode(point.histogram);
  series.add(point);
  files_->seconds.append(series, point);
}

Result<std::vector<SeriesAnswer>> SeriesStore::query(const SeriesQuery& query) const {
  if (query.step < 1 || query.to <= query.from) {
    return Error(Code::invalid, "a query needs a step of at least 1 s and an end after its begin");
  }
  if (static_cast<std::size_t>((query.to - query.from) / query.step) > query_points_max) {
    return Error(Code::invalid, "more than " + std::to_string(query_points_max) +
                                    " points a series; ask for a larger step");
  }
  std::map<std::string, Gathered> groups;
  for (auto& [text, series] : series_) {
    if (!matches(series->key(), query)) continue;
    std::string group = query.by.empty() ? text : std::string();
    for (auto& label : query.by) group += std::string(series->key().label(label)) + '\0';
    auto [place, fresh] = groups.try_emplace(group);
    if (fresh && query.by.empty()) place->second.labels = series->key().labels;
    if (fresh) {
      for (auto& label : query.by) place->second.labels[label] = series->key().label(label);
    }
    place->second.add(*series, query, now_second());
  }
  std::vector<SeriesAnswer> answers;
  for (auto& [group, gathered] : groups) {
    answers.push_back({gathered.labels, {}});
    answers.back().points = std::move(gathered).folded(query);
  }
  return answers;
}

std::vector<const SeriesKey*> SeriesStore::keys(std::string_view name) const {
  std::vector<const SeriesKey*> found;
  for (auto& [text, series] : series_) {
    if (series->key().name.starts_with(name)) found.push_back(&series->key());
  }
  return found;
}

void SeriesStore::each(const std::function<void(const Series&)>& visit) const {
  for (auto& [text, series] : series_) visit(*series);
}

const Series* SeriesStore::find(const SeriesKey& key) const {
  auto found = series_.find(key.text());
  return found == series_.end() ? nullptr : found->second.get();
}

}  // namespace berth::observe
