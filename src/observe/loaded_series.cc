#include "observe/loaded_series.h"

#include <cmath>
#include <limits>

namespace berth::observe {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

double fold_histogram(const Histogram& h, Fold fold, double scale, std::int64_t step) {
  if (h.empty()) return nothing;
  auto quantile = [&](double q) { return static_cast<double>(h.quantile(q)) * scale; };
  switch (fold) {
    case Fold::value:
    case Fold::count:
      return static_cast<double>(h.count());
    case Fold::rate:
      return static_cast<double>(h.count()) / static_cast<double>(step);
    case Fold::mean:
      return h.mean() * scale;
    case Fold::p50:
      return quantile(0.5);
    case Fold::p90:
      return quantile(0.9);
    case Fold::p99:
      return quantile(0.99);
    case Fold::max:
      return static_cast<double>(h.max()) * scale;
  }
  return nothing;
}

/// Collects the points of all series that go into one answer, interval by interval.
class Gathered {
 public:
  explicit Gathered(const SeriesQuery& query)
      : query_(query),
        values_(static_cast<std::size_t>((query.to - query.from + query.step - 1) / query.step),
                nothing) {}

  std::map<std::string, std::string, std::less<>> labels;

  /// What a counter grew by goes to the second whose end its sample tells; the first sample is
  /// where it starts from.
  void add_counter(const std::vector<promql::Sample>& samples) {
    for (std::size_t i = 1; i < samples.size(); ++i) {
      double before = samples[i - 1].value;
      double grown = samples[i].value - (samples[i].value < before ? 0 : before);
      double* value = grown > 0 ? at((samples[i].time - 1) / 1000) : nullptr;
      if (value) *value = std::isnan(*value) ? grown : *value + grown;
    }
  }
  void add_gauge(const std::vector<promql::Sample>& samples) {
    for (auto& sample : samples) {
      if (double* value = at(sample.time / 1000)) *value = sample.value;
    }
  }
  void add(const SketchSeries& series) {
    histograms_.resize(values_.size());
    scale_ = series.scale;
    for (auto& point : series.points) {
      double* value = at((point.time - 1) / 1000);
      if (value)
        histograms_[static_cast<std::size_t>(value - values_.data())].merge(
            sketch_of(point.sketch));
    }
  }

  std::vector<double> folded(bool counter) && {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (!histograms_.empty()) {
        values_[i] = fold_histogram(histograms_[i], query_.fold, scale_, query_.step);
      } else if (counter && query_.fold == Fold::rate) {
        values_[i] /= static_cast<double>(query_.step);
      }
    }
    return std::move(values_);
  }

 private:
  double* at(std::int64_t second) {
    if (second < query_.from || second >= query_.to) return nullptr;
    return &values_[static_cast<std::size_t>((second - query_.from) / query_.step)];
  }

  const SeriesQuery& query_;
  std::vector<double> values_;
  std::vector<Histogram> histograms_;
  double scale_ = 1;
};

/// Which series a query means, and how they are grouped.
class Grouping {
 public:
  explicit Grouping(const SeriesQuery& query)
      : query_(query), metric_(find_metric(query.name)), name_(metric_name_of(query.name)) {}

  bool counter() const { return metric_ && metric_->kind == SeriesKind::counter; }

  /// Null if it is not meant.
  Gathered* group_of(const promql::Labels& labels) {
    if (!accepts(labels)) return nullptr;
    std::string group;
    for (auto& name : query_.by) group += std::string(labels.value(name)) + '\0';
    if (query_.by.empty()) group = labels.key();
    auto [place, fresh] = groups_.try_emplace(std::move(group), query_);
    Gathered& gathered = place->second;
    if (fresh && query_.by.empty()) {
      for (auto& label : labels) {
        bool hidden = label.name == promql::metric_name || label.name == "berth_name";
        if (!hidden) gathered.labels[label.name] = label.value;
      }
    }
    for (auto& name : query_.by) gathered.labels[name] = labels.value(name);
    return &gathered;
  }

  std::vector<SeriesAnswer> answers() && {
    std::vector<SeriesAnswer> all;
    for (auto& [group, gathered] : groups_) {
      auto labels = std::move(gathered.labels);
      all.push_back({std::move(labels), std::move(gathered).folded(counter())});
    }
    return all;
  }

 private:
  bool accepts(const promql::Labels& labels) const {
    if (labels.value(promql::metric_name) != (metric_ ? metric_->name : name_)) return false;
    if (metric_ && labels.size() != metric_->labels + 1) return false;
    if (!metric_ && labels.has("berth_name") != (name_ != query_.name)) return false;
    for (auto& [label, value] : query_.labels) {
      if (labels.value(label) != value) return false;
    }
    return true;
  }

  const SeriesQuery& query_;
  const MetricName* metric_;
  std::string name_;
  std::map<std::string, Gathered> groups_;
};

}  // namespace

Result<std::vector<SeriesAnswer>> LoadedSeries::query(const SeriesQuery& query) const {
  if (query.step < 1 || query.to <= query.from) {
    return Error(Code::invalid, "a query needs a step of at least 1 s and an end after its begin");
  }
  if (static_cast<std::size_t>((query.to - query.from) / query.step) > query_points_max) {
    return Error(Code::invalid, "more than " + std::to_string(query_points_max) +
                                    " points a series; ask for a larger step");
  }
  Grouping grouping(query);
  for (auto& series : samples_) {
    Gathered* group = grouping.group_of(series.labels);
    if (!group) continue;
    grouping.counter() ? group->add_counter(series.samples) : group->add_gauge(series.samples);
  }
  for (auto& series : sketches_) {
    if (Gathered* group = grouping.group_of(series.labels)) group->add(series);
  }
  return std::move(grouping).answers();
}

}  // namespace berth::observe
