#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "async/scope.h"
#include "http/access_record.h"
#include "http/client.h"
#include "http/server.h"
#include "proxy/h2_links.h"
#include "proxy/proxy.h"
#include "sim/simulation.h"

namespace berth::proxy {

/// A body part by part, with trailers behind it; `read` counts what was taken.
struct PartsSource final : http::BodySource {
  using Trailers = std::vector<std::pair<std::string, std::string>>;
  PartsSource(std::vector<std::string> all, Trailers behind, std::size_t* count = nullptr)
      : parts(std::move(all)), fields(std::move(behind)), taken(count) {}
  Deferred<Bytes> read() override {
    if (next == parts.size()) return ready(Bytes());
    if (taken) *taken += parts[next].size();
    return ready(Bytes::copy(parts[next++]));
  }
  Trailers trailers() override { return std::move(fields); }
  std::vector<std::string> parts;
  Trailers fields;
  std::size_t* taken;
  std::size_t next = 0;
};

/// A proxy with one service, whose instances speak HTTP/1.1 or HTTP/2, in virtual time; clients of
/// both versions ask by its VIP.
struct H2ProxyTest : ::testing::Test {
  struct Noted {
    int status;
    std::string server, termination, caller;
    std::uint32_t retries;
  };
  struct Sink final : AccessSink {
    void note(const http::AccessRecord& r) override {
      all.push_back({r.status, std::string(r.server), std::string(r.termination, 4),
                     std::string(r.caller), r.retries});
    }
    std::vector<Noted> all;
  };
  struct Callers final : CallerFinder {
    std::string find(const Address&, const Address&) override { return ++asked, "web"; }
    int asked = 0;
  };
  struct Listeners final : ListenerSource {
    explicit Listeners(Network& of) : network(of) {}
    Deferred<std::unique_ptr<Listener>> listener(Address address) override {
      return resolved<std::unique_ptr<Listener>>(network.listen(address));
    }
    void release(const Address&) override {}
    Network& network;
  };
  struct Got {
    int status = 0;
    std::string text, error;
    std::map<std::string, std::string> fields, trailers;
  };
  using Fields = std::vector<std::pair<std::string, std::string>>;

  sim::Simulation simulation{5};
  sim::Host& here = simulation.add_host("here");
  sim::Host& there = simulation.add_host("there");
  Sink sink;
  Callers callers;
  Listeners listeners{here.network};
  catalog::Service users;
  Proxy proxy{here.world(), Log(), listeners, sink, callers, ProxyOptions()};
  http::Client client{here.clock, here.network};
  std::vector<std::unique_ptr<http::Server>> servers;
  http::ServerOptions server_options;
  http::Handler handler = [this](http::ServerRequest& request) { return echo(request); };
  std::vector<std::string> heads;  // of requests as instances saw them, "name: value\n"
  Fields trailers_seen;
  std::uint64_t revision = 0;

  H2ProxyTest() {
    users.name = "users";
    users.vip = here.address(7480);
    users.policy.protocol = catalog::Protocol::h2;
    users.policy.queue_timeout = 300ms;
  }

  /// What was sent comes back, with a trailer.
  Deferred<http::ServerResponse> echo(http::ServerRequest& request) {
    std::string head = std::string(request.head.method) + " " + std::string(request.head.target);
    head += "\n";
    for (auto& field : request.head.headers) {
      head += std::string(field.name) + ": " + std::string(field.value) + "\n";
    }
    heads.push_back(head);
    std::string body;
    if (request.content) body = co_await http::read_all(*request.content, 16 << 20);
    if (request.content) trailers_seen = request.content->trailers();
    http::ServerResponse response;
    Fields behind{{"x-sum", std::to_string(body.size())}};
    std::vector<std::string> parts;
    if (!body.empty()) parts.push_back(body);
    response.body = http::Body(std::make_unique<PartsSource>(parts, behind));
    co_return std::move(response);
  }
  Address place(std::size_t number) const {
    return there.address(static_cast<std::uint16_t>(4000 + number));
  }
  void note_instance(std::size_t number) {
    users.instances.push_back({"users/" + std::to_string(number), "1", "v1", "there", place(number),
                               catalog::Health::healthy, "", 0});
  }
  void add() {
    std::size_t number = users.instances.size() + 1;
    servers.push_back(std::make_unique<http::Server>(
        there.clock, [this](http::ServerRequest& request) { return handler(request); },
        server_options));
    servers.back()->serve(there.network.listen(place(number)).value());
    note_instance(number);
  }
  void apply() {
    auto snapshot = std::make_shared<catalog::Snapshot>();
    snapshot->revision = ++revision;
    snapshot->services["users"] = std::make_shared<catalog::Service>(users);
    proxy.apply(snapshot);
    simulation.run_for(1ms);
  }

  Deferred<http::Response> send(http::Request request, bool by_h2 = true) {
    http::SendOptions options;
    options.version = by_h2 ? http::Version::http_2 : http::Version::http_1_1;
    options.connect_to = users.vip;
    http::Url url = http::parse_url("http://users" + request.target).value();
    return client.send(url, std::move(request), std::move(options));
  }
  Deferred<Got> whole(http::Request request, bool by_h2) {
    auto response = co_await send(std::move(request), by_h2);
    Got got;
    got.status = response.status();
    for (auto& field : response.headers()) {
      got.fields[std::string(field.name)] = std::string(field.value);
    }
    got.text = co_await response.text();
    for (auto& [name, value] : response.trailers()) got.trailers[name] = value;
    co_return got;
  }
  Got ask(http::Request request, bool by_h2 = true) {
    auto got = simulation.run(whole(std::move(request), by_h2));
    if (got.ok()) return std::move(*got);
    Got failed;
    failed.error = got.error().text();
    return failed;
  }
  static http::Request post(http::Body body, Fields fields = {}, std::string target = "/") {
    http::Request request;
    request.method = "POST";
    request.target = std::move(target);
    request.headers = std::move(fields);
    request.body = std::move(body);
    return request;
  }
  static http::Request grpc(Fields more = {}) {
    more.emplace_back("content-type", "application/grpc");
    more.emplace_back("te", "trailers");
    return post(http::Body(std::string(5, '\0')), std::move(more), "/a.B/C");
  }
  static http::Body streamed(std::vector<std::string> parts, Fields behind = {}) {
    return http::Body(std::make_unique<PartsSource>(std::move(parts), std::move(behind)));
  }
};

}  // namespace berth::proxy
