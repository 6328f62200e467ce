#include <gtest/gtest.h>

#include "async/allocations_suite.h"
#include "http/client.h"
#include "http/server.h"
#include "os/network.h"
#include "os/reactor.h"

namespace berth::http {
namespace {

/// A client and a server that allots nothing, on one reactor.
struct ClientAllocations : ::testing::Test {
  os::Reactor reactor;
  os::Network network{reactor};
  Bytes content = Bytes::copy("hello");
  Server server{reactor, [this](ServerRequest&) {
                  return ready(ServerResponse{
                      200, {{"content-type", "text/plain; charset=utf-8"}}, Body(content)});
                }};
  Url url;

  ClientAllocations() {
    auto listener = network.listen(Address::loopback(0)).value();
    url = parse_url("http://" + listener->address().text() + "/greeting").value();
    server.serve(std::move(listener));
  }
  static Deferred<void> ask(Client& client, const Url& url, int times) {
    for (int i = 0; i < times; ++i) {
      Response response = co_await client.send(url, Request());
      std::size_t bytes = 0;
      for (;;) {
        Bytes part = co_await response.read();
        bytes += part.size();
        if (part.empty()) break;
      }
      if (bytes != 5) co_await fail_with(Error(Code::invalid, "another answer"));
    }
  }
  Result<void> run(Deferred<void> work) {
    while (work.pending()) reactor.turn(1s);
    return work.take();
  }
  /// Calls of malloc while 1,000 requests are asked, when 100 were asked before.
  std::size_t in_steady_state(Version version) {
    ClientOptions options;
    options.version = version;
    Client client(reactor, network, options);
    EXPECT_TRUE(run(ask(client, url, 100)).ok());
    return least_allocations([&] { EXPECT_TRUE(run(ask(client, url, 1000)).ok()); });
  }
};

TEST_F(ClientAllocations, a_keep_alive_request_by_http_1_1_needs_none_in_steady_state) {
  EXPECT_EQ(in_steady_state(Version::http_1_1), 0u);
}

TEST_F(ClientAllocations, nor_does_one_by_http_2_on_either_side) {
  EXPECT_EQ(in_steady_state(Version::http_2), 0u);
}

}  // namespace
}  // namespace berth::http
