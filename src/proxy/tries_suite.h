#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/access_record.h"
#include "http/client.h"
#include "http/server.h"
#include "proxy/proxy.h"
#include "sim/simulation.h"

namespace berth::proxy {
struct Recorded {
  int status;
  std::string server, termination;
  std::uint32_t retries;
};

struct TriesSink final : AccessSink {
  void note(const http::AccessRecord& r) override {
    records.push_back({r.status, std::string(r.server), std::string(r.termination, 4), r.retries});
  }
  std::vector<Recorded> records;
};
struct NamedCaller final : CallerFinder {
  std::string find(const Address&, const Address&) override { return name; }
  std::string name = "unknown";
};
struct PlainListeners final : ListenerSource {
  explicit PlainListeners(Network& network) : network(network) {}
  Deferred<std::unique_ptr<Listener>> listener(Address address) override {
    return resolved<std::unique_ptr<Listener>>(network.listen(address));
  }
  void release(const Address&) override {}
  Network& network;
};

/// A program that the service runs, as bad as the test wants it.
struct Program {
  std::string id;
  int status = 200;
  Duration takes{};
  bool says_reason = false;
  std::vector<std::map<std::string, std::string>> heads;  // of what it got
  std::vector<std::string> bodies;
  std::unique_ptr<http::Server> server;
};

struct Answer {
  int status = 0;
  std::string text, reason, cookie, retry_after, replayed;
};

/// A proxy with one service in virtual time: what is tried, what is let in, what is told.
struct TriesTest : ::testing::Test {
  sim::Simulation simulation{7};
  sim::Host& here = simulation.add_host("here");
  sim::Host& there = simulation.add_host("there");
  TriesSink sink;
  NamedCaller callers;
  PlainListeners plain{here.network};
  catalog::Service users, shadow;
  std::vector<std::unique_ptr<Program>> programs;
  ProxyOptions options;
  std::unique_ptr<Proxy> proxy;
  std::unique_ptr<http::Client> client;
  std::uint64_t revision = 0;

  TriesTest() {
    users.name = "users";
    shadow.name = "shadow";
    users.vip = here.address(7480);
    users.policy.queue_timeout = 300ms;
    restart();
  }
  /// Another proxy in the place of the one before.
  void restart() {
    client = nullptr;
    proxy = nullptr;
    proxy = std::make_unique<Proxy>(here.world(), Log(), plain, sink, callers, options);
    client = std::make_unique<http::Client>(here.clock, here.network);
  }

  Program& add() { return add_to(users); }
  Program& add_shadow() { return add_to(shadow); }
  Program& add_to(catalog::Service& service) {
    auto& program = *programs.emplace_back(std::make_unique<Program>());
    auto number = static_cast<std::uint16_t>(programs.size());
    program.id = service.name + "/" + std::to_string(number);
    Address address = there.address(static_cast<std::uint16_t>(4000 + number));
    program.server = std::make_unique<http::Server>(
        there.clock,
        [this, &program](http::ServerRequest& request) { return answer(program, request); });
    program.server->serve(there.network.listen(address).value());
    service.instances.push_back(
        {program.id, "1", "v1", "there", address, catalog::Health::healthy, "", 0});
    return program;
  }
  Deferred<http::ServerResponse> answer(Program& program, http::ServerRequest& request) {
    auto& head = program.heads.emplace_back();
    for (auto& header : request.head.headers)
      head[std::string(header.name)] = std::string(header.value);
    int status = program.status;
    std::string body = co_await request.body(1 << 20);
    program.bodies.push_back(body);
    if (program.takes > 0s) co_await there.clock.after(program.takes);
    auto response = http::ServerResponse::text(program.id, status);
    if (program.says_reason) response.headers.emplace_back("x-berth-reason", "tried already");
    co_return response;
  }
  /// The program is gone: connections are refused.
  void end(Program& program) { program.server = nullptr; }
  void apply() {
    auto snapshot = std::make_shared<catalog::Snapshot>();
    snapshot->revision = ++revision;
    snapshot->services["users"] = std::make_shared<catalog::Service>(users);
    if (!shadow.instances.empty())
      snapshot->services["shadow"] = std::make_shared<catalog::Service>(shadow);
    proxy->apply(snapshot);
    simulation.run_for(1ms);
  }
  using Fields = std::vector<std::pair<std::string, std::string>>;
  Deferred<Answer> ask(std::string method = "GET", Fields fields = {}, std::string body = "") {
    http::Request request;
    request.method = std::move(method);
    request.headers = std::move(fields);
    if (!body.empty()) request.body = http::Body(body);
    auto response = co_await client->send(users.vip, std::move(request));
    Answer answer;
    answer.status = response.status();
    answer.reason = response.headers().value("x-berth-reason");
    answer.cookie = response.headers().value("set-cookie");
    answer.retry_after = response.headers().value("retry-after");
    answer.replayed = response.headers().value("idempotent-replayed");
    answer.text = co_await response.text();
    co_return answer;
  }
  Answer get(Fields fields = {}) { return run(ask("GET", std::move(fields))); }
  Answer run(Deferred<Answer> asked) {
    auto answer = simulation.run(std::move(asked));
    return answer.ok() ? *answer : Answer{0, answer.error().text(), "", "", "", ""};
  }
  std::size_t sent() const {
    std::size_t count = 0;
    for (auto& each : programs) count += each->heads.size();
    return count;
  }
};

}  // namespace berth::proxy
