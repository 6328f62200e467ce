#include "observe/kept_series.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

namespace berth::observe {
namespace {

using promql::Label;
using promql::Labels;
using promql::Sample;
using promql::SampleSeries;
using promql::Selection;

struct Exported {
  std::string_view kept;
  std::string_view name;
  std::string_view unit;
  double scale;
  std::string_view help;
};

constexpr double nanoseconds = 1e-9;
constexpr Exported exports[] = {
    {"latency", "berth_request_duration_seconds", "seconds", nanoseconds,
     "How long requests to a service took."},
    {"path_latency", "berth_path_duration_seconds", "seconds", nanoseconds,
     "How long requests to a service's path took."},
    {"call_latency", "berth_call_duration_seconds", "seconds", nanoseconds,
     "How long requests from one service to another took."},
    {"requests", "berth_requests_total", "", 1, "Requests to a service, by status."},
    {"path_requests", "berth_path_requests_total", "", 1,
     "Requests to a service's path, by status."},
    {"call_errors", "berth_call_errors_total", "", 1,
     "Requests from one service to another that failed."},
    {"bytes_in", "berth_bytes_in_total", "bytes", 1, "Bytes of requests to a service."},
    {"bytes_out", "berth_bytes_out_total", "bytes", 1, "Bytes of a service's answers."},
    {"retries", "berth_retries_total", "", 1, "Requests to a service that were sent again."},
    {"queued_nanoseconds", "berth_queued_seconds_total", "seconds", nanoseconds,
     "How long requests to a service waited for an instance."},
    {"log_lines", "berth_log_lines_total", "", 1, "Lines of a service's log, by level."},
};
/// The exact sums behind berth_requests_total, which are no series of their own.
constexpr std::string_view sums = "requests_total";

const Exported* exported(std::string_view kept) {
  auto found = std::ranges::find(exports, kept, &Exported::kept);
  return found == std::end(exports) ? nullptr : found;
}

/// A bucket's bound in nanoseconds; each power of two from 65 µs to 69 s, and the middle between
/// two: bounds that the kept distributions have exactly.
std::uint64_t bucket_bound(std::size_t bucket) {
  std::uint64_t power = std::uint64_t{1} << (16 + bucket / 2);
  return bucket % 2 == 0 ? power : power + power / 2;
}
constexpr std::size_t buckets = 41;

std::string bound_text(std::uint64_t bound) {
  std::string text = fmt::format("{}.{:09}", bound / 1'000'000'000, bound % 1'000'000'000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text += '0';
  return text;
}

std::vector<Label> labels_of(const SeriesKey& key) {
  std::vector<Label> labels;
  for (auto& [name, value] : key.labels) labels.push_back({metric_name_of(name), value});
  return labels;
}

Labels named(std::vector<Label> labels, std::string name) {
  labels.push_back({std::string(promql::metric_name), std::move(name)});
  return Labels(std::move(labels));
}

/// What is asked for, in the seconds in which points are kept.
struct Window {
  std::int64_t from;
  std::int64_t to;
  std::int64_t step;  // of the level
};

/// Makes a growing counter of what was counted in each interval: `value_of` adds one point to the
/// sum. A sample at each interval's end in the window, and one of the beginning at the first
/// point's begin.
template <class AddPoint>
std::vector<Sample> growing(const std::deque<Series::Point>& points, const Window& window,
                            double base, AddPoint add_point) {
  std::vector<Sample> samples;
  if (points.empty()) return samples;
  std::int64_t first = points.front().second;
  std::int64_t begin = window.from - (window.from % window.step + window.step) % window.step;
  double sum = base;
  auto next = points.begin();
  for (std::int64_t at = std::max(first, begin); at <= window.to; at += window.step) {
    for (; next != points.end() && next->second < at; ++next) add_point(sum, *next);
    if (at >= window.from) samples.push_back({at * 1000, sum});
  }
  return samples;
}

class Finding {
 public:
  Finding(const SeriesStore& store, const Selection& selection, std::size_t samples_max,
          bool samples, std::int64_t now)
      : store_(store),
        selection_(selection),
        samples_max_(samples_max),
        wants_samples_(samples),
        now_(now) {}

  void note(const Series& series) {
    if (series.key().name == sums) return;
    switch (series.kind()) {
      case SeriesKind::counter:
        return note_counter(series);
      case SeriesKind::gauge:
        return note_gauge(series);
      case SeriesKind::histogram:
        return note_histogram(series);
    }
  }

  Result<std::vector<SampleSeries>> take() {
    if (count_ > samples_max_) {
      return Error(Code::overloaded,
                   "query processing would load too many samples into memory in query execution");
    }
    return std::move(out_);
  }

 private:
  const Series::Level& level(const Series& series) const {
    return series.level_for(selection_.from / 1000, 1, now_);
  }
  Window window(const Series::Level& level) const {
    std::int64_t from = std::max<std::int64_t>(selection_.from, 0);
    return {(from + 999) / 1000, std::min(selection_.to / 1000, now_), level.step};
  }
  void add(Labels labels, std::vector<Sample> samples) {
    count_ += samples.size();
    if (count_ > samples_max_) samples.clear();  // take() refuses
    out_.push_back({std::move(labels), std::move(samples)});
  }

  void note_counter(const Series& series) {
    auto* as = exported(series.key().name);
    std::string name = as ? std::string(as->name) : metric_name_of(series.key().name) + "_total";
    Labels labels = named(labels_of(series.key()), std::move(name));
    if (!selection_.accepts(labels)) return;
    if (!wants_samples_) return add(std::move(labels), {});
    double scale = as ? as->scale : 1;
    auto& kept = level(series);
    auto add_point = [&](double& sum, const Series::Point& point) { sum += point.value * scale; };
    add(std::move(labels), growing(kept.points, window(kept), base_of(series, kept), add_point));
  }

  /// What had been counted before the first kept point, where that is known exactly.
  double base_of(const Series& series, const Series::Level& kept) const {
    if (series.key().name != "requests") return 0;
    const Series* total = store_.find({std::string(sums), series.key().labels});
    if (!total) return 0;
    auto& exact = level(*total).points;
    if (exact.empty()) return 0;
    double base = exact.back().value;
    for (auto& point : kept.points) base -= point.value;
    return std::max(base, 0.0);
  }

  void note_gauge(const Series& series) {
    std::vector<Label> labels = labels_of(series.key());
    std::string name = metric_name_of(series.key().name);
    if (name != series.key().name) labels.push_back({"berth_name", series.key().name});
    Labels all = named(std::move(labels), std::move(name));
    if (series.newest() * 1000 < selection_.from || !selection_.accepts(all)) return;
    std::vector<Sample> samples;
    if (wants_samples_) {
      for (auto& point : level(series).points) {
        std::int64_t time = point.second * 1000;
        bool within = time >= selection_.from && time <= selection_.to;
        if (within) samples.push_back({time, point.value});
      }
    }
    add(std::move(all), std::move(samples));
  }

  void note_histogram(const Series& series) {
    auto* as = exported(series.key().name);
    std::string name = as ? std::string(as->name) : metric_name_of(series.key().name);
    double scale = as ? as->scale : 1;
    std::vector<Label> labels = labels_of(series.key());
    auto& kept = level(series);
    auto add_part = [&](Labels all, auto value_of) {
      if (!selection_.accepts(all)) return;
      if (!wants_samples_) return add(std::move(all), {});
      auto add_point = [&](double& sum, const Series::Point& point) {
        if (auto h = Histogram::decode(point.histogram); h.ok()) sum += value_of(*h);
      };
      add(std::move(all), growing(kept.points, window(kept), 0, add_point));
    };
    add_part(named(labels, name + "_count"),
             [](const Histogram& h) { return static_cast<double>(h.count()); });
    add_part(named(labels, name + "_sum"),
             [&](const Histogram& h) { return static_cast<double>(h.sum()) * scale; });
    if (!may_be(name + "_bucket")) return;
    note_buckets(labels, name + "_bucket", kept);
  }

  bool may_be(const std::string& name) const {
    return std::ranges::all_of(selection_.matchers, [&](const promql::Matcher& matcher) {
      return matcher.name() != promql::metric_name || matcher.accepts(name);
    });
  }

  /// Each distribution is decoded once for all buckets.
  void note_buckets(const std::vector<Label>& labels, const std::string& name,
                    const Series::Level& kept) {
    std::vector<Histogram> decoded;
    auto decode = [&] {  // not before a bucket is wanted: others ask for another service
      if (decoded.size() == kept.points.size()) return;
      for (auto& point : kept.points) {
        decoded.push_back(Histogram::decode(point.histogram).value_or({}));
      }
    };
    for (std::size_t bucket = 0; bucket <= buckets; ++bucket) {
      bool last = bucket == buckets;
      std::uint64_t bound = bucket_bound(bucket);
      std::vector<Label> with_bound = labels;
      with_bound.push_back({"le", last ? "+Inf" : bound_text(bound)});
      Labels all = named(std::move(with_bound), name);
      if (!selection_.accepts(all)) continue;
      if (!wants_samples_) {
        add(std::move(all), {});
        continue;
      }
      decode();
      std::size_t next = 0;
      auto counted = [&](double& sum, const Series::Point&) {
        const Histogram& h = decoded[next++];
        sum += static_cast<double>(last ? h.count() : h.count_up_to(bound - 1));
      };
      add(std::move(all), growing(kept.points, window(kept), 0, counted));
      if (count_ > samples_max_) return;
    }
  }

  const SeriesStore& store_;
  const Selection& selection_;
  const std::size_t samples_max_;
  const bool wants_samples_;
  const std::int64_t now_;
  std::size_t count_ = 0;
  std::vector<SampleSeries> out_;
};

}  // namespace

std::string metric_name_of(std::string_view name) {
  std::string out;
  for (char c : name) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    bool digit = c >= '0' && c <= '9';
    if (digit && out.empty()) out += '_';
    out += letter || digit ? c : '_';
  }
  return out.empty() ? "_" : out;
}

Result<std::vector<SampleSeries>> KeptSeries::found(const Selection& selection,
                                                    std::size_t samples_max, bool samples) const {
  std::int64_t now = clock_.wall().nanoseconds / 1'000'000'000;
  Finding finding(store_, selection, samples_max, samples, now);
  store_.each([&](const Series& series) { finding.note(series); });
  return finding.take();
}

Deferred<std::vector<SampleSeries>> KeptSeries::select(Selection selection,
                                                       std::size_t samples_max) {
  co_return co_await or_return(found(selection, samples_max, true));
}

Deferred<std::vector<Labels>> KeptSeries::label_sets(Selection selection) {
  auto series = co_await or_return(found(selection, 0, false));
  std::vector<Labels> labels;
  for (auto& each : series) labels.push_back(std::move(each.labels));
  co_return labels;
}

std::vector<MetricAbout> KeptSeries::about() const {
  std::vector<MetricAbout> out;
  for (auto& each : exports) {
    bool histogram = each.kept.ends_with("latency");
    out.push_back({std::string(each.name), histogram ? "histogram" : "counter",
                   std::string(each.help), std::string(each.unit)});
  }
  return out;
}

}  // namespace berth::observe
