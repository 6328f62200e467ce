#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"

namespace berth::proxy {

/// So many a second, and so many at once, by the generic cell rate algorithm (ITU-T I.371): what is
/// kept is only when the next one would be due. A plain value.
struct CellRate {
  Duration each{};   // between two; zero: no limit
  Duration burst{};  // how far the next one's time may lie ahead

  static CellRate of(double per_second, std::uint32_t burst);
  /// Zero: it may; `due` is moved on. Else how long until it may.
  Duration take(MonotonicTime& due, MonotonicTime now) const;
};

/// A CellRate for each of many keys in constant memory: four places for a hash, of which the key
/// takes the one that was idle the longest; who is forgotten so may begin anew. One thread
/// at a time.
class RateTable {
 public:
  static constexpr std::size_t rows = 4096;  // of four keys: 256 KiB, made with the first one
  static constexpr std::size_t ways = 4;

  /// As CellRate::take, for the key with this hash.
  Duration take(const CellRate& rate, std::uint64_t key, MonotonicTime now);

 private:
  struct Place {
    std::uint64_t key = 0;
    MonotonicTime due{};
  };
  std::vector<Place> places_;
};

}  // namespace berth::proxy
