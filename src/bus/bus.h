#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/scope.h"
#include "async/world.h"
#include "base/address.h"
#include "base/log.h"
#include "base/time.h"

namespace berth::bus {

/// A subscription is named by its service and topic: "orders" hears "order.created" at a path.
struct Subscription {
  std::string topic;
  std::string service;
  std::string path;
  bool operator==(const Subscription&) const = default;
};

struct Published {
  std::string id;  // a ULID, the message's for ever
  std::size_t subscriptions = 0;
};

/// A delivery that was given up. Stays until it is sent again or its age passes dead_kept.
struct DeadLetter {
  std::string id;       // of the delivery, safe in a URL
  std::string message;  // id of the message
  std::string topic;
  std::string service;
  std::string path;
  WallTime published{};
  WallTime died{};
  std::uint32_t attempts = 0;
  std::string why;
  std::string content_type;
  std::size_t bytes = 0;  // of the whole body
  std::string body;
};

/// Counters since the first start on this state folder, and what stands now.
struct SubscriptionState {
  std::string service;
  std::string path;
  std::uint64_t backlog = 0;  // now: neither acknowledged nor dead
  std::uint64_t delivered = 0;
  std::uint64_t retried = 0;  // attempts after the first
  std::uint64_t dead = 0;     // now: dead letters that were not sent again
};
struct TopicState {
  std::string name;
  std::uint64_t published = 0;
  double per_second = 0;  // published, over the last 10 s
  std::vector<SubscriptionState> subscriptions;
};

struct BusOptions {
  std::string folder;
  std::size_t message_bytes_max = 1 << 20;
  std::uint32_t attempts_max = 10;
  Duration retry_first = 500ms;  // doubles with each attempt, plus and minus half at random
  Duration retry_most = 5min;
  Duration delivery_timeout = 30s;
  std::size_t in_flight_max = 32;             // deliveries at once, per subscription
  std::size_t in_flight_bytes_max = 8 << 20;  // of their bodies; one is always let through
  std::size_t retry_queue_max = 1000;         // begun and not ended; beyond, no new one begins
  std::uint64_t log_bytes_max = 4ULL << 30;   // beyond: publish answers overloaded
  std::size_t topics_max = 10'000;            // beyond: publish to a new one answers overloaded
  Duration dead_kept = 14 * 24h;
  std::uint64_t dead_bytes_max = 1ULL << 30;  // of dead letters; beyond, deliveries are repeated
  std::size_t dead_letters_max = 100'000;     // on and on until there is room
  Duration state_interval = 1s;               // acknowledgements are on disk within about it
  /// Told of each message once it is safe, in the order of the log; empty: nobody.
  std::function<void(std::string_view topic, std::string_view body)> published = {};
  Duration close_grace = 1s;  // what is on its way when the bus closes may still be answered
};

/// Topics, subscriptions and deliveries on one host's log. publish() answers when the message is
/// synced (group commit: those that wait share one sync). Each subscription gets each message
/// published after it began, at least once, by POST to its service with the headers
/// Berth-Message-Id (the message's), Berth-Delivery-Id (stable over attempts), Berth-Attempt (from
/// 1) and Berth-Topic; 2xx acknowledges; anything else is repeated with back-off and becomes a dead
/// letter after attempts_max. Order is not kept between attempts. Acknowledgements are durable
/// within a second: what was acknowledged shortly before a crash may be delivered again with the
/// same ids. Belongs to one reactor. docs/formats/bus.md.
class Bus {
 public:
  /// Where a service is reached now: its VIP; none while it has none (deliveries wait).
  using Resolve = std::function<Address(const std::string& service)>;
  /// Told of each delivery that became a dead letter.
  using DeadLetterSink = std::function<void(const DeadLetter&)>;

  Bus(World& world, Log log, BusOptions options, Resolve resolve, DeadLetterSink sink);
  ~Bus();

  /// Reads the log back; damaged tails (never acknowledged) are cut, other damage is an error.
  Deferred<void> open();
  Deferred<void> close();

  /// What is subscribed now, whole: new ones begin with the next message, those that are missing
  /// end and their backlog with them, the others go on.
  Deferred<void> set_subscriptions(std::vector<Subscription> subscriptions);
  /// invalid: a topic's name is 1 to 200 of a-z A-Z 0-9 . _ -; overloaded, disk_full.
  Deferred<Published> publish(std::string topic, std::string content_type, std::string body);

  std::vector<TopicState> topics() const;
  /// Newest first; all subscriptions where `service` is empty. not_found: no such topic.
  /// Of each body at most `body_bytes_max`.
  Deferred<std::vector<DeadLetter>> dead(std::string topic, std::string service,
                                         std::size_t letters_max,
                                         std::size_t body_bytes_max = ~std::size_t{0}) const;
  /// Delivers it anew with attempts from 1, durably noted before it answers. not_found.
  Deferred<void> send_again(std::string topic, std::string delivery);
  /// All of a topic, or those of one subscription; how many.
  Deferred<std::size_t> send_all_again(std::string topic, std::string service);

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace berth::bus
