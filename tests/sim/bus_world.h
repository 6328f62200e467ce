#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "async/scope.h"
#include "bus/bus.h"
#include "http/client.h"
#include "http/router.h"
#include "http/server.h"
#include "sim/planted.h"
#include "sim/trial.h"

namespace berth::sim {

/// The bugs that may be planted under the bus.
struct BusPlants {
  bool log_sync_lies = false;    // messages are acknowledged before they are on the disk
  bool state_sync_lies = false;  // acknowledgements are lost
  bool answers_lie = false;      // an error is taken for an acknowledgement
};

/// What was sent to the bus and what came of it, known to nobody but the scenario.
struct SentMessage {
  std::string topic;
  std::string body;
  MonotonicTime begun{};
  bool acknowledged = false;
  std::string id;  // that it was acknowledged or delivered under
};

/// A service that hears topics. Its mood says how it answers.
class Subscriber {
 public:
  enum class Mood : std::uint8_t { good, fails, stalls, hangs, refuses, away };

  Subscriber(class BusWorld& world, Host& host, std::string name, std::uint16_t port);
  void set(Mood mood);
  Address address() const { return host_.address(port_); }
  const std::string& name() const { return name_; }
  bool away() const { return mood_ == Mood::away; }

  std::set<std::string> taken;  // tokens of those that it answered with 200
  std::size_t heard = 0;

 private:
  struct Delivery {
    std::string token;
    std::map<int, std::set<int>> attempts;  // by run of the bus
  };
  Deferred<http::ServerResponse> hear(http::ServerRequest& request);
  void look_at(http::ServerRequest& request, const std::string& token, const std::string& body);

  BusWorld& world_;
  Host& host_;
  std::string name_;
  std::uint16_t port_;
  Mood mood_ = Mood::away;
  std::map<std::string, Delivery> deliveries_;  // by id
  std::unique_ptr<http::Server> server_;
};

/// A bus on a host that crashes, publishers and subscribers on others, and what must hold:
///
/// 1. What was acknowledged to a publisher is taken by each subscription that was there before, or
///    is a dead letter of it.
/// 2. What is delivered was sent, whole, under one message id and one delivery id.
/// 3. A run of the bus makes each attempt once; a later run does not go back in its numbers.
/// 4. Once all is quiet, a power loss repeats nothing and forgets nothing.
class BusWorld {
 public:
  static constexpr std::uint32_t attempts_max = 4;
  static constexpr Duration faults_last = 15s;
  static constexpr Duration settles_within = 5min;

  BusWorld(Trial& trial, BusPlants plants);
  ~BusWorld();
  void play();

  Trial& trial;
  std::map<std::string, SentMessage> sent;        // by token, with which its body begins
  std::map<std::string, std::string> deliveries;  // id to service and token
  std::set<std::string> died;                     // deliveries that were dead letters once
  WatchedNetwork network;

 private:
  struct Running;

  Deferred<void> publish_on(std::size_t publisher);
  Deferred<void> publish_one(std::size_t publisher, std::string token);
  Deferred<void> weather();
  Deferred<void> do_something();
  void change_moods();
  void change_disk();
  void change_wires();
  Deferred<void> restart_bus();
  Deferred<void> change_passing();
  Deferred<void> send_dead_again();
  void stop_bus(bool power_loss);
  Deferred<void> start_bus();
  Deferred<void> note_recovered_letters();
  Deferred<bool> try_start_bus();
  Deferred<void> subscribe();
  Address address_of(const std::string& service) const;
  std::vector<bus::Subscription> wanted() const;
  void calm();
  /// What invariant 1 lacks; empty: nothing, and no backlog.
  Deferred<std::string> unsettled();
  Deferred<void> settle();
  std::string counts() const;
  Deferred<std::string> snapshot();
  Deferred<void> look_once_more();
  Clock& clock() { return trial.simulation.timeline; }

  Host& bus_host_;
  std::vector<std::unique_ptr<http::Client>> clients_;
  LyingDisk disk_;
  World world_;
  bus::BusOptions options_;
  std::vector<std::unique_ptr<Subscriber>> subscribers_;
  std::unique_ptr<Running> running_;
  bool publishing_ = true;
  MonotonicTime subscribed_since_{};  // zero: not yet
  bool passing_wanted_ = false;       // the subscription that comes and goes
  bool syncs_failed_ = false;
  MonotonicTime passing_since_{};  // it is there for good; zero: it may not be
  Scope scope_;
};

}  // namespace berth::sim
