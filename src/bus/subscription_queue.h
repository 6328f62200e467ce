#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "async/scope.h"
#include "async/sync.h"
#include "async/timer_queue.h"
#include "async/world.h"
#include "bus/attempt.h"
#include "bus/bus.h"
#include "bus/dead_letters.h"
#include "bus/record.h"
#include "bus/saved_state.h"
#include "bus/segment_log.h"
#include "bus/state_keeper.h"

namespace berth::bus {

/// What all subscriptions deliver with; outlives them.
struct DeliveryTools {
  World& world;
  Log& log;
  const BusOptions& options;
  http::Client& client;
  const Bus::Resolve& resolve;
  const Bus::DeadLetterSink& dead_letter_sink;
  SegmentLog& messages;
  DeadLetters& dead;
  StateKeeper& state;
};

/// One subscription: takes the messages of its topic in order from the log, delivers them, repeats
/// what failed, gives up.
///
///     in the log -> on its way -> acknowledged
///                     |   ^
///                     v   |            a failed attempt is repeated only after the state on disk
///                   to be noted        knows of it, so that attempt numbers never go back
///                     |   ^
///                     v   |
///                   waiting for its time          after the last attempt, or 410: dead letter
///
/// While it keeps up it is handed messages as they are synced (offer); when it falls behind it
/// reads the log in chunks. In memory are at most in_flight_max bodies, one chunk, and a few words
/// for each begun delivery, at most retry_queue_max (then nothing new is begun). Owned by the bus;
/// one reactor.
class SubscriptionQueue final : Timer {
 public:
  /// A new one: begins with the record that gets `next`.
  SubscriptionQueue(DeliveryTools& tools, Subscription subscription, std::uint64_t next);
  /// As it was saved.
  SubscriptionQueue(DeliveryTools& tools, std::string topic, const SavedSubscription& saved);

  const std::string& service() const { return of_.service; }
  const std::string& path() const { return of_.path; }
  void set_path(std::string path) { of_.path = std::move(path); }

  /// While the log is read back: a record of its topic.
  void restore(const LogRecord& record, const MessageRecord& message);
  /// The log was read back: forgets begun deliveries whose messages are gone, and begins.
  void start();
  /// A record of its topic was synced.
  void offer(const LogRecord& record, const MessageRecord& message);
  /// The state of StateKeeper::written_generation() is on disk.
  void state_written();
  /// Begins what may begin now.
  void pump();

  SavedSubscription saved() const;
  SubscriptionState state() const;
  std::uint64_t low_water() const;
  std::uint64_t backlog() const { return backlog_; }
  /// Takes nothing new; resolves when nothing is on its way.
  Deferred<void> stop();
  /// Ends what is on its way.
  Deferred<void> close() { return scope_.close(); }

 private:
  class InFlight;
  struct Open {
    RecordPlace place;
    std::uint32_t attempts = 0;  // that failed
    WallTime due{};              // of the next; 0: at once
  };

  void fire() override { pump(); }
  bool for_us(const MessageRecord& message) const {
    return message.topic == of_.topic &&
           (message.service.empty() || message.service == of_.service);
  }
  bool room() const;
  std::uint64_t next() const;
  void begin_due(const Address& to);
  void begin_fresh(const Address& to);
  bool begin_from_chunk(const Address& to);
  void begin(const LogRecord& record, const MessageRecord& message, const Address& to);
  Delivery delivery_of(const MessageRecord& message) const;
  Deferred<void> read_on();
  Deferred<void> carry(std::uint64_t sequence, std::size_t bytes, std::optional<Delivery> delivery,
                       Address to);
  Deferred<void> deliver(std::uint64_t sequence, const Delivery& delivery, Address to);
  Deferred<void> bury(std::uint64_t sequence, const Delivery& delivery, std::string why);
  void repeat(std::uint64_t sequence, Duration wait);
  void end(std::uint64_t sequence);

  DeliveryTools& tools_;
  Subscription of_;

  // Where it is in the log.
  bool keeps_up_ = false;   // everything synced was taken
  std::uint64_t next_ = 0;  // if not: the least sequence not taken
  LogCursor cursor_;        // where to read on
  LogChunk chunk_;
  std::size_t chunk_taken_ = 0;
  bool reading_ = false;

  // Begun and not ended, by sequence; those that wait by time, or for the state to be written.
  std::map<std::uint64_t, Open> open_;
  std::set<std::pair<MonotonicTime, std::uint64_t>> due_;
  struct Noted {
    std::uint64_t generation;
    std::uint64_t sequence;
    MonotonicTime due;
  };
  std::vector<Noted> to_be_noted_;

  std::size_t in_flight_ = 0;
  std::size_t in_flight_bytes_ = 0;
  std::uint64_t backlog_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t retried_ = 0;
  bool started_ = false;
  bool stopped_ = false;
  bool pumping_ = false;
  Event none_in_flight_;
  Scope scope_;
};

}  // namespace berth::bus
