#include <gtest/gtest.h>

#include "async/allocations_suite.h"
#include "http/router.h"
#include "http/server.h"
#include "os/network.h"
#include "os/reactor.h"

namespace berth::http {

namespace {

/// Sends `request` again and again, each when the answer to the last has come.
Deferred<void> ask(ByteStream& stream, std::string_view request, std::size_t answer_bytes,
                   std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) {
    co_await stream.write(Bytes::literal(request));
    for (std::size_t left = answer_bytes; left > 0;) {
      Bytes part = co_await stream.read(left);
      left -= part.size();
    }
  }
}

TEST(ServerAllocations, a_keep_alive_request_needs_none_in_steady_state) {
  os::Reactor reactor;
  os::Network network(reactor);
  Router router;
  Bytes text = Bytes::copy("hello");
  router.add("GET", "/users/:id/greeting", [&](ServerRequest& request) {
    return ready(ServerResponse{request.parameter("id") == "42" ? 200 : 500,
                                {{"content-type", "text/plain; charset=utf-8"}},
                                Body(text)});
  });
  Server server(reactor, [&](ServerRequest& request) { return router.route(request); });
  auto listener = network.listen(Address::loopback(0)).value();
  Address address = listener->address();
  server.serve(std::move(listener));
  auto run = [&](auto work) {
    while (work.pending()) reactor.turn(1s);
    return work.take();
  };
  auto stream = run(network.connect(address)).value();
  std::string_view request =
      "GET /users/42/greeting HTTP/1.1\r\nHost: users:7480\r\nUser-Agent: x\r\nAccept: */*\r\n\r\n";
  std::string_view answer =
      "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\n"
      "date: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 5\r\n\r\nhello";
  ASSERT_TRUE(run(ask(*stream, request, answer.size(), 100)).ok());
  [[maybe_unused]] std::size_t fresh_before = detail::frame_pool.fresh;
  auto round = [&] { ASSERT_TRUE(run(ask(*stream, request, answer.size(), 1000)).ok()); };
  EXPECT_EQ(least_allocations(round), 0u);
#ifndef BERTH_SANITIZED
  EXPECT_EQ(detail::frame_pool.fresh, fresh_before);
#endif
}

TEST(ServerAllocations, are_counted) {
  std::size_t before = allocations_counted();
  Bytes copy = Bytes::copy("hello");
  EXPECT_EQ(allocations_counted(), before + 1);
}

}  // namespace
}  // namespace berth::http
