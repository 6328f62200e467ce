#pragma once

#include <array>
#include <deque>
#include <mutex>
#include <optional>
#include <span>

#include "base/time.h"

namespace berth::tls {

/// The keys with which a server seals its session tickets (RFC 5077 section 4): the newest seals,
/// older ones still open, until they are destroyed; what they sealed is then worth nothing. Random,
/// in memory only. May be shared by the contexts of several threads.
class TicketKeys {
 public:
  static constexpr Duration sealing_time = 1h;
  static constexpr Duration opening_time = 2h;  // after that; as long as OpenSSL keeps a session

  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
    MonotonicTime made{};
  };

  ~TicketKeys();
  /// Makes a new key when it is time, and destroys what is too old.
  void rotate(MonotonicTime now);
  /// Only after rotate().
  Key newest() const;
  struct Found {
    Key key;
    bool newest;
  };
  std::optional<Found> find(std::span<const unsigned char, 16> name) const;

 private:
  mutable std::mutex mutex_;
  std::deque<Key> keys_;  // the newest first
};

}  // namespace berth::tls
