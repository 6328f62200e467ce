#include "observe/recorded_values.h"

#include <algorithm>
#include <utility>

namespace berth::observe {

void RecordedValues::become_many() { many_ = std::make_unique<Histogram>(take()); }

void RecordedValues::add(const RecordedValues& others) {
  for (std::uint64_t value : others.few_) record(value);
  if (!others.many_) return;
  if (!many_) become_many();
  many_->merge(*others.many_);
}

Histogram RecordedValues::take() {
  if (many_) return std::move(*std::exchange(many_, nullptr));
  Histogram all;
  if (few_.empty()) return all;
  // The ends first, so that the counters grow once.
  std::iter_swap(few_.begin(), std::ranges::min_element(few_));
  std::iter_swap(few_.end() - 1, std::ranges::max_element(few_));
  std::swap(few_[few_.size() > 1], few_.back());
  for (std::uint64_t value : few_) all.record(value);
  few_.clear();
  if (few_.capacity() > kept_max) few_.shrink_to_fit();
  return all;
}

}  // namespace berth::observe
