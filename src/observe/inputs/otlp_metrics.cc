#include "observe/inputs/otlp_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "observe/metric_names.h"

namespace berth::observe {
namespace {

using promql::Label;
using promql::Labels;

constexpr std::size_t buckets_max = 1000;  // of one point
constexpr int delta = 1;                   // AGGREGATION_TEMPORALITY_...
constexpr int cumulative = 2;

/// Units of UCUM as words (the specification's table); what is not in it stays as it is.
std::string_view word_of(std::string_view unit) {
  static constexpr std::pair<std::string_view, std::string_view> words[] = {
      {"d", "days"},          {"h", "hours"},         {"min", "minutes"},    {"s", "seconds"},
      {"ms", "milliseconds"}, {"us", "microseconds"}, {"ns", "nanoseconds"}, {"By", "bytes"},
      {"KiBy", "kibibytes"},  {"MiBy", "mebibytes"},  {"GiBy", "gibibytes"}, {"KBy", "kilobytes"},
      {"MBy", "megabytes"},   {"GBy", "gigabytes"},   {"m", "meters"},       {"V", "volts"},
      {"A", "amperes"},       {"J", "joules"},        {"W", "watts"},        {"g", "grams"},
      {"Cel", "celsius"},     {"Hz", "hertz"},        {"%", "percent"}};
  for (auto& [from, to] : words) {
    if (unit == from) return to;
  }
  return unit;
}

std::string name_of(const OtlpMetric& metric) {
  std::string name = metric_name_of(metric.name);
  std::string unit = metric.unit.starts_with('{') ? "" : std::string(word_of(metric.unit));
  bool gauge = metric.kind == OtlpMetric::Kind::gauge;
  if (unit == "1") unit = gauge ? "ratio" : "";
  unit = unit.empty() ? "" : metric_name_of(unit);
  if (!unit.empty() && !name.ends_with("_" + unit)) name += "_" + unit;
  bool growing = metric.kind == OtlpMetric::Kind::sum && metric.monotonic;
  if (growing && !name.ends_with("_total")) name += "_total";
  return name;
}

/// job and instance.
std::vector<Label> identity_of(const OtlpAttributes& attributes) {
  std::string space, name, instance;
  for (auto& [key, value] : attributes) {
    if (key == "service.namespace") space = otlp_text(value);
    if (key == "service.name") name = otlp_text(value);
    if (key == "service.instance.id") instance = otlp_text(value);
  }
  std::string job = space.empty() ? name : space + "/" + name;
  return {{"job", job}, {"instance", instance}};
}

/// The points of one metric, each as its samples.
class Giving {
 public:
  Giving(const OtlpMetric& metric, std::vector<Label> identity, const GiveSample& give)
      : metric_(metric), name_(name_of(metric)), identity_(std::move(identity)), give_(give) {}

  bool point(const OtlpPoint& point, std::int64_t time) {
    bool adds = metric_.kind != OtlpMetric::Kind::gauge &&
                metric_.kind != OtlpMetric::Kind::summary && metric_.temporality == delta;
    sample_ = {{}, time, 0, adds, static_cast<std::int64_t>(point.start / 1'000'000)};
    labels_ = identity_;
    for (auto& [key, value] : point.attributes) {
      labels_.push_back({metric_name_of(key), otlp_text(value)});
    }
    switch (metric_.kind) {
      case OtlpMetric::Kind::gauge:
      case OtlpMetric::Kind::sum:
        return point.value && std::isfinite(*point.value) && give("", {}, *point.value);
      case OtlpMetric::Kind::histogram:
        return histogram(point);
      case OtlpMetric::Kind::exponential:
        return exponential(point);
      case OtlpMetric::Kind::summary:
        return summary(point);
      default:
        return false;
    }
  }

