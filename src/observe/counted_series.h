#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "async/world.h"
#include "base/histogram.h"
#include "base/log.h"
#include "observe/loaded_series.h"
#include "observe/metric_names.h"
#include "observe/samples/sample_store.h"

namespace berth::observe {

/// What Berth counts itself, second by second, as series of a SampleStore under Prometheus' names
/// (docs/formats/samples.md): what was counted grows for ever, from restart to restart; what was
/// recorded becomes distributions and their exact count and sum. A sample is written when something
/// was counted; between, the sums are written again each `beat_every`, so that a rate is 0 and not
/// absent. What the store refuses (too many series, a full disk) is counted, and comes with the
/// next sample of the series that it takes. Belongs to the store's reactor; the store outlives it.
class CountedSeries {
  struct Counted;

 public:
  static constexpr std::int64_t beat_every = 15;           // seconds
  static constexpr std::int64_t sketch_beat_every = 1800;  // keeps the sum of all in memory
  static constexpr std::int64_t idle_max =
      86'400;  // then a series rests; but sums of requests stay

  CountedSeries(World& world, Log log, SampleStore& store)
      : world_(world), log_(log), store_(store) {}

  /// Goes on where the last run ended; the store is open.
  void resume();
  /// Where one key's series is kept, so that who counts in it second by second looks for it once:
  /// empty at first, and found anew after it has rested. Of one CountedSeries and one key.
  class Place {
    friend CountedSeries;
    std::shared_ptr<Counted> at_;
  };

  /// Something was counted in the second that began at `second`, in the metric's unit.
  void count(const SeriesKey& key, double value, std::int64_t second);
  void record(const SeriesKey& key, const Histogram& recorded, std::int64_t second);
  void set(const SeriesKey& key, double value, std::int64_t second);
  /// The same in a place; `key` is called to make the key where the place does not have it yet.
  template <class MakeKey>
  void count(Place& place, MakeKey key, double value, std::int64_t second) {
    if (value > 0 && fill(place, key, second)) count(*place.at_, value, second);
  }
  template <class MakeKey>
  void record(Place& place, MakeKey key, const Histogram& recorded, std::int64_t second) {
    if (!recorded.empty() && fill(place, key, second)) record(*place.at_, recorded, second);
  }
  /// Nothing more will be counted in it: writes again what needs to be.
  void end_second(std::int64_t second);
  Deferred<void> commit() { return store_.commit(); }

  /// The sum or reading that a series of Berth's own has; nothing if it has none.
  std::optional<double> newest(const SeriesKey& key) const;
  void each_sum(std::string_view short_name,
                const std::function<void(const SeriesKey&, double)>& visit) const;

  /// The series of these names from memory, which has at least the last hour: `from` and `to` are
  /// seconds. Where a service is given, its alone.
  LoadedSeries recent(const SeriesRange& range) const;
  /// The same from wherever they are. overloaded: too many samples.
  Deferred<LoadedSeries> load(SeriesRange range) const;
  /// What a query's `from` and `step` should be multiples of, in seconds.
  std::int64_t resolution(std::int64_t from) const;

  /// The names of Riemann clients' metrics: those that have a host and nothing else.
  std::set<std::string> event_names() const;
  /// The values of a label that series of this name have.
  std::set<std::string> label_values(std::string_view short_name, std::string_view label) const;
  std::size_t size() const { return series_.size(); }
  std::uint64_t refused() const { return refused_; }

 private:
  /// A series of the store, found by its labels once.
  struct Kept {
    std::uint32_t number = SampleStore::no_number;
    promql::Labels labels;
  };
  struct Counted {
    double total = 0;          // of a distribution: how many
    double sum = 0;            // of a distribution
    std::int64_t written = 0;  // the second of the last sample
    std::int64_t changed = 0;  // the second in which it was counted last
    std::int64_t sketch_written = 0;
    bool rested = false;  // it is no longer one of them
    const MetricName* metric = nullptr;
    Kept number;  // of a distribution: how many
    Kept sum_of;  // of a distribution
    Kept sketch;  // likewise; its labels are those of its count
    SeriesKey key;
  };
  using All = std::unordered_map<std::string, std::shared_ptr<Counted>>;

  template <class MakeKey>
  bool fill(Place& place, MakeKey& key, std::int64_t second) {
    if (!place.at_ || place.at_->rested) place.at_ = find_or_make(key(), second);
    return place.at_ != nullptr;
  }
  void count(Counted& counted, double value, std::int64_t second);
  void record(Counted& counted, const Histogram& recorded, std::int64_t second);
  void beat(Counted& counted, std::int64_t second);
  void wait_for_beat(Counted& counted);
  std::shared_ptr<Counted> find_or_make(const SeriesKey& key, std::int64_t second);
  std::shared_ptr<Counted> made(const SeriesKey& key, const MetricName& metric) const;
  bool take_over(Counted& counted) const;
  bool write(Counted& counted, std::int64_t time);
  bool append(Kept& kept, std::int64_t time, double value);
  std::optional<double> last_of(const promql::Labels& labels) const;
  void note_refused(const Error& error);

  World& world_;
  Log log_;
  SampleStore& store_;
  All series_;  // by the key's text
  /// Each of them once, by the second at whose begin it is looked at next, modulo `beat_every`: no
  /// later than its beat is due, so that a second looks at a part of them.
  std::array<std::vector<Counted*>, beat_every> beats_;
  std::int64_t looked_ = 0;  // the last such second
  std::uint64_t refused_ = 0;
};

}  // namespace berth::observe
