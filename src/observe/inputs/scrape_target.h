#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "async/world.h"
#include "base/log.h"
#include "http/session.h"
#include "observe/exposition.h"
#include "observe/inputs/scrape_spec.h"
#include "observe/sample_writer.h"

namespace berth::observe {

/// One target that is asked for its metrics again and again, as Prometheus does (prometheus.io,
/// scrape_config): text format 0.0.4 or OpenMetrics, job and instance on every sample, `up`,
/// scrape_duration_seconds, scrape_samples_scraped and scrape_series_added of each try, a staleness
/// marker (0x7ff0000000000002) for each series that is no longer there, and for all of them where a
/// try failed. Tries come at whole intervals from a begin that its name decides, so that targets
/// are not asked all at once. Belongs to one reactor; `spec` outlives it.
class ScrapeTarget {
 public:
  ScrapeTarget(World& world, Log log, const ScrapeSpec& spec, std::size_t index,
               http::Session& session, SampleWriter& samples);

  /// Does not end.
  Deferred<void> run();
  Deferred<void> scrape();
  /// All its series end now.
  void end();
  std::uint64_t scrapes() const { return scrapes_; }
  std::uint64_t failed() const { return failed_; }
  std::uint64_t samples_taken() const { return taken_; }

 private:
  struct Answer {
    std::string text;
    bool open_metrics = false;
  };
  Deferred<Answer> ask();
  promql::Labels labels_of(const promql::Labels& told) const;
  /// Returns how many series are new.
  std::size_t take(const Exposition& exposition, std::int64_t time);
  void report(std::int64_t time, bool up, Duration took, std::size_t samples, std::size_t added);
  void mark_stale(std::uint64_t older_than, std::int64_t time);
  promql::Labels own_labels(std::string_view name) const;

  World& world_;
  Log log_;
  const ScrapeSpec& spec_;
  const ScrapeSpec::Target& target_;
  http::Session& session_;
  SampleWriter& samples_;
  struct Seen {
    promql::Labels labels;
    std::uint64_t scrape = 0;  // in which it was seen last
  };
  std::unordered_map<std::string, Seen> seen_;  // whose times are ours
  std::uint64_t scrapes_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t taken_ = 0;
  bool was_up_ = true;
  std::int64_t last_time_ = 0;
};

}  // namespace berth::observe
