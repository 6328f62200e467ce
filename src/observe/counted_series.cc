#include "observe/counted_series.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "async/clock.h"
#include "observe/samples/rollup.h"

namespace berth::observe {
namespace {

constexpr std::size_t samples_max = 20'000'000;  // of one load
// A counter's value before a range is at most so far from its begin, in seconds.
constexpr std::int64_t before_recent = 40;
constexpr std::int64_t before_old = 660;
// What is longer ago may be in memory by the second, but is in most cases not.
constexpr std::int64_t seconds_kept = 3 * 3600;

std::int64_t end_of(std::int64_t second) { return (second + 1) * 1000; }

promql::Labels labels_of(const SeriesKey& key, std::string name) {
  std::vector<promql::Label> labels;
  for (auto& [label, value] : key.labels) labels.push_back({label, value});
  labels.push_back({std::string(promql::metric_name), std::move(name)});
  return promql::Labels(std::move(labels));
}

}  // namespace

std::shared_ptr<CountedSeries::Counted> CountedSeries::made(const SeriesKey& key,
                                                            const MetricName& metric) const {
  auto counted = std::make_shared<Counted>();
  counted->key = key;
  counted->metric = &metric;
  std::string name(metric.name);
  if (metric.kind != SeriesKind::distribution) {
    counted->number.labels = labels_of(key, std::move(name));
    return counted;
  }
  counted->number.labels = labels_of(key, name + "_count");
  counted->sum_of.labels = labels_of(key, name + "_sum");
  counted->sketch.labels = labels_of(key, name).with(sketch_label, fmt::format("{}", metric.scale));
  return counted;
}

std::optional<double> CountedSeries::last_of(const promql::Labels& labels) const {
  HeadSeries* found = store_.index().find(labels);
  if (!found || found->chunks.empty()) return std::nullopt;
  double last = found->chunks.newest().last_value();
  return std::isnan(last) ? std::nullopt : std::optional(last);
}

/// True if the store has it from before.
bool CountedSeries::take_over(Counted& counted) const {
  auto total = last_of(counted.number.labels);
  if (!total) return false;
  counted.total = *total;
  counted.sum = last_of(counted.sum_of.labels).value_or(0);
  return true;
}

void CountedSeries::resume() {
  std::int64_t now = world_.clock.wall().nanoseconds / 1'000'000'000;
  store_.index().each([&](const HeadSeries& series) {
    std::string_view name = series.labels.value(promql::metric_name);
    if (series.chunks.empty() || !name.starts_with("berth_")) return;
    if (name.ends_with("_count")) name.remove_suffix(6);
    const MetricName* metric = find_metric_called(name);
    if (!metric || series.labels.size() != metric->labels + 1) return;
    SeriesKey key{std::string(metric->short_name), {}};
    for (auto& label : series.labels) {
      if (label.name != promql::metric_name) key.labels[label.name] = label.value;
    }
    auto counted = made(key, *metric);
    if (counted->number.labels != series.labels || !take_over(*counted)) return;
    counted->changed = now;
    series_.emplace(key.text(), std::move(counted));
  });
  looked_ = now;
  for (auto& [text, counted] : series_) {
    write(*counted, now * 1000);  // from here it goes on
    wait_for_beat(*counted);
  }
}

std::shared_ptr<CountedSeries::Counted> CountedSeries::find_or_make(const SeriesKey& key,
                                                                    std::int64_t second) {
  std::string text = key.text();
  auto found = series_.find(text);
  if (found != series_.end()) return found->second;
  const MetricName* metric = find_metric(key.name);
  check(metric != nullptr, "only what has a name of its own is counted");
  auto counted = made(key, *metric);
  bool gauge = metric->kind == SeriesKind::gauge;
  // It begins at 0, or where it rested, so that what is counted first is seen to have been.
  bool fresh = !take_over(*counted) && !gauge;
  bool refused = fresh && !write(*counted, second * 1000);
  if (refused && !store_.index().find(counted->number.labels)) return nullptr;  // too many
  wait_for_beat(*counted);
  series_.emplace(std::move(text), counted);
  return counted;
}

void CountedSeries::note_refused(const Error& error) {
  if (refused_++ == 0) log_.warning("what was counted is not kept", {{"error", error}});
}

bool CountedSeries::append(Kept& kept, std::int64_t time, double value) {
  auto added = store_.add(kept.labels, kept.number, {time, value});
  if (!added.ok()) note_refused(added.error());
  return added.ok();
}

bool CountedSeries::write(Counted& counted, std::int64_t time) {
  bool done = append(counted.number, time, counted.total);
  if (done && !counted.sum_of.labels.empty()) append(counted.sum_of, time, counted.sum);
  if (done) counted.written = time / 1000;
  return done;
}

void CountedSeries::count(const SeriesKey& key, double value, std::int64_t second) {
  Place place;
  count(place, [&] { return key; }, value, second);
}

void CountedSeries::count(Counted& counted, double value, std::int64_t second) {
  counted.total += value;
  counted.changed = second;
  write(counted, end_of(second));
}

void CountedSeries::set(const SeriesKey& key, double value, std::int64_t second) {
  auto counted = find_or_make(key, second);
  if (!counted) return;
  counted->total = value;
  counted->changed = second;
  write(*counted, end_of(second));
}

void CountedSeries::record(const SeriesKey& key, const Histogram& recorded, std::int64_t second) {
  Place place;
  record(place, [&] { return key; }, recorded, second);
}

void CountedSeries::record(Counted& counted, const Histogram& recorded, std::int64_t second) {
  auto added = store_.add(counted.sketch.labels, counted.sketch.number, end_of(second), recorded);
  if (!added.ok()) return note_refused(added.error());
  counted.total += static_cast<double>(recorded.count());
  counted.sum += static_cast<double>(recorded.sum()) * counted.metric->scale;
  counted.changed = counted.sketch_written = second;
  write(counted, end_of(second));
}

void CountedSeries::wait_for_beat(Counted& counted) {
  std::int64_t due = std::clamp(counted.written + beat_every, looked_ + 1, looked_ + beat_every);
  beats_[static_cast<std::size_t>(due % beat_every)].push_back(&counted);
}

void CountedSeries::end_second(std::int64_t second) {
  std::int64_t from = std::max(looked_, second + 1 - beat_every) + 1;
  looked_ = second + 1;
  for (std::int64_t due = from; due <= looked_; ++due) {
    auto& slot = beats_[static_cast<std::size_t>(due % beat_every)];
    for (Counted* counted : std::exchange(slot, {})) beat(*counted, second);
  }
}

void CountedSeries::beat(Counted& counted, std::int64_t second) {
  bool due = second + 1 - counted.written >= beat_every;
  bool for_ever = counted.metric->kind == SeriesKind::gauge || counted.key.name == "requests";
  if (due && !for_ever && second - counted.changed > idle_max) {
    counted.rested = true;
    series_.erase(counted.key.text());
    return;
  }
  if (due) write(counted, end_of(second));
  bool of_distribution = !counted.sketch.labels.empty();
  if (due && of_distribution && second - counted.sketch_written >= sketch_beat_every) {
    Histogram nothing;
    auto added = store_.add(counted.sketch.labels, counted.sketch.number, end_of(second), nothing);
    if (added.ok()) counted.sketch_written = second;
  }
  wait_for_beat(counted);
}

std::optional<double> CountedSeries::newest(const SeriesKey& key) const {
  auto found = series_.find(key.text());
  if (found == series_.end()) return std::nullopt;
  return found->second->total;
}

void CountedSeries::each_sum(std::string_view short_name,
                             const std::function<void(const SeriesKey&, double)>& visit) const {
  for (auto& [text, counted] : series_) {
    if (counted->key.name == short_name) visit(counted->key, counted->total);
  }
}

std::int64_t CountedSeries::resolution(std::int64_t from) const {
  std::int64_t now = world_.clock.wall().nanoseconds / 1'000'000'000;
  bool by_second = from >= now - seconds_kept && from * 1000 >= store_.in_memory_since();
  if (by_second) return 1;
  std::int64_t rolled_up = now - store_.options().kept / 1000;
  return from >= rolled_up ? store_.options().thinned_to / 1000 : rollup_interval / 1000;
}

namespace {

/// One name's selection; distributions are selected alike.
promql::Selection selection_of(const std::string& name, const SeriesRange& range, bool old) {
  const MetricName* metric = find_metric(name);
  promql::Selection selection;
  selection.matchers.push_back(promql::Matcher::equal(
      promql::metric_name, metric ? std::string(metric->name) : metric_name_of(name)));
  if (!range.service.empty())
    selection.matchers.push_back(promql::Matcher::equal("service", range.service));
  bool grows = metric && metric->kind == SeriesKind::counter;
  std::int64_t before = grows ? (old ? before_old : before_recent) : 0;
  bool gauge = !metric || metric->kind == SeriesKind::gauge;
  selection.from = (range.from - before) * 1000 + (gauge ? 0 : 1);
  selection.to = range.to * 1000 - (gauge ? 1 : 0);
  return selection;
}

bool is_distribution(const std::string& name) {
  const MetricName* metric = find_metric(name);
  return metric && metric->kind == SeriesKind::distribution;
}

}  // namespace

LoadedSeries CountedSeries::recent(const SeriesRange& range) const {
  std::vector<promql::SampleSeries> samples;
  std::vector<SketchSeries> sketches;
  for (auto& name : range.names) {
    auto selection = selection_of(name, range, false);
    if (is_distribution(name)) {
      std::ranges::move(store_.recent_sketches(selection), std::back_inserter(sketches));
    } else {
      std::ranges::move(store_.recent(selection), std::back_inserter(samples));
    }
  }
  return {std::move(samples), std::move(sketches)};
}

Deferred<LoadedSeries> CountedSeries::load(SeriesRange range) const {
  std::vector<promql::SampleSeries> samples;
  std::vector<SketchSeries> sketches;
  bool old = resolution(range.from) * 1000 >= rollup_interval;
  for (auto& name : range.names) {
    auto selection = selection_of(name, range, old);
    if (is_distribution(name)) {
      auto found = co_await store_.select_sketches(std::move(selection), samples_max);
      std::ranges::move(found, std::back_inserter(sketches));
    } else {
      auto found = co_await store_.select(std::move(selection), samples_max);
      std::ranges::move(found, std::back_inserter(samples));
    }
  }
  co_return LoadedSeries(std::move(samples), std::move(sketches));
}

std::set<std::string> CountedSeries::event_names() const {
  std::set<std::string> names;
  store_.index().each([&](const HeadSeries& series) {
    std::string_view original = series.labels.value("berth_name");
    std::size_t labels = original.empty() ? 2 : 3;
    if (series.labels.size() != labels || !series.labels.has("host")) return;
    names.emplace(original.empty() ? series.labels.value(promql::metric_name) : original);
  });
  return names;
}

std::set<std::string> CountedSeries::label_values(std::string_view short_name,
                                                  std::string_view label) const {
  std::set<std::string> values;
  for (auto& [text, counted] : series_) {
    if (counted->key.name == short_name) values.emplace(counted->key.label(label));
  }
  return values;
}

}  // namespace berth::observe
