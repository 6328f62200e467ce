#include "observe/samples/series_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/hash.h"

namespace berth::observe {
namespace {

std::string label_key(std::string_view name, std::string_view value) {
  std::string key(name);
  key += '\xff';
  return key += value;
}

}  // namespace

HeadSeries* SeriesTable::find(std::string_view key, std::uint64_t hash) const {
  if (slots_.empty()) return nullptr;
  std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask; slots_[at].series; at = (at + 1) & mask) {
    if (slots_[at].hash == hash && slots_[at].series->key == key) return slots_[at].series;
  }
  return nullptr;
}

void SeriesTable::add(HeadSeries& series, std::uint64_t hash) {
  if (size_ * 3 >= slots_.size() * 2) grow();
  std::size_t mask = slots_.size() - 1, at = hash & mask;
  while (slots_[at].series) at = (at + 1) & mask;
  slots_[at] = {hash, &series};
  ++size_;
}

void SeriesTable::grow() {
  std::vector<Slot> before(std::max<std::size_t>(slots_.size() * 2, 64));
  before.swap(slots_);
  size_ = 0;
  for (auto& slot : before) {
    if (slot.series) add(*slot.series, slot.hash);
  }
}

/// Those behind it move up as far as their hashes allow, so that no look-up ends too early.
void SeriesTable::remove(const HeadSeries& series, std::uint64_t hash) {
  std::size_t mask = slots_.size() - 1, gap = hash & mask;
  while (slots_[gap].series != &series) gap = (gap + 1) & mask;
  for (std::size_t at = (gap + 1) & mask; slots_[at].series; at = (at + 1) & mask) {
    std::size_t wanted = slots_[at].hash & mask;
    if (((at - wanted) & mask) < ((at - gap) & mask)) continue;
    slots_[gap] = slots_[at];
    gap = at;
  }
  slots_[gap] = {};
  --size_;
}

HeadSeries* SeriesIndex::find(const promql::Labels& labels) const {
  std::string key = labels.key();
  HeadSeries* guess = found_ ? found_->after : nullptr;
  if (guess && guess->key == key && !key.empty()) return found_ = guess;
  HeadSeries* found = by_key_.find(key, hash64(key));
  if (!found) return nullptr;
  if (found_) found_->after = found;
  return found_ = found;
}

HeadSeries& SeriesIndex::place() {
  if (free_.empty()) {
    auto& slab = slabs_.emplace_back(std::make_unique<HeadSeries[]>(slab_series));
    for (std::size_t i = slab_series; i > 0; --i) free_.push_back(&slab[i - 1]);
  }
  HeadSeries& place = *free_.back();
  free_.pop_back();
  return place;
}

HeadSeries& SeriesIndex::add(const promql::Labels& labels) {
  auto number = static_cast<std::uint32_t>(series_.size());
  HeadSeries& series = place();
  series_.push_back(&series);
  series.labels = labels;
  series.key = labels.key();
  series.number = number;
  series.distributions = labels.has(sketch_label);
  by_key_.add(series, hash64(series.key));
  for (auto& label : labels) by_label_[label_key(label.name, label.value)].push_back(number);
  return series;
}

void SeriesIndex::remove(std::uint32_t number) {
  HeadSeries& series = *series_[number];
  by_key_.remove(series, hash64(series.key));
  for (auto& label : series.labels) {
    auto found = by_label_.find(label_key(label.name, label.value));
    std::erase(found->second, number);
    if (found->second.empty()) by_label_.erase(found);
  }
  series = HeadSeries();
  free_.push_back(&series);
  series_[number] = nullptr;
}

std::vector<HeadSeries*> SeriesIndex::matching(std::span<const promql::Matcher> matchers) const {
  const Numbers* fewest = nullptr;
  for (auto& matcher : matchers) {
    if (matcher.kind() != promql::Matcher::Kind::equal || matcher.value().empty()) continue;
    auto found = by_label_.find(label_key(matcher.name(), matcher.value()));
    if (found == by_label_.end()) return {};
    if (!fewest || found->second.size() < fewest->size()) fewest = &found->second;
  }
  std::vector<HeadSeries*> out;
  auto note = [&](HeadSeries& series) {
    auto accepts = [&](auto& matcher) { return matcher.accepts(series.labels); };
    if (std::ranges::all_of(matchers, accepts)) out.push_back(&series);
  };
  if (!fewest) {
    each(note);
    return out;
  }
  for (std::uint32_t number : *fewest) note(*series_[number]);
  return out;
}

std::string SeriesIndex::offender() const {
  std::map<std::string_view, std::size_t> names;
  std::string_view most;
  each([&](const HeadSeries& series) {
    std::string_view name = series.labels.value(promql::metric_name);
    if (++names[name] > names[most]) most = name;
  });
  std::map<std::string_view, std::set<std::string_view>> values;
  each([&](const HeadSeries& series) {
    if (series.labels.value(promql::metric_name) != most) return;
    for (auto& label : series.labels) values[label.name].insert(label.value);
  });
  std::string_view label;
  for (auto& [name, found] : values) {
    if (label.empty() || found.size() > values[label].size()) label = name;
  }
  return fmt::format("{} has {} series, and its label {} {} values", most, names[most], label,
                     values[label].size());
}

}  // namespace berth::observe
