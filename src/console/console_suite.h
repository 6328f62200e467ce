#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "console/api.h"
#include "http/client.h"
#include "observe/all_series.h"
#include "os/real_world_suite.h"
#include "storage/memory_store.h"

namespace berth::console {

/// Time that the test moves.
struct SetClock final : Clock {
  MonotonicTime now() const override { return now_; }
  MonotonicTime exact_now() const override { return now_; }
  WallTime wall() const override { return {begin + now_.nanoseconds}; }
  TimerQueue& timers() override { return timers_; }

  static constexpr std::int64_t begin = 1'764'000'000'000'000'000;
  MonotonicTime now_{};
  TimerQueue timers_;
};

/// Server-sent events of a response, as they come.
struct EventReader {
  struct Event {
    std::string name;
    std::string data;
    Json json() const { return Json::parse(data).value(); }
  };
  http::Response response;
  std::string text;
  bool ended = false;

  /// The next event, or nothing if none has arrived.
  std::optional<Event> take() {
    for (;;) {
      std::size_t end = text.find("\n\n");
      if (end == text.npos) return std::nullopt;
      std::string block = text.substr(0, end + 1);
      text.erase(0, end + 2);
      Event event;
      for (std::size_t begin = 0, line; begin < block.size(); begin = line + 1) {
        line = block.find('\n', begin);
        std::string_view each = std::string_view(block).substr(begin, line - begin);
        if (each.starts_with("event: ")) event.name = each.substr(7);
        if (each.starts_with("data: ")) event.data = each.substr(6);
      }
      if (!event.name.empty()) return event;
    }
  }
};

/// A console on a memory Store with a real HTTP server and client. Sockets and files are real, the
/// console's time is the test's.
struct ConsoleTest : testing::Test, os::RealWorldBy<SetClock> {
  std::string folder = testing::TempDir() + "console-" + std::to_string(random.next());
  storage::MemoryStore store{clock};
  placement::Mirror mirror{world, Log(), store};
  placement::Feed feed{world, Log(), store, mirror};
  placement::Changes changes{world, store, mirror};
  observe::SampleStore samples{world, Log(), {.folder = folder + "/samples"}};
  observe::AllSeries all_series{samples};
  observe::Observer observer{world, samples, Log()};
  bus::Bus bus{
      world, Log(), {.folder = folder + "/bus"}, [](auto&) { return Address(); }, [](auto&) {}};
  std::vector<std::string> killed;
  std::map<std::string, std::string> waits;
  ApiOptions options{.token = std::string(64, 'a'), .version = "0.1.0"};
  std::unique_ptr<Api> api;
  http::Server server{reactor, [this](http::ServerRequest& r) { return api->answer(r); }};
  http::Client client{reactor, network};
  Address address;

  void SetUp() override {
    std::filesystem::create_directories(folder + "/logs");
    ok(samples.open());
    ok(bus.open());
    observer.start();
    Json system =
        placement::to_json(placement::SystemRecord{"shop", "dev", "shop.localhost", 0x7f4d0700});
    ok(store.commit(storage::Batch().put("system", system.text())));
    ok(mirror.start());
  }
  void TearDown() override {
    if (api) ok(api->close());
    ok(server.close());
    observer.stop();
    ok(mirror.close());
    ok(feed.close());
    ok(bus.close());
    ok(samples.close());
    std::filesystem::remove_all(folder);
  }

  /// Makes the console and its server; what was changed in `options` holds.
  void start() {
    auto listener = network.listen(Address::loopback(0)).value();
    address = listener->address();
    options.port = address.port();
    Sources sources{world,
                    Log(),
                    mirror,
                    changes,
                    feed,
                    observer,
                    observer.series(),
                    bus,
                    folder,
                    [this](std::string_view service) { return waits[std::string(service)]; },
                    [this](std::string_view id) { return kill(id); },
                    [this] {
                      return std::vector<NamedAddress>{{"console", "http://" + address.text()},
                                                       {"dns", "udp://127.0.0.1:8600"}};
                    },
                    [this] { return ProgramCounters{1000, 3, server.connections()}; }};
    sources.all_series = &all_series;
    api = std::make_unique<Api>(std::move(sources), options);
    api->start();
    server.serve(std::move(listener));
  }
  Result<void> kill(std::string_view id) {
    killed.emplace_back(id);
    if (id == "users/9") return Error(Code::not_found, "there is no instance 'users/9'");
    if (id == "users/8") return Error(Code::conflict, "users/8 does not run");
    return {};
  }

  // Time and turns.

  template <class T>
  Result<T> run(Deferred<T> work) {
    for (int i = 0; i < 5000 && work.pending(); ++i) turn();
    EXPECT_FALSE(work.pending()) << "it took too long";
    return work.pending() ? Result<T>(Error::timed_out()) : work.take();
  }
  template <class T>
  T good(Deferred<T> work) {
    auto result = run(std::move(work));
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().text());
    if constexpr (!std::is_void_v<T>) return std::move(result).value();
  }
  void ok(Deferred<void> work) { good(std::move(work)); }
  void ok(Deferred<storage::Revision> work) { good(std::move(work)); }
  void turn() {
    clock.timers_.fire_due(clock.now_);
    reactor.turn(2ms);
  }
  /// Turns until it holds; false if it does not.
  bool until(const std::function<bool()>& holds) {
    for (int i = 0; i < 5000 && !holds(); ++i) turn();
    return holds();
  }
  /// Lets time go by, with all that is due on its way.
  void pass(Duration time) {
    for (MonotonicTime end = clock.now_ + time; clock.now_ < end;) {
      clock.now_ = std::min(end, clock.now_ + 250ms);
      for (int i = 0; i < 3; ++i) {
        clock.timers_.fire_due(clock.now_);
        reactor.turn(0ms);
      }
    }
  }
  /// The end of the present second, counted.
  void next_second() {
    std::int64_t second = observer.counted_until();
    while (observer.counted_until() == second) pass(250ms);
    for (int i = 0; i < 3; ++i) turn();
  }

