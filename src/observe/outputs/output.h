#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "async/deferred.h"
#include "base/time.h"
#include "observe/event.h"

namespace berth::observe {

/// What became of the first `count` events of those that an output was given.
struct Attempt {
  enum class Outcome : std::uint8_t {
    taken,    // the peer has them
    again,    // it could not be reached, or said that it may take them later
    refused,  // it will never take them as they are
  };
  Outcome outcome = Outcome::taken;
  std::size_t count = 0;
  std::string reason;     // of again and refused, for people
  Duration wait{};        // the least to wait before the next attempt, where the peer said so
  bool confirmed = true;  // of taken: false where only the kernels know that it arrived

  static Attempt taken(std::size_t count) { return {Outcome::taken, count, "", {}, true}; }
  static Attempt again(std::size_t count, std::string reason, Duration wait = {}) {
    return {Outcome::again, count, std::move(reason), wait, true};
  }
  static Attempt refused(std::size_t count, std::string reason) {
    return {Outcome::refused, count, std::move(reason), {}, true};
  }
};

/// Another program that takes events: Librato, Graphite, a mail server. It makes one attempt at a
/// time and keeps nothing; what waits, and when it is tried again, is OutputQueue's. Belongs to one
/// reactor and to its queue. Errors of an attempt other than cancelled count as `again`.
class Output {
 public:
  virtual ~Output() = default;

  /// How many events one attempt takes at most.
  virtual std::size_t batch_max() const = 0;
  /// False for what has no place there: an event without a metric in Graphite.
  virtual bool wants([[maybe_unused]] const Event& event) const { return true; }
  /// Sends the first of `events`, which is not empty: as many as go together. `key` is the same
  /// whenever these events are sent again, also after a restart, so that a peer can know them.
  virtual Deferred<Attempt> send(std::span<const Event> events, std::string key) = 0;
};

}  // namespace berth::observe
