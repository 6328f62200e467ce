#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "async/random.h"
#include "base/time.h"
#include "observe/inputs/statsd_line.h"

namespace berth::observe {

struct StatsdLimits {
  std::size_t metrics_max = 100'000;  // names with their tags; a new one beyond is lost, counted
  std::size_t values_max = 10'000;    // of a distribution in an interval; beyond, a fair sample
  std::size_t words_max = 100'000;    // of a set in an interval; beyond, they are not counted
  Duration idle = 1h;                 // what nobody has told of for so long is forgotten
};

/// What StatsD's clients have told since the last flush, without I/O. A counter grows as
/// Prometheus' do (NAME_total), a gauge keeps its value, a distribution gives quantiles of the
/// interval and NAME_count, NAME_sum that grow, a set the number of its different words.
class StatsdTable {
 public:
  using Give = std::function<void(const promql::Labels&, double)>;

  StatsdTable(Random& random, StatsdLimits limits) : random_(random), limits_(limits) {}

  /// False: there are metrics_max others.
  bool add(const StatsdLine& line, MonotonicTime now);
  /// Hands over a sample of each series, and begins the next interval.
  void flush(MonotonicTime now, const Give& give);
  std::size_t size() const { return metrics_.size(); }

 private:
  struct Metric {
    StatsdLine::Kind kind;
    std::string name;
    std::vector<promql::Label> tags;
    MonotonicTime told{};
    double value = 0;              // of counters and gauges
    std::vector<double> values{};  // of a distribution, in this interval
    std::uint64_t seen = 0;        // of these, whether kept or not
    double count = 0;              // since the beginning, by the sample rate
    double sum = 0;
    std::unordered_set<std::string> words{};
  };
  Metric* find_or_make(const StatsdLine& line);
  void add_value(Metric& metric, double value, double rate);
  static void give_distribution(Metric& metric, const Give& give);

  Random& random_;
  const StatsdLimits limits_;
  std::unordered_map<std::string, Metric> metrics_;
  std::string key_;
};

}  // namespace berth::observe