  // The control state.

  placement::DesiredService& desired(const std::string& name, std::uint32_t instances = 1) {
    auto& service = services[name];
    if (service.name.empty()) {
      service.name = name;
      service.instances = instances;
      placement::Version version;
      version.number = 1;
      version.spec.name = name;
      version.spec.folder = "/shop";
      version.deployed = clock.wall();
      version.good = true;
      service.versions.push_back(version);
    }
    return service;
  }
  void put(const placement::DesiredService& service) {
    auto revision = good(store.commit(storage::Batch().put(placement::service_key(service.name),
                                                           placement::to_json(service).text())));
    ok(mirror.reached(revision));
  }
  placement::InstanceRecord instance(const std::string& service, std::uint32_t number,
                                     placement::InstanceState state, std::string why = "") {
    placement::InstanceRecord record;
    record.service = service;
    record.number = number;
    record.incarnation = "a";
    record.version = services.contains(service) ? services[service].target : 1;
    record.host = "laptop";
    record.address = Address::loopback(static_cast<std::uint16_t>(41000 + number));
    record.state = state;
    record.why = std::move(why);
    bool runs = state != placement::InstanceState::pending &&
                state != placement::InstanceState::stopped &&
                state != placement::InstanceState::failed;
    record.pid = runs ? 4000 + number : 0;
    record.since = clock.wall();
    return record;
  }
  void put(const placement::InstanceRecord& record) {
    auto revision = good(
        store.commit(storage::Batch().put(placement::instance_key(record.service, record.number),
                                          placement::to_json(record).text())));
    ok(mirror.reached(revision));
  }
  void remove(const std::string& key) {
    ok(mirror.reached(good(store.commit(storage::Batch().remove(key)))));
  }
  /// A service with so many healthy instances.
  void add_service(const std::string& name, std::uint32_t instances = 1) {
    put(desired(name, instances));
    for (std::uint32_t n = 1; n <= instances; ++n) {
      put(instance(name, n, placement::InstanceState::healthy));
    }
  }

  // Traffic.

  void request(const std::string& service, int status = 200, Duration took = 2ms,
               const std::string& caller = "web", const std::string& target = "/users/17") {
    observe::RequestSeen seen;
    seen.service = service;
    seen.caller = caller;
    std::string instance_id = service + "/1";
    seen.instance = instance_id;
    seen.method = "GET";
    seen.target = target;
    seen.termination = "----";
    seen.status = status;
    seen.took = took;
    seen.waited = took / 10;
    seen.connecting = took / 10;
    seen.answering = took / 2;
    seen.bytes_in = 100;
    seen.bytes_out = 1000;
    seen.ended = clock.wall();
    observer.note(seen);
  }
  /// So many requests in each of so many seconds, some of them errors.
  void traffic(const std::string& service, int seconds, int good, int bad = 0) {
    for (int second = 0; second < seconds; ++second) {
      for (int i = 0; i < good; ++i) request(service);
      for (int i = 0; i < bad; ++i) request(service, 500);
      next_second();
    }
  }

  // Asking.

  using Headers = std::vector<std::pair<std::string, std::string>>;
  struct Answer {
    int status = 0;
    std::map<std::string, std::string> headers;
    std::string text;
    Json json() const { return Json::parse(text).value_or(Json()); }
    std::string detail() const { return std::string(json()["detail"].string_or("(no detail)")); }
  };
  Headers with_token() const { return {{"authorization", "Bearer " + options.token}}; }
  Deferred<http::Response> send(std::string method, std::string target, std::string body,
                                Headers headers, std::string host = "") {
    http::Request request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.host = std::move(host);
    request.headers = std::move(headers);
    if (!body.empty()) request.body = http::Body(std::move(body));
    return client.send(address, std::move(request));
  }
  Answer ask(std::string method, std::string target, std::string body, Headers headers,
             std::string host = "") {
    auto response = good(send(std::move(method), std::move(target), std::move(body),
                              std::move(headers), std::move(host)));
    Answer answer;
    answer.status = response.status();
    for (auto& header : response.headers()) {
      answer.headers[std::string(header.name)] = header.value;
    }
    answer.text = good(response.text());
    return answer;
  }
  Answer get(std::string target) { return ask("GET", std::move(target), "", with_token()); }
  Answer post(std::string target, std::string body = "") {
    return ask("POST", std::move(target), std::move(body), with_token());
  }
  Json state() { return get("/v1/state").json(); }
  Json service_in(const Json& state, std::string_view name) {
    for (auto& service : state["services"].items()) {
      if (service["name"].string_or("") == name) return service;
    }
    return Json();
  }

  EventReader events(std::string target) {
    return {good(send("GET", std::move(target), "", with_token())), "", false};
  }
  /// The next event of that name, others passed over; nothing if the stream ended first.
  std::optional<EventReader::Event> next(EventReader& reader, std::string_view name) {
    for (int i = 0; i < 1000; ++i) {
      while (auto event = reader.take()) {
        if (event->name == name) return event;
      }
      auto part = run(reader.response.read());
      if (!part.ok() || part->empty()) {
        reader.ended = true;
        return std::nullopt;
      }
      reader.text += part->view();
    }
    return std::nullopt;
  }

  std::map<std::string, placement::DesiredService> services;
};

}  // namespace berth::console
