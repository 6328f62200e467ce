#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/client.h"
#include "http/h2_client_suite.h"
#include "http/h2_conversation.h"
#include "http/server.h"
#include "sim/simulation.h"

namespace berth::http {

/// A body of `parts` parts of 10,000 bytes, that counts what was asked for.
class CountedSource final : public BodySource {
 public:
  CountedSource(int parts, int& asked) : parts_(parts), asked_(asked) {}
  Deferred<Bytes> read() override {
    if (asked_ == parts_) return ready(Bytes());
    ++asked_;
    return ready(Bytes::copy(std::string(10'000, 'x')));
  }
  std::vector<std::pair<std::string, std::string>> trailers() override {
    return {{"Grpc-Status", "0"}};
  }

 private:
  int parts_;
  int& asked_;
};

/// A server on one simulated host, which answers HTTP/2 and HTTP/1.1; a client on another.
struct H2ServerTest : ::testing::Test {
  sim::Simulation simulation{11};
  sim::Host& here = simulation.add_host("here");
  sim::Host& there = simulation.add_host("there");
  ServerOptions options;
  Server::Handler handler = echo;
  std::unique_ptr<Server> server;
  Address address;

  /// A handler of a coroutine without captures and of what it refers to, which outlives it.
  template <class F, class... State>
  static Server::Handler with(F coroutine, State&... state) {
    return [=, &state...](ServerRequest& request) { return coroutine(request, state...); };
  }
  static Deferred<ServerResponse> echo(ServerRequest& request) {
    co_return ServerResponse::text(co_await request.body(8 << 20));
  }
  void start() {
    server = std::make_unique<Server>(
        here.clock, [this](ServerRequest& request) { return handler(request); }, options);
    auto listener = here.network.listen(here.address(80)).value();
    address = listener->address();
    server->serve(std::move(listener));
  }
  std::unique_ptr<ByteStream> connect() {
    if (!server) start();
    return simulation.run(there.network.connect(address)).value();
  }
  template <class F>
  bool until(F holds, Duration limit = 1min) {
    return simulation.run_until(holds, limit);
  }
  /// The answer once its stream is closed.
  const H2TestClient::Answer& answer(H2TestClient& client, std::int32_t id) {
    EXPECT_TRUE(until([&] { return client.answers[id].closed; })) << "stream " << id;
    return client.answers[id];
  }
};

}  // namespace berth::http
