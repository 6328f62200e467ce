#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bus/bus.h"
#include "bus/bus_suite.h"
#include "http/server.h"

namespace berth::bus {

/// What a subscriber was sent.
struct Arrived {
  std::string path, message, delivery, topic, content_type, body;
  int attempt = 0;
};

/// A service that takes messages; answers as `answer` says, by default 200.
struct Subscriber {
  Subscriber(RealWorld& real)
      : server(real.reactor,
               [this](http::ServerRequest& request) { return take(request, *this); }) {
    auto listener = real.network.listen(Address::loopback(0)).value();
    address = listener->address();
    server.serve(std::move(listener));
  }
  static Deferred<http::ServerResponse> take(http::ServerRequest& request, Subscriber& self) {
    auto& headers = request.head.headers;
    Arrived one{.path = std::string(request.head.target),
                .message = std::string(headers.value("Berth-Message-Id")),
                .delivery = std::string(headers.value("Berth-Delivery-Id")),
                .topic = std::string(headers.value("Berth-Topic")),
                .content_type = std::string(headers.value("content-type")),
                .body = co_await request.body(),
                .attempt = std::atoi(std::string(headers.value("Berth-Attempt")).c_str())};
    self.arrived.push_back(one);
    co_return co_await self.answer(one);
  }
  static Deferred<http::ServerResponse> status(int number) {
    return ready(http::ServerResponse::text("", number));
  }

  Address address;
  std::vector<Arrived> arrived;
  std::function<Deferred<http::ServerResponse>(const Arrived&)> answer = [](const Arrived&) {
    return status(200);
  };
  http::Server server;
};

struct BusFixture : ::testing::Test {
  RealWorld real;
  TemporaryFolder folder;
  std::map<std::string, Address> addresses;
  std::vector<DeadLetter> told;
  BusOptions options{.folder = folder.path + "/bus",
                     .attempts_max = 3,
                     .retry_first = 5ms,
                     .retry_most = 20ms,
                     .state_interval = 10ms};
  std::unique_ptr<Bus> bus;

  Result<void> try_open() {
    bus = std::make_unique<Bus>(
        real.world, Log(), options,
        [this](const std::string& service) {
          auto found = addresses.find(service);
          return found == addresses.end() ? Address() : found->second;
        },
        [this](const DeadLetter& letter) { told.push_back(letter); });
    return real.run(bus->open());
  }
  void open() {
    auto opened = try_open();
    ASSERT_TRUE(opened.ok()) << opened.error().text();
  }
  /// As a kill -9 at once.
  void kill() { bus.reset(); }
  void subscribe(std::vector<Subscription> all) {
    auto set = real.run(bus->set_subscriptions(std::move(all)));
    ASSERT_TRUE(set.ok()) << set.error().text();
  }
  Published publish(const std::string& topic, std::string body) {
    auto published = real.run(bus->publish(topic, "text/plain", std::move(body)));
    EXPECT_TRUE(published.ok()) << published.error().text();
    return published.ok() ? *published : Published();
  }
  SubscriptionState state(const std::string& topic, const std::string& service) const {
    for (auto& each : bus->topics()) {
      if (each.name != topic) continue;
      for (auto& subscription : each.subscriptions) {
        if (subscription.service == service) return subscription;
      }
    }
    return {};
  }
};

}  // namespace berth::bus
