#include "proxy/limits/rate_ledger.h"

namespace berth::proxy {

Duration RateLedger::take(const CellRate& rate, MonotonicTime now) {
  if (rate.each == Duration(0)) return Duration(0);
  std::lock_guard lock(mutex_);
  return rate.take(due_, now);
}

Duration RateLedger::take_of_key(const CellRate& rate, std::uint64_t key, MonotonicTime now) {
  if (rate.each == Duration(0)) return Duration(0);
  std::lock_guard lock(mutex_);
  return keys_.take(rate, key, now);
}

}  // namespace berth::proxy
