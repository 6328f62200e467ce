#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "async/network.h"

namespace berth {

/// What a DatagramSocket also is where somebody knows how many datagrams came for it and were
/// dropped, because its queue was full: nobody read in time. Of the simulated network none is.
class LostDatagrams {
 public:
  /// Since the socket was bound.
  virtual std::uint64_t lost() const = 0;

 protected:
  ~LostDatagrams() = default;
};

/// Of all that know.
inline std::uint64_t lost_by(const std::vector<std::unique_ptr<DatagramSocket>>& sockets) {
  std::uint64_t sum = 0;
  for (auto& socket : sockets) {
    auto* knows = dynamic_cast<const LostDatagrams*>(socket.get());
    sum += knows ? knows->lost() : 0;
  }
  return sum;
}

}  // namespace berth
