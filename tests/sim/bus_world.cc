#include "sim/bus_world.h"

#include "async/gather.h"
#include "base/json.h"
#include "base/strings.h"
#include "bus/bus_routes.h"

namespace berth::sim {
namespace {

constexpr std::uint16_t bus_port = 7400;
constexpr std::string_view topics[] = {"order.created", "user.created"};
constexpr std::string_view passing = "audit";

std::string body_of(const std::string& token, std::size_t size) {
  std::string body = token + ":";
  while (body.size() < size) body += token;
  return body;
}

}  // namespace

struct BusWorld::Running {
  Running(World& world, Log log, bus::BusOptions options, bus::Bus::Resolve resolve,
          bus::Bus::DeadLetterSink died)
      : bus(world, log, std::move(options), std::move(resolve), std::move(died)),
        server(world.clock,
               [this](http::ServerRequest& request) { return router.route(request); }) {
    add_bus_routes(router, bus);
  }
  bus::Bus bus;
  http::Router router;
  http::Server server;
};

BusWorld::BusWorld(Trial& trial, BusPlants plants)
    : trial(trial),
      network(trial.simulation.add_host("bus").network),
      bus_host_(trial.simulation.host(0)),
      disk_(bus_host_.disk,
            [plants](const std::string& path) {
              return (plants.log_sync_lies && path.find("/log/") != path.npos) ||
                     (plants.state_sync_lies && path.find("/state.") != path.npos);
            }),
      world_{bus_host_.clock,   network,          disk_,
             bus_host_.process, bus_host_.random, bus_host_.workers} {
  network.answers_lie = plants.answers_lie;
  options_.folder = "/state/bus";
  options_.message_bytes_max = 64 << 10;
  options_.attempts_max = attempts_max;
  options_.retry_first = 200ms;
  options_.retry_most = 3s;
  options_.delivery_timeout = 2s;
  options_.in_flight_max = 4;
  options_.log_bytes_max = 1 << 20;
  auto& simulation = trial.simulation;
  for (auto name : {"mail", "stats"}) {
    Host& host = simulation.add_host(name);
    subscribers_.push_back(std::make_unique<Subscriber>(*this, host, name, 80));
  }
  subscribers_.push_back(
      std::make_unique<Subscriber>(*this, simulation.host(2), std::string(passing), 81));
  for (auto name : {"publisher1", "publisher2"}) {
    Host& host = simulation.add_host(name);
    clients_.push_back(std::make_unique<http::Client>(host.clock, host.network));
  }
}

BusWorld::~BusWorld() = default;

void BusWorld::play() {
  auto& simulation = trial.simulation;
  for (auto& subscriber : subscribers_) subscriber->set(Subscriber::Mood::good);
  simulation.run(bus_host_.disk.make_folder("/state")).value();
  simulation.run(bus_host_.disk.sync_folder("/")).value();
  simulation.run(start_bus()).value();
  for (std::size_t i = 0; i < clients_.size(); ++i) scope_.add(publish_on(i));
  bool over = false;
  scope_.add(weather().finally([&] { over = true; }));
  trial.expect(simulation.run_until([&] { return over; }, faults_last * 4),
               "the faults do not end");
  publishing_ = false;
  calm();
  auto settled = simulation.run(settle(), settles_within);
  if (!settled.ok()) {
    auto left = simulation.run(unsettled(), 10s);
    trial.wrong("not settled: " + (left.ok() ? *left : left.error().text()));
  }
  if (!trial.found()) std::ignore = simulation.run(look_once_more());
  if (running_) std::ignore = simulation.run(running_->bus.close());
  running_ = nullptr;
}

Deferred<void> BusWorld::publish_on(std::size_t publisher) {
  for (int number = 0; publishing_; ++number) {
    co_await clock().after(trial.between(5ms, 250ms));
    std::string token = "p" + std::to_string(publisher) + "-" + std::to_string(number);
    scope_.add(publish_one(publisher, std::move(token)));
  }
}

Deferred<void> BusWorld::publish_one(std::size_t publisher, std::string token) {
  std::size_t size = trial.chance(0.1) ? trial.below(20'000) : trial.below(300);
  SentMessage& message = sent[token];
  message.topic = topics[trial.below(std::size(topics))];
  message.body = body_of(token, size);
  message.begun = clock().now();
  auto answer = co_await clients_[publisher]
                    ->post(bus_host_.address(bus_port), "/v1/topics/" + message.topic, "text/plain",
                           message.body, 5s)
                    .result();
  if (!answer.ok() || answer->status() != 202) co_return;
  message.acknowledged = true;
  auto text = co_await with_timeout(clock(), 5s, answer->text()).result();
  if (!text.ok()) co_return;
  std::string id(Json::parse(*text).value()["id"].string_or(""));
  trial.expect(message.id.empty() || message.id == id, "a message has two ids: " + token);
  message.id = id;
}

Deferred<void> BusWorld::weather() {
  MonotonicTime end = clock().now() + faults_last;
  while (clock().now() < end && !trial.found()) {
    co_await clock().after(trial.between(20ms, 1500ms));
    co_await do_something();
  }
}

Deferred<void> BusWorld::do_something() {
  switch (trial.below(10)) {
    case 0:
    case 1:
      change_moods();
      break;
    case 2:
    case 3:
      change_disk();
      break;
    case 4:
      change_wires();
      break;
    case 5:
    case 6:
      co_await restart_bus();
      break;
    case 7:
      co_await change_passing();
      break;
    case 8:
      co_await send_dead_again();
      break;
    default:
      bus_host_.stall(trial.between(1ms, 4s));
      bus_host_.clock.wall_offset += trial.between(-2min, 2min);
  }
}

void BusWorld::change_moods() {
  auto& subscriber = *subscribers_[trial.below(subscribers_.size())];
  auto mood = static_cast<Subscriber::Mood>(trial.below(6));
  trial.say(subscriber.name() + " is in mood " + std::to_string(static_cast<int>(mood)));
  subscriber.set(mood);
}

void BusWorld::change_disk() {
  DiskFaults faults;
  switch (trial.below(6)) {
    case 0:
      faults.sync_fails = 0.3;
      syncs_failed_ = true;
      break;
    case 1:
      faults.write_fails = 0.2;
      break;
    case 2:
      faults.slow = 0.2;
      break;
    case 3:
      faults.bytes_max = 300 << 10;
      break;
    case 4:
      faults.read_fails = 0.2;
      break;
    default:
      break;
  }
  trial.say("the disk changes");
  bus_host_.disk.faults = faults;
}

void BusWorld::change_wires() {
  Fabric& fabric = trial.simulation.fabric;
  fabric.faults.reset_chance = trial.chance(0.3) ? 0.02 : 0;
  Host& other = trial.simulation.host(1 + trial.below(trial.simulation.hosts() - 1));
  if (trial.chance(0.4)) return fabric.heal_all();
  trial.say("wires to " + other.name() + " are cut");
  if (trial.chance(0.7)) fabric.cut(bus_host_.node(), other.node());
  if (trial.chance(0.7)) fabric.cut(other.node(), bus_host_.node());
}

Deferred<void> BusWorld::restart_bus() {
  std::uint64_t how = trial.below(5);
  if (how == 0) {
    trial.say("the bus is closed");
    auto closed = co_await running_->bus.close().result();
    trial.expect(closed.ok(), "the bus does not close");
  }
  stop_bus(how > 1);
  co_await clock().after(trial.between(1ms, 2s));
  co_await start_bus();
}

void BusWorld::stop_bus(bool power_loss) {
  trial.say(power_loss ? "the power of the bus goes" : "the bus is killed");
  if (power_loss) bus_host_.crash();
  running_ = nullptr;
  if (power_loss) bus_host_.start();
  ++network.run;
}

Deferred<void> BusWorld::start_bus() {
  for (;;) {
    if (co_await try_start_bus()) break;
    stop_bus(trial.chance(0.5));
    co_await clock().after(trial.between(10ms, 500ms));
    if (trial.chance(0.3)) bus_host_.disk.faults = {};
  }
  co_await note_recovered_letters();
  co_await subscribe();
  trial.say("the bus is open\n" + counts());
  running_->server.serve(bus_host_.network.listen(bus_host_.address(bus_port)).value());
}

/// A letter may have been synced though the bus was stopped before it could tell.
Deferred<void> BusWorld::note_recovered_letters() {
  for (auto topic : topics) {
    for (;;) {
      auto letters = co_await running_->bus.dead(std::string(topic), "", 10'000).result();
      if (letters.ok()) {
        for (auto& letter : *letters) died.insert(letter.id);
      } else if (!letters.error().is(Code::not_found)) {
        co_await clock().after(10ms);  // the disk fails now and then
        continue;
      }
      break;
    }
  }
}

/// Now and then it is stopped while it opens.
Deferred<bool> BusWorld::try_start_bus() {
  trial.say("the bus opens");
  running_ = std::make_unique<Running>(
      world_, trial.log().named("bus"), options_,
      [this](const std::string& service) { return address_of(service); },
      [this](const bus::DeadLetter& letter) { died.insert(letter.id); });
  Duration limit = trial.chance(0.2) ? trial.between(0ms, 30ms) : 60s;
  auto opened = co_await with_timeout(clock(), limit, running_->bus.open()).result();
  if (opened.ok()) co_return true;
  trial.say("opening failed: " + opened.error().text());
  const DiskFaults& faults = bus_host_.disk.faults;
  bool excused = opened.error().is(Code::timed_out) || faults.sync_fails + faults.write_fails > 0 ||
                 faults.read_fails > 0 || opened.error().is(Code::disk_full);
  trial.expect(excused, "the bus does not open: " + opened.error().text());
  co_return trial.found().has_value();
}

Address BusWorld::address_of(const std::string& service) const {
  for (auto& each : subscribers_) {
    if (each->name() == service && !each->away()) return each->address();
  }
  return {};
}

std::vector<bus::Subscription> BusWorld::wanted() const {
  std::vector<bus::Subscription> all;
  for (auto topic : topics) all.push_back({std::string(topic), "mail", "/events"});
  all.push_back({std::string(topics[0]), "stats", "/events"});
  if (passing_wanted_) all.push_back({std::string(topics[0]), std::string(passing), "/events"});
  return all;
}

Deferred<void> BusWorld::subscribe() {
  for (;;) {
    auto set = co_await running_->bus.set_subscriptions(wanted()).result();
    if (set.ok()) break;
    trial.say("subscribing failed: " + set.error().text());
    co_await clock().after(200ms);
  }
  if (subscribed_since_ == MonotonicTime{}) subscribed_since_ = clock().now();
  if (passing_wanted_ && passing_since_ == MonotonicTime{}) passing_since_ = clock().now();
}

Deferred<void> BusWorld::change_passing() {
  passing_wanted_ = !passing_wanted_;
  passing_since_ = {};
  trial.say(passing_wanted_ ? "audit comes" : "audit goes");
  co_await subscribe();
}

Deferred<void> BusWorld::send_dead_again() {
  trial.say("dead letters are sent again");
  for (auto topic : topics) {
    std::ignore = co_await running_->bus.send_all_again(std::string(topic), "").result();
  }
}

void BusWorld::calm() {
  trial.say("all is calm");
  trial.simulation.fabric.heal_all();
  trial.simulation.fabric.faults = {};
  bus_host_.disk.faults = {};
  for (auto& subscriber : subscribers_) subscriber->set(Subscriber::Mood::good);
}

Deferred<std::string> BusWorld::unsettled() {
  std::set<std::string> dead;  // service and token
  for (auto topic : topics) {
    auto letters = co_await running_->bus.dead(std::string(topic), "", 10'000).result();
    if (!letters.ok() && letters.error().is(Code::not_found)) continue;
    for (auto& letter : co_await or_return(std::move(letters))) {
      dead.insert(letter.service + " " + letter.body.substr(0, letter.body.find(':')));
    }
  }
  for (auto& subscription : wanted()) {
    bool passes = subscription.service == passing;
    MonotonicTime since = passes ? passing_since_ : subscribed_since_;
    auto found = std::ranges::find(subscribers_, subscription.service,
                                   [](auto& each) { return each->name(); });
    for (auto& [token, message] : sent) {
      if (!message.acknowledged || message.topic != subscription.topic) continue;
      if (message.begun <= since || (*found)->taken.contains(token)) continue;
      if (dead.contains(subscription.service + " " + token)) continue;
      co_return "acknowledged " + token + " (" + message.id + ") to " + message.topic +
          " is neither taken by " + subscription.service + " nor dead";
    }
  }
  for (auto& topic : running_->bus.topics()) {
    for (auto& each : topic.subscriptions) {
      if (each.backlog > 0) {
        co_return each.service + " has a backlog of " + std::to_string(each.backlog) + " in " +
            topic.name;
      }
    }
  }
  co_return "";
}

Deferred<void> BusWorld::settle() {
  for (;;) {
    co_await clock().after(500ms);
    if ((co_await unsettled()).empty()) co_return;
  }
}

std::string BusWorld::counts() const {
  std::string all;
  for (auto& topic : running_->bus.topics()) {
    all += topic.name + " " + std::to_string(topic.published) + "\n";
    for (auto& each : topic.subscriptions) {
      all += "  " + each.service + " delivered " + std::to_string(each.delivered) + " retried " +
             std::to_string(each.retried) + " dead " + std::to_string(each.dead) + "\n";
    }
  }
  return all;
}

Deferred<std::string> BusWorld::snapshot() {
  std::string all = counts();
  for (auto& topic : running_->bus.topics()) {
    for (auto& letter : co_await running_->bus.dead(topic.name, "", 10'000)) {
      all += "letter " + letter.id + " " + std::to_string(letter.attempts) + "\n";
    }
  }
  co_return all;
}

Deferred<void> BusWorld::look_once_more() {
  co_await clock().after(5s);
  std::size_t heard = 0;
  for (auto& subscriber : subscribers_) heard += subscriber->heard;
  if (syncs_failed_) {  // what failed so may be on disk or not: the next start finds out
    stop_bus(true);
    co_await start_bus();
    co_await clock().after(30s);
  }
  std::string before = co_await snapshot();
  stop_bus(true);
  co_await start_bus();
  co_await clock().after(30s);
  for (auto& subscriber : subscribers_) heard -= subscriber->heard;
  trial.expect(heard == 0, "what was acknowledged long ago is delivered again");
  std::string after = co_await snapshot();
  trial.expect(before == after,
               "a power loss changed what is known: before\n" + before + "after\n" + after);
}

}  // namespace berth::sim
