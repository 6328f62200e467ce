#include "observe/all_series.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "observe/metric_names.h"

namespace berth::observe {
namespace {

using promql::Labels;
using promql::Matcher;
using promql::SampleSeries;
using promql::Selection;

constexpr std::string_view bucket_suffix = "_bucket";

/// A bucket's bound in what was recorded; each power of two from 2^16 (65 µs) to 2^36 (69 s), and
/// the middle between two: bounds that the kept distributions have exactly.
std::uint64_t bucket_bound(std::size_t bucket) {
  std::uint64_t power = std::uint64_t{1} << (16 + bucket / 2);
  return bucket % 2 == 0 ? power : power + power / 2;
}
constexpr std::size_t buckets = 41;

/// In the metric's unit, exactly for nanoseconds in seconds.
std::string bound_text(std::uint64_t bound, double scale) {
  if (scale != 1e-9) return fmt::format("{}", static_cast<double>(bound) * scale);
  std::string text = fmt::format("{}.{:09}", bound / 1'000'000'000, bound % 1'000'000'000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text += '0';
  return text;
}

/// The distributions whose buckets are meant; nothing if none can be.
std::optional<Selection> distributions_of(const Selection& selection) {
  Selection out{{}, selection.from, selection.to, selection.step};
  for (auto& each : selection.matchers) {
    if (each.name() == "le") continue;
    if (each.name() != promql::metric_name) {
      out.matchers.push_back(each);
      continue;
    }
    if (each.kind() != Matcher::Kind::equal) continue;  // buckets are held to it
    std::string_view name = each.value();
    if (!name.ends_with(bucket_suffix)) return std::nullopt;
    name.remove_suffix(bucket_suffix.size());
    out.matchers.push_back(Matcher::equal(promql::metric_name, name));
  }
  return out;
}

/// The label sets of one distribution's buckets that are meant, by their place.
std::vector<std::pair<std::size_t, Labels>> buckets_of(const Labels& of, double scale,
                                                       const Selection& selection) {
  std::vector<std::pair<std::size_t, Labels>> out;
  std::string name = std::string(of.value(promql::metric_name)) + std::string(bucket_suffix);
  Labels named = of.with(promql::metric_name, name);
  auto of_name = [&](auto& each) {
    return each.name() != promql::metric_name || each.accepts(name);
  };
  if (!std::ranges::all_of(selection.matchers, of_name)) return out;
  for (std::size_t bucket = 0; bucket <= buckets; ++bucket) {
    Labels labels =
        named.with("le", bucket == buckets ? "+Inf" : bound_text(bucket_bound(bucket), scale));
    if (selection.accepts(labels)) out.emplace_back(bucket, std::move(labels));
  }
  return out;
}

double count_in(const Histogram& h, std::size_t bucket) {
  return static_cast<double>(bucket == buckets ? h.count()
                                               : h.count_up_to(bucket_bound(bucket) - 1));
}

/// What the buckets had counted at each time.
std::vector<SampleSeries> counted(const SketchSeries& series,
                                  std::vector<std::pair<std::size_t, Labels>> wanted,
                                  const std::vector<std::int64_t>& times) {
  std::vector<SampleSeries> out;
  std::vector<double> sums;
  for (auto& [bucket, labels] : wanted) {
    sums.push_back(count_in(series.before, bucket));
    out.push_back({std::move(labels), {}});
  }
  auto next = series.points.begin();
  for (std::int64_t time : times) {
    for (; next != series.points.end() && next->time <= time; ++next) {
      Histogram h = sketch_of(next->sketch);
      for (std::size_t i = 0; i < out.size(); ++i) sums[i] += count_in(h, wanted[i].first);
    }
    for (std::size_t i = 0; i < out.size(); ++i) out[i].samples.push_back({time, sums[i]});
  }
  return out;
}

}  // namespace

Deferred<std::vector<SampleSeries>> AllSeries::select(Selection selection,
                                                      std::size_t samples_max) {
  auto all = co_await store_.select(selection, samples_max);
  for (auto& series : all) samples_max -= std::min(samples_max, series.samples.size());
  auto of = distributions_of(selection);
  if (!of) co_return all;
  auto sketches = co_await store_.select_sketches(*of, samples_max);
  for (auto& series : sketches) {
    auto wanted = buckets_of(series.labels, series.scale, selection);
    if (wanted.empty()) continue;
    // At the times of its count, which goes on while nothing is recorded.
    Selection count{{}, selection.from, selection.to, selection.step};
    std::string name = std::string(series.labels.value(promql::metric_name)) + "_count";
    Labels labels = series.labels.with(promql::metric_name, name);
    for (auto& label : labels) {
      count.matchers.push_back(Matcher::equal(label.name, label.value));
    }
    auto counts = co_await store_.select(std::move(count), samples_max);
    std::vector<std::int64_t> times;
    for (auto& each : counts) {
      if (each.labels != labels) continue;
      for (auto& sample : each.samples) times.push_back(sample.time);
    }
    if (counts.empty()) {
      for (auto& point : series.points) times.push_back(point.time);
    }
    if (times.size() * wanted.size() > samples_max) co_return promql::too_many_samples();
    samples_max -= times.size() * wanted.size();
    for (auto& each : counted(series, std::move(wanted), times)) {
      if (!each.samples.empty()) all.push_back(std::move(each));
    }
  }
  co_return all;
}

Deferred<std::vector<Labels>> AllSeries::label_sets(Selection selection) {
  auto all = co_await store_.label_sets(selection);
  auto of = distributions_of(selection);
  if (!of) co_return all;
  for (auto& series : co_await store_.select_sketches(*of, SIZE_MAX)) {
    if (series.points.empty() && series.before.empty()) continue;
    for (auto& [bucket, labels] : buckets_of(series.labels, series.scale, selection)) {
      all.push_back(std::move(labels));
    }
  }
  co_return all;
}

std::vector<MetricAbout> AllSeries::about() const {
  std::vector<MetricAbout> out;
  for (auto& each : metric_names()) {
    std::string type = each.kind == SeriesKind::distribution ? "histogram"
                       : each.kind == SeriesKind::counter    ? "counter"
                                                             : "gauge";
    out.push_back(
        {std::string(each.name), std::move(type), std::string(each.help), std::string(each.unit)});
  }
  auto noted = store_.about();
  out.insert(out.end(), noted.begin(), noted.end());
  return out;
}

}  // namespace berth::observe
