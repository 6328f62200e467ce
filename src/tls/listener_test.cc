#include "tls/listener.h"

#include <vector>

#include "async/serve.h"
#include "tls/pair_suite.h"

namespace berth::tls {
namespace {

std::vector<std::string> lines;

struct ListenerTest : PairTest {
  ListenerTest() {
    lines.clear();
    target.write = [](void*, std::string_view line) { lines.emplace_back(line); };
    target.now = [](void*) { return WallTime{}; };
  }
  std::unique_ptr<Listener> listen(ListenerOptions options = {}) {
    auto below = server_host.network.listen(server_host.address(443)).value();
    return std::make_unique<Listener>(server, server_host.clock, std::move(below),
                                      Log(target, "test"), options);
  }
  StreamPointer connect_below() {
    return run(client_host.network.connect(server_host.address(443))).value();
  }
  Deferred<StreamPointer> connect_secured() {
    return client_host.network.connect(server_host.address(443)).then([this](StreamPointer below) {
      return tls::connect(client, client_host.clock, std::move(below), host);
    });
  }

  LogTarget target;
  ServerContext server = server_context();
  ClientContext client = client_context();
};

TEST_F(ListenerTest, a_slow_handshake_holds_up_nobody) {
  auto listener = listen();
  auto slow = connect_below();
  auto accepting = listener->accept();
  auto quick = run(connect_secured()).value();
  auto accepted = run(std::move(accepting), 1s).value();
  EXPECT_EQ(pass(*quick, *accepted, "hello"), "hello");
  EXPECT_EQ(listener->handshakes_failed(), 0u);
}

TEST_F(ListenerTest, serve_takes_it_as_any_other) {
  auto listener = listen();
  auto serving = serve(*listener, [](StreamPointer stream) -> Deferred<void> {
    co_await stream->write(co_await stream->read());
    co_await stream->shutdown_write();
  });
  std::vector<Deferred<StreamPointer>> connecting;
  for (int i = 0; i < 20; ++i) connecting.push_back(connect_secured());
  for (auto& each : connecting) {
    auto stream = run(std::move(each)).value();
    run(stream->write(Bytes::literal("echo"))).value();
    EXPECT_EQ(run(stream->read()).value().view(), "echo");
  }
}

TEST_F(ListenerTest, beyond_the_limit_handshakes_wait_until_one_ends) {
  auto listener = listen({.handshakes_max = 2});
  auto one = connect_below();
  auto two = connect_below();
  auto third = connect_secured();
  auto accepting = listener->accept();
  simulation.run_for(5s);
  EXPECT_TRUE(third.pending());
  one->close();
  run(std::move(third), 2s).value();
  run(std::move(accepting), 2s).value();
}

TEST_F(ListenerTest, those_that_nobody_accepts_count_against_the_limit) {
  auto listener = listen({.handshakes_max = 1});
  auto first = run(connect_secured()).value();
  auto second = connect_secured();
  simulation.run_for(5s);
  EXPECT_TRUE(second.pending());
  run(listener->accept()).value();
  run(std::move(second), 1s).value();
}

TEST_F(ListenerTest, failed_handshakes_are_counted_and_told_once_a_second_in_words) {
  auto listener = listen();
  for (int i = 0; i < 5; ++i) {
    auto plain = connect_below();
    run(plain->write(Bytes::literal("GET / HTTP/1.1\r\n\r\n"))).value();
    plain->close();
  }
  EXPECT_TRUE(simulation.run_until([&] { return listener->handshakes_failed() == 5; }));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(has(lines[0], "a TLS handshake failed")) << lines[0];
  EXPECT_TRUE(has(lines[0], "10.0.0.2:")) << lines[0];
  EXPECT_TRUE(has(lines[0], "the peer speaks HTTP without TLS")) << lines[0];
  simulation.run_for(2s);
  connect_below()->close();
  EXPECT_TRUE(simulation.run_until([&] { return listener->handshakes_failed() == 6; }));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(has(lines[1], "untold_before=4")) << lines[1];
}

TEST_F(ListenerTest, closing_ends_handshakes_and_those_who_wait) {
  for (bool destroy : {false, true}) {
    auto listener = listen();
    auto handshaking = connect_below();
    auto unaccepted = run(connect_secured()).value();
    simulation.run_for(1s);
    auto first = listener->accept();
    run(std::move(first)).value();
    auto waiting = listener->accept();
    if (destroy) {
      listener.reset();
    } else {
      listener->close();
      EXPECT_TRUE(run(listener->accept()).error().is(Code::closed));
    }
    EXPECT_TRUE(run(std::move(waiting)).error().is(Code::closed));
    auto end = run(handshaking->read(), 1s);
    EXPECT_TRUE(!end.ok() || end->empty());
    EXPECT_EQ(lines.size(), 0u);
  }
}

TEST_F(ListenerTest, certificates_change_under_it) {
  auto listener = listen();
  EXPECT_EQ(static_cast<Stream&>(*run(connect_secured()).value()).peer_certificate()->common_name,
            "server");
  ServerOptions options;
  options.certificates = {authority().issue({"renewed", "DNS:a.example"})};
  listener->context().replace(std::move(options)).value();
  client = client_context();
  EXPECT_EQ(static_cast<Stream&>(*run(connect_secured()).value()).peer_certificate()->common_name,
            "renewed");
}

}  // namespace
}  // namespace berth::tls
