#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace berth::bus {

/// A delivery that was begun and has not ended: on its way, or waiting for its next attempt.
struct SavedDelivery {
  std::uint64_t sequence = 0;  // of the message's record
  std::uint32_t attempts = 0;  // that failed
  WallTime due{};              // of the next one; 0: at once
  bool operator==(const SavedDelivery&) const = default;
};

/// How far a subscription has come. Everything before `next` was acknowledged, became a dead letter
/// or is in `open`: the low-water mark is the least sequence of both.
struct SavedSubscription {
  std::string service;
  std::string path;
  std::uint64_t next = 0;
  std::uint64_t delivered = 0;
  std::uint64_t retried = 0;
  std::vector<SavedDelivery> open;  // by sequence
  bool operator==(const SavedSubscription&) const = default;
};

struct SavedTopic {
  std::string name;
  std::uint64_t published = 0;
  std::vector<SavedSubscription> subscriptions;
  bool operator==(const SavedTopic&) const = default;
};

/// All that the bus knows besides its two logs: docs/formats/bus.md, "State".
struct SavedState {
  std::uint64_t generation = 0;     // grows with each one written
  std::uint64_t next_sequence = 1;  // every message before it was synced and is counted
  std::vector<SavedTopic> topics;
  bool operator==(const SavedState&) const = default;

  /// Before it nobody needs a message any more.
  std::uint64_t low_water() const;
  /// A slot's whole content.
  std::string encode() const;
  /// Of a slot; what follows is not looked at. invalid: damaged, torn, or of another version.
  static Result<SavedState> decode(std::string_view slot);
};

}  // namespace berth::bus
