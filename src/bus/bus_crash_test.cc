#include <map>
#include <set>

#include "async/random.h"
#include "bus/bus.h"
#include "bus/bus_suite.h"
#include "http/server.h"
#include "sim/simulation.h"

// The bus in the simulation, where power goes at any moment, syncs fail, and writes are torn.

namespace berth::bus {
namespace {

/// Publishers and a subscriber that write down what they were promised and what they got.
struct CrashSimulation {
  explicit CrashSimulation(std::uint64_t seed) : simulation(seed) {
    // What was under way when the power went ends with an error that nobody is left to take.
    set_unhandled_error_sink([](const Error&) {});
    disk.before_each = [this] {
      if (++operations == crash_at) lose_power();
    };
    server = std::make_unique<http::Server>(
        mail.clock, [this](http::ServerRequest& request) { return take(request, *this); });
    server->serve(mail.network.listen(mail.address(80)).value());
  }

  ~CrashSimulation() { set_unhandled_error_sink(nullptr); }

  struct Delivered {
    std::string delivery, body;
    std::uint32_t attempt = 0;
    bool acknowledged = false;
  };

  static Deferred<http::ServerResponse> take(http::ServerRequest& request, CrashSimulation& self) {
    auto& headers = request.head.headers;
    std::string id(headers.value("Berth-Message-Id"));
    std::string delivery(headers.value("Berth-Delivery-Id"));
    auto attempt =
        static_cast<std::uint32_t>(std::atoi(std::string(headers.value("Berth-Attempt")).c_str()));
    std::string body = co_await request.body();
    Delivered& known = self.delivered[id];
    if (known.attempt > 0) {
      EXPECT_EQ(known.delivery, delivery);
      EXPECT_EQ(known.body, body);
      EXPECT_GE(attempt, known.attempt) << "an attempt number went back";
    }
    known.delivery = delivery;
    known.body = body;
    known.attempt = attempt;
    if (self.simulation.random().chance(self.refused)) {
      co_return http::ServerResponse::text("", 503);
    }
    known.acknowledged = true;
    co_return http::ServerResponse::text("");
  }

  static Deferred<void> publish_on(CrashSimulation& self, Bus& bus) {
    for (;;) {
      std::string body(1 + self.simulation.random().below(6000), 'x');
      body += std::to_string(++self.published);
      auto published = co_await bus.publish("order.created", "text/plain", body).result();
      if (published.ok()) self.promised[published->id] = body;
      co_await self.server_host.clock.after(
          Duration(static_cast<std::int64_t>(self.simulation.random().below(20'000'000))));
    }
  }

