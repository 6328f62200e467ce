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

HeadSeries* SeriesIndex::find(const promql::Labels& labels) const {
  auto found = by_key_.find(hash64(labels.key()));
  if (found == by_key_.end()) return nullptr;
  for (std::uint32_t number : found->second) {
    if (series_[number]->labels == labels) return series_[number].get();
  }
  return nullptr;
}

HeadSeries& SeriesIndex::add(const promql::Labels& labels) {
  auto number = static_cast<std::uint32_t>(series_.size());
  auto& series = *series_.emplace_back(std::make_unique<HeadSeries>());
  series.labels = labels;
  series.number = number;
  series.distributions = labels.has(sketch_label);
  by_key_[hash64(labels.key())].push_back(number);
  for (auto& label : labels) by_label_[label_key(label.name, label.value)].push_back(number);
  return series;
}

void SeriesIndex::remove(std::uint32_t number) {
  HeadSeries& series = *series_[number];
  auto forget = [&](auto& index, const auto& key) {
    auto found = index.find(key);
    std::erase(found->second, number);
    if (found->second.empty()) index.erase(found);
  };
  forget(by_key_, hash64(series.labels.key()));
  for (auto& label : series.labels) forget(by_label_, label_key(label.name, label.value));
  series_[number].reset();
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
