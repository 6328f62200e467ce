#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/address.h"

namespace berth::http {

/// A number for the client that an address is of: one IPv4 address (also where it comes mapped into
/// IPv6), or one /64 of IPv6. Nothing for Unix paths.
std::optional<std::uint64_t> client_of(const Address& peer);

/// How many connections each client has: one IPv4 address (also where it comes mapped into IPv6),
/// or one /64 of IPv6, which is what one customer has at least. Unix paths are not counted.
class ClientCounts {
 public:
  /// Counts one more for as long as it lives.
  class Counted {
   public:
    Counted(ClientCounts& counts, const Address& peer);
    Counted(Counted&& other) noexcept
        : counts_(other.counts_),
          client_(std::exchange(other.client_, std::nullopt)),
          count_(other.count_) {}
    ~Counted();
    /// How many there are with this one; 0 where they are not counted.
    std::size_t count() const { return count_; }

   private:
    ClientCounts& counts_;
    std::optional<std::uint64_t> client_;
    std::size_t count_ = 0;
  };

 private:
  std::unordered_map<std::uint64_t, std::size_t> counts_;
};

}  // namespace berth::http
