#pragma once

#include <cstdint>
#include <mutex>

#include "proxy/limits/rate_table.h"

namespace berth::proxy {

/// What the rates of one service have let in, or those of a gateway's clients. From any thread: the
/// proxies of one process share it. Its lock is taken only where there is a rate, and held for some
/// ten nanoseconds.
class RateLedger {
 public:
  /// As CellRate::take, for all together.
  Duration take(const CellRate& rate, MonotonicTime now);
  /// As RateTable::take.
  Duration take_of_key(const CellRate& rate, std::uint64_t key, MonotonicTime now);

 private:
  std::mutex mutex_;
  MonotonicTime due_{};
  RateTable keys_;
};

}  // namespace berth::proxy
