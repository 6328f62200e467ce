#pragma once

#include <functional>
#include <map>
#include <memory>

#include "async/clock.h"
#include "async/network.h"
#include "async/random.h"

namespace berth::sim {

/// A network on which what comes from some addresses is late, slow, broken off or spoilt, at any
/// byte. Only connections that are opened by it; those of a listener are left alone. What it does
/// is drawn from `random`, so the same seed does the same. One thread; outlives its streams.
class BadLinks final : public berth::Network {
 public:
  enum class Way : std::uint8_t {
    good,
    late,    // each piece comes up to 300 ms later
    slow,    // a byte at a time
    cut,     // ends behind some byte
    reset,   // breaks behind some byte
    deaf,    // breaks behind some byte that is sent
    spoilt,  // something else stands in the place of an answer
  };
  static constexpr std::uint64_t ways = 6;  // but for good

  BadLinks(berth::Network& real, Clock& clock, Random& random)
      : real_(real), clock_(clock), random_(random) {}

  void set(const Address& peer, Way way) { ways_[peer] = way; }
  Way way_of(const Address& peer) const {
    auto found = ways_.find(peer);
    return found == ways_.end() ? Way::good : found->second;
  }
  std::uint64_t met() const { return met_; }  // by how many pieces a fault was felt

  Deferred<std::unique_ptr<ByteStream>> connect(const Address& peer) override;
  Result<std::unique_ptr<Listener>> listen(const Address& address,
                                           const ListenOptions& options) override {
    return real_.listen(address, options);
  }
  Result<std::unique_ptr<DatagramSocket>> bind_datagram(const Address& address) override {
    return real_.bind_datagram(address);
  }

 private:
  class Link;
  Deferred<std::unique_ptr<ByteStream>> connect_to(Address peer);

  berth::Network& real_;
  Clock& clock_;
  Random& random_;
  std::map<Address, Way> ways_;
  std::uint64_t met_ = 0;
};

}  // namespace berth::sim
