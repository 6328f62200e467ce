#pragma once

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "bus/bus.h"
#include "bus/dead_letters.h"
#include "bus/segment_log.h"
#include "bus/state_keeper.h"
#include "bus/subscription_queue.h"
#include "http/client.h"

namespace berth::bus {

/// How many came in each of the last whole seconds.
class RateWindow {
 public:
  static constexpr std::int64_t seconds = 10;
  void note(MonotonicTime now);
  double per_second(MonotonicTime now) const;

 private:
  void turn(std::int64_t second);
  std::array<std::uint32_t, seconds + 1> counts_{};
  std::int64_t newest_ = 0;
};

/// The parts of a Bus and how they meet: the message log tells of synced records, the topics'
/// subscriptions take them from there, the state keeper asks all how far they are and then lets the
/// log forget.
struct Bus::Inside {
  struct Topic {
    std::uint64_t published = 0;
    RateWindow rate;
    std::map<std::string, std::unique_ptr<SubscriptionQueue>, std::less<>>
        subscriptions;  // by service
  };
  using Topics = std::map<std::string, Topic, std::less<>>;

  Inside(World& world, Log log, BusOptions options, Resolve resolve, DeadLetterSink sink);

  Deferred<void> open();
  Deferred<void> close();
  /// closed, invalid, or overloaded by too many topics.
  Result<void> check_topic(std::string_view topic) const;
  /// overloaded, naming who lags, if the log has no room.
  Result<void> has_room() const;
  SubscriptionQueue* find(std::string_view topic, std::string_view service) const;
  /// not_found, with a sentence.
  Result<void> must_have(std::string_view topic) const;
  void begin(const Subscription& subscription);
  void end_all_but(const std::vector<Subscription>& subscriptions);
  Deferred<void> send_again(std::string topic, std::string delivery);

  World& world;
  Log log;
  BusOptions options;
  Resolve resolve;
  DeadLetterSink dead_letter_sink;
  http::Client client;
  bool opened = false;
  SegmentLog messages;
  DeadLetters dead;
  StateKeeper state;
  DeliveryTools tools;
  Topics topics;
  std::set<std::string> sending_again;  // ids of deliveries
  Scope scope;

 private:
  Result<void> restore(const LogRecord& record, std::uint64_t counted_before);
  void synced(const LogRecord& record);
  SavedState snapshot() const;
  Deferred<void> state_written(const SavedState& written);
  Deferred<void> tend_dead_letters();
  static Deferred<void> retire(std::unique_ptr<SubscriptionQueue> queue);
};

}  // namespace berth::bus
