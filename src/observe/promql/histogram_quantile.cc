#include <cmath>
#include <limits>

#include "observe/promql/vector_functions.h"

namespace berth::promql {
namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

struct Bucket {
  double upper;
  double count;
};

/// Buckets of one bound become one; counts never fall towards larger bounds (they were not read at
/// one moment).
void put_in_order(std::vector<Bucket>& buckets) {
  std::size_t kept = 0;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    if (buckets[i].upper == buckets[kept].upper) {
      buckets[kept].count += buckets[i].count;
    } else {
      buckets[++kept] = buckets[i];
    }
  }
  buckets.resize(kept + 1);
  double most = buckets.front().count;
  for (auto& bucket : buckets) {
    most = std::max(most, bucket.count);
    if (bucket.count < most) bucket.count = most;
  }
}

/// Linear within the bucket; the lowest begins at 0 (Prometheus' promql/quantile.go).
double quantile(double q, std::vector<Bucket>& buckets) {
  if (std::isnan(q)) return not_a_number;
  if (q < 0) return -infinity;
  if (q > 1) return infinity;
  if (buckets.empty() || buckets.back().upper != infinity) return not_a_number;
  put_in_order(buckets);
  if (buckets.size() < 2) return not_a_number;
  double all = buckets.back().count;
  if (all == 0 || std::isnan(all)) return not_a_number;
  double rank = q * all;
  auto last = buckets.end() - 1;
  auto found = std::find_if(buckets.begin(), last,
                            [&](const Bucket& bucket) { return bucket.count >= rank; });
  if (found == last) return (last - 1)->upper;
  if (found == buckets.begin() && found->upper <= 0) return found->upper;
  double begin = 0, count = found->count;
  if (found != buckets.begin()) {
    begin = (found - 1)->upper;
    count -= (found - 1)->count;
    rank -= (found - 1)->count;
  }
  return begin + (found->upper - begin) * (rank / count);
}

struct Histogram {
  Labels labels;
  std::vector<std::pair<double, const Column*>> buckets;  // by bound
};

std::optional<double> bound_of(std::string_view text) {
  if (text == "+Inf" || text == "Inf" || text == "inf" || text == "+inf") return infinity;
  if (text == "-Inf" || text == "-inf") return -infinity;
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<Histogram> histograms_of(const std::vector<Column>& columns) {
  static const std::string left_out[] = {"le", std::string(metric_name)};
  std::vector<Histogram> out;
  std::unordered_map<std::string, std::size_t> index;
  for (auto& column : columns) {
    auto bound = bound_of(column.labels.value("le"));
    if (!bound) continue;
    Labels labels = column.labels.without(left_out);
    auto [found, fresh] = index.try_emplace(labels.key(), out.size());
    if (fresh) out.push_back({std::move(labels), {}});
    out[found->second].buckets.emplace_back(*bound, &column);
  }
  for (auto& each : out) {
    std::ranges::sort(each.buckets, {}, [](auto& bucket) { return bucket.first; });
  }
  return out;
}

}  // namespace

Result<Value> histogram_quantile(std::vector<Value> arguments, const Steps& steps) {
  Value out;
  std::vector<Bucket> buckets;
  for (auto& histogram : histograms_of(arguments[1].columns)) {
    Column column{std::move(histogram.labels), std::vector<double>(steps.count, stale_marker)};
    for (std::size_t i = 0; i < steps.count; ++i) {
      buckets.clear();
      for (auto& [upper, counts] : histogram.buckets) {
        if (!is_stale(counts->values[i])) buckets.push_back({upper, counts->values[i]});
      }
      if (!buckets.empty()) column.values[i] = quantile(arguments[0].numbers[i], buckets);
    }
    out.columns.push_back(std::move(column));
  }
  return out;
}

}  // namespace berth::promql