 private:
  bool give(std::string_view end, std::vector<Label> more, double value) {
    std::vector<Label> all = labels_;
    all.insert(all.end(), more.begin(), more.end());
    all.push_back({std::string(promql::metric_name), name_ + std::string(end)});
    sample_.labels = Labels(std::move(all));
    sample_.value = value;
    return give_(sample_);
  }
  bool bucket(double bound, double count) {
    std::string le = std::isinf(bound) ? "+Inf" : fmt::format("{}", bound);
    return give("_bucket", {{"le", le}}, count);
  }
  bool count_and_sum(const OtlpPoint& point) {
    bool good = give("_count", {}, static_cast<double>(point.count));
    if (point.sum) good &= give("_sum", {}, *point.sum);
    return good;
  }
  bool histogram(const OtlpPoint& point) {
    bool fits = point.buckets.empty() || point.buckets.size() == point.bounds.size() + 1;
    if (!fits || point.bounds.size() > buckets_max) return false;
    bool good = count_and_sum(point);
    double sum = 0;
    for (std::size_t i = 0; i + 1 < point.buckets.size(); ++i) {
      sum += static_cast<double>(point.buckets[i]);
      good &= bucket(point.bounds[i], sum);
    }
    return good & bucket(INFINITY, static_cast<double>(point.count));
  }
  /// Bucket i holds what is above base^(offset+i) and at most base^(offset+i+1), where base is
  /// 2^(2^-scale); what is negative or zero stands below them all.
  bool exponential(const OtlpPoint& point) {
    if (point.positive.size() > buckets_max || std::abs(point.scale) > 40) return false;
    bool good = count_and_sum(point);
    double sum = static_cast<double>(point.zeros);
    for (std::uint64_t count : point.negative) sum += static_cast<double>(count);
    double step = std::exp2(-point.scale);
    if (!point.positive.empty()) {
      good &= bucket(std::exp2(step * point.positive_offset), sum);
    }
    for (std::size_t i = 0; i < point.positive.size(); ++i) {
      sum += static_cast<double>(point.positive[i]);
      double bound = std::exp2(step * (point.positive_offset + static_cast<double>(i) + 1));
      if (!std::isfinite(bound)) return false;
      good &= bucket(bound, sum);
    }
    return good & bucket(INFINITY, static_cast<double>(point.count));
  }
  bool summary(const OtlpPoint& point) {
    if (point.quantiles.size() > buckets_max) return false;
    bool good = count_and_sum(point);
    for (auto& [quantile, value] : point.quantiles) {
      if (std::isfinite(value)) give("", {{"quantile", fmt::format("{}", quantile)}}, value);
    }
    return good;
  }

  const OtlpMetric& metric_;
  const std::string name_;
  const std::vector<Label> identity_;
  const GiveSample& give_;
  std::vector<Label> labels_;
  OtlpSample sample_;
};

void reject(OtlpRejected& out, std::uint64_t points, const std::string& why) {
  if (points == 0) return;
  if (out.points == 0) out.why = why;
  out.points += points;
}

void give_target(const OtlpResource& resource, const std::vector<Label>& identity, std::int64_t now,
                 const GiveSample& give) {
  std::vector<Label> labels = identity;
  for (auto& [key, value] : resource.attributes) {
    bool told = key == "service.namespace" || key == "service.name" || key == "service.instance.id";
    if (!told) labels.push_back({metric_name_of(key), otlp_text(value)});
  }
  if (labels.size() == identity.size() || identity[0].value.empty()) return;
  labels.push_back({std::string(promql::metric_name), "target_info"});
  give({Labels(std::move(labels)), now, 1});
}

}  // namespace

std::string otlp_text(const Json& value) {
  if (auto* text = value.string()) return *text;
  return value.is_null() ? "" : value.text();
}

OtlpRejected give_otlp_metrics(const OtlpResource& resource, std::int64_t now,
                               const GiveSample& give) {
  OtlpRejected rejected;
  auto identity = identity_of(resource.attributes);
  for (auto& metric : resource.metrics) {
    bool adds = metric.kind != OtlpMetric::Kind::gauge && metric.kind != OtlpMetric::Kind::summary;
    if (metric.kind == OtlpMetric::Kind::none || metric.name.empty()) {
      reject(rejected, std::max<std::uint64_t>(metric.points.size(), 1),
             "a metric has no name or no data");
      continue;
    }
    if (adds && metric.temporality != delta && metric.temporality != cumulative) {
      reject(rejected, metric.points.size(),
             "'" + metric.name + "' does not tell whether it is cumulative or of deltas");
      continue;
    }
    Giving giving(metric, identity, give);
    for (auto& point : metric.points) {
      if (point.no_value) continue;
      std::int64_t time = point.time == 0 ? now : static_cast<std::int64_t>(point.time / 1'000'000);
      if (!giving.point(point, time)) {
        reject(rejected, 1, "a point of '" + metric.name + "' has no value, or was refused");
      }
    }
  }
  if (!resource.metrics.empty()) give_target(resource, identity, now, give);
  return rejected;
}

std::vector<MetricAbout> about_otlp_metrics(const OtlpResource& resource) {
  using Kind = OtlpMetric::Kind;
  std::vector<MetricAbout> out;
  for (auto& metric : resource.metrics) {
    std::string type = metric.kind == Kind::sum       ? (metric.monotonic ? "counter" : "gauge")
                       : metric.kind == Kind::gauge   ? "gauge"
                       : metric.kind == Kind::summary ? "summary"
                                                      : "histogram";
    out.push_back({name_of(metric), type, metric.description, std::string(word_of(metric.unit))});
  }
  return out;
}

}  // namespace berth::observe
