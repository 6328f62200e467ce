#include "proxy/limits/rate_table.h"

#include <algorithm>

namespace berth::proxy {

CellRate CellRate::of(double per_second, std::uint32_t burst) {
  if (per_second <= 0) return {};
  double each = std::max(1.0, 1e9 / per_second);
  double at_once = burst > 0 ? burst : std::max(1.0, per_second);
  return {Duration(static_cast<std::int64_t>(std::min(each, 1e18))),
          Duration(static_cast<std::int64_t>(std::min(each * (at_once - 1), 1e18)))};
}

Duration CellRate::take(MonotonicTime& due, MonotonicTime now) const {
  if (each == Duration(0)) return Duration(0);
  MonotonicTime from = std::max(due, now);
  if (from - now > burst) return from - now - burst;
  due = from + each;
  return Duration(0);
}

Duration RateTable::take(const CellRate& rate, std::uint64_t key, MonotonicTime now) {
  if (rate.each == Duration(0)) return Duration(0);
  if (places_.empty()) places_.resize(rows * ways);
  Place* row = &places_[key % rows * ways];
  Place* idle = row;
  for (Place* place = row; place != row + ways; ++place) {
    if (place->key == key) return rate.take(place->due, now);
    if (place->due < idle->due) idle = place;
  }
  *idle = {key, {}};
  return rate.take(idle->due, now);
}

}  // namespace berth::proxy