  void lose_power() {
    crash_at = 0;
    server_host.crash();
  }
  /// Destroys the processes' objects, as a kill does and as follows a power loss.
  void end_process() {
    publishers.reset();
    bus.reset();
    if (!server_host.up()) server_host.start();
  }
  void begin_process() {
    bus = std::make_unique<Bus>(
        world, Log(),
        BusOptions{.folder = "/state/bus",
                   .attempts_max = 4,
                   .retry_first = 20ms,
                   .retry_most = 100ms,
                   .in_flight_max = 8,
                   .log_bytes_max = 1 << 20,
                   .state_interval = 50ms},
        [this](const std::string&) { return mail.address(80); }, nullptr);
  }
  /// True if it is open and subscribed; false if the power went before.
  bool open() {
    begin_process();
    auto opened = bus->open();
    simulation.run_until([&] { return !opened.pending() || !server_host.up(); });
    if (!server_host.up()) return false;
    auto result = opened.take();
    EXPECT_TRUE(result.ok() || faulty) << result.error().text();
    if (!result.ok()) return false;
    auto set = bus->set_subscriptions({{"order.created", "mail", "/events"}});
    simulation.run_until([&] { return !set.pending() || !server_host.up(); });
    if (!server_host.up()) return false;
    result = set.take();
    EXPECT_TRUE(result.ok() || faulty) << result.error().text();
    return result.ok();
  }
  /// Publishes for a while, or until the power goes.
  void run_for(Duration time) {
    publishers = std::make_unique<Scope>();
    for (int i = 0; i < 3; i++) publishers->add(publish_on(*this, *bus));
    MonotonicTime end = simulation.now() + time;
    simulation.run_until([&] { return simulation.now() >= end || !server_host.up(); });
    publishers.reset();
  }
  /// Everything that was promised was delivered or is a dead letter.
  void check_promises() {
    crash_at = 0;
    server_host.disk.faults = {};
    if (bus) end_process();
    ASSERT_TRUE(open());
    ASSERT_TRUE(simulation.run_until([&] {
      auto topics = bus->topics();
      return topics.empty() || topics[0].subscriptions[0].backlog == 0;
    }));
    std::set<std::string> dead;
    if (!bus->topics().empty()) {
      auto letters = simulation.run(bus->dead("order.created", "", 100'000)).value();
      for (auto& letter : letters) {
        dead.insert(letter.message);
        EXPECT_EQ(letter.body, delivered[letter.message].body);
      }
      EXPECT_GE(bus->topics()[0].published, promised.size());
    }
    for (auto& [id, body] : promised) {
      auto found = delivered.find(id);
      ASSERT_NE(found, delivered.end()) << "lost " << id;
      EXPECT_EQ(found->second.body, body);
      EXPECT_TRUE(found->second.acknowledged || dead.contains(id)) << "given up in silence " << id;
    }
  }

  sim::Simulation simulation;
  sim::Host& server_host = simulation.add_host("server");
  sim::Host& mail = simulation.add_host("mail");
  WatchedDisk disk{server_host.disk};
  World world{server_host.clock,   server_host.network, disk,
              server_host.process, server_host.random,  server_host.workers};
  std::uint64_t operations = 0;
  std::uint64_t crash_at = 0;
  double refused = 0.2;
  bool faulty = false;  // syncs and writes may fail
  std::uint64_t published = 0;
  std::map<std::string, std::string> promised;  // id to body
  std::map<std::string, Delivered> delivered;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<Bus> bus;
  std::unique_ptr<Scope> publishers;
};

/// How many disk operations a life without a crash has: opening, 150 ms of work, closing.
std::uint64_t operations_of_a_life(std::uint64_t seed) {
  CrashSimulation life(seed);
  EXPECT_TRUE(life.open());
  life.run_for(150ms);
  EXPECT_TRUE(life.simulation.run(life.bus->close()).ok());
  EXPECT_GT(life.promised.size(), 20u);
  return life.operations;
}

TEST(BusCrash, power_lost_at_any_disk_operation_loses_nothing_acknowledged) {
  for (std::uint64_t seed : {1u, 2u}) {
    std::uint64_t last = operations_of_a_life(seed);
    for (std::uint64_t at = 1; at <= last; at++) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", operation " + std::to_string(at));
      CrashSimulation life(seed);
      life.crash_at = at;
      if (life.open()) {
        life.run_for(150ms);
        if (life.server_host.up()) {
          auto closing = life.bus->close();
          life.simulation.run_until([&] { return !closing.pending() || !life.server_host.up(); });
        }
      }
      life.check_promises();
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(BusCrash, power_lost_again_while_it_recovers_loses_nothing_acknowledged) {
  std::uint64_t operations = 60;
  for (std::uint64_t at = 1; at <= operations; at++) {
    SCOPED_TRACE("operation " + std::to_string(at));
    CrashSimulation life(at);
    ASSERT_TRUE(life.open());
    life.run_for(200ms);
    life.lose_power();
    life.end_process();
    life.crash_at = life.operations + at;
    if (life.open()) life.run_for(50ms);
    life.check_promises();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(BusCrash, kills_power_losses_and_failing_disks_lose_nothing_acknowledged) {
  for (std::uint64_t seed = 1; seed <= 60; seed++) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CrashSimulation life(seed);
    auto& random = life.simulation.random();
    life.faulty = seed % 3 != 0;
    for (int round = 0; round < 6; round++) {
      if (life.faulty) life.server_host.disk.faults = {.write_fails = 0.02, .sync_fails = 0.04};
      if (life.open()) {
        life.run_for(Duration(static_cast<std::int64_t>(random.below(300'000'000))));
      }
      if (life.server_host.up() && random.chance(0.7)) life.lose_power();
      life.end_process();
    }
    life.check_promises();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(BusCrash, a_disk_that_was_full_goes_on_when_there_is_room) {
  CrashSimulation life(7);
  life.faulty = true;
  ASSERT_TRUE(life.open());
  life.run_for(200ms);
  life.server_host.disk.faults.bytes_max = 1;
  std::size_t before = life.promised.size();
  life.run_for(300ms);
  auto refused =
      life.simulation.run(life.bus->publish("order.created", "", std::string(300'000, 'x')));
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(refused.error().is(Code::disk_full)) << refused.error().text();
  life.server_host.disk.faults = {};
  life.run_for(200ms);
  EXPECT_GT(life.promised.size(), before);
  life.check_promises();
}

TEST(BusCrash, the_same_seed_is_the_same_run) {
  std::uint64_t hashes[2];
  for (auto& hash : hashes) {
    CrashSimulation life(11);
    ASSERT_TRUE(life.open());
    life.run_for(300ms);
    hash = life.simulation.trace_hash();
  }
  EXPECT_EQ(hashes[0], hashes[1]);
}

}  // namespace
}  // namespace berth::bus
