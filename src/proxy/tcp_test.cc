#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>

#include "async/scope.h"
#include "http/access_record.h"
#include "proxy/alone.h"
#include "proxy/gateway/proxy_protocol.h"
#include "proxy/open_session.h"
#include "sim/simulation.h"

// Listeners with mode = "tcp".

namespace berth::proxy {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

struct TcpTest : ::testing::Test {
  using Serve = std::function<Deferred<void>(std::unique_ptr<ByteStream>)>;

  sim::Simulation simulation{3};
  sim::Host& outside = simulation.add_host("outside");
  sim::Host& middle = simulation.add_host("middle");
  sim::Host& inside = simulation.add_host("inside");
  std::unique_ptr<Alone> alone = std::make_unique<Alone>(middle.world(), Log());
  std::map<std::uint16_t, std::unique_ptr<Listener>> listeners;
  std::map<std::uint16_t, int> came;
  Serve serve = echo;
  Scope scope;

  /// What comes goes back; the end of one half ends the other.
  static Deferred<void> echo(std::unique_ptr<ByteStream> stream) {
    for (;;) {
      Bytes part = co_await stream->read();
      if (part.empty()) break;
      co_await stream->write(std::move(part));
    }
    co_await stream->shutdown_write();
  }
  Deferred<void> accept_all(Listener& listener, std::uint16_t port) {
    for (;;) {
      auto stream = co_await listener.accept().result();
      if (!stream.ok()) co_return;
      ++came[port];
      scope.add(serve(std::move(*stream)));
    }
  }
  void backend(std::uint16_t port) {
    listeners[port] = inside.network.listen(inside.address(port)).value();
    scope.add(accept_all(*listeners[port], port));
  }
  void apply(const std::vector<std::uint16_t>& ports, const std::string& of_service = "",
             const std::string& of_listener = "") {
    std::string text =
        "[listener.raw]\nlisten = \"tcp:10.0.0.2:5000\"\nmode = \"tcp\"\nservice = \"a\"\n" +
        of_listener + "\n[service.a]\ninstances = [";
    for (auto each : ports) text += "\"10.0.0.3:" + std::to_string(each) + "\",";
    text += "]\n" + of_service + "\n[[log]]\nto = \"syslog+udp:10.0.0.1:514\"\n";
    auto file = gateway::read_proxy_file(text, "proxy.toml", "", [](const std::string& path) {
      return Result<std::string>(Error(Code::not_found, "no " + path));
    });
    ASSERT_TRUE(file.ok()) << file.error().text();
    if (!log) log = outside.network.bind_datagram(outside.address(514)).value();
    auto applied = alone->apply(std::move(*file));
    ASSERT_TRUE(applied.ok()) << applied.error().text();
    simulation.run_for(1ms);
  }
  std::unique_ptr<ByteStream> connect() {
    return simulation.run(outside.network.connect(middle.address(5000))).value();
  }
  void write(ByteStream& stream, const std::string& text) {
    ASSERT_TRUE(simulation.run(stream.write(Bytes::copy(text))).ok());
  }
  /// All that comes to the end, or until `bytes` have.
  std::string read(ByteStream& stream, std::size_t bytes = ~std::size_t{0}) {
    std::string all;
    while (all.size() < bytes) {
      auto part = simulation.run(stream.read());
      if (!part.ok()) return all + " error " + part.error().text();
      if (part->empty()) break;
      all += part->view();
    }
    return all;
  }
  /// The line of the next connection that ended, behind syslog's head and the accept date.
  std::string line() {
    auto message = simulation.run(log->receive());
    std::string text = message.value().bytes.text();
    return text.substr(text.find("] ") + 2);
  }
  std::unique_ptr<DatagramSocket> log;
};

TEST_F(TcpTest, bytes_go_both_ways_and_each_half_ends_by_itself) {
  backend(9001);
  apply({9001});
  auto stream = connect();
  write(*stream, "hello");
  EXPECT_EQ(read(*stream, 5), "hello");
  ASSERT_TRUE(simulation.run(stream->shutdown_write()).ok());
  EXPECT_EQ(read(*stream), "");
  EXPECT_THAT(line(), MatchesRegex("raw a/a/1 0/[0-9]+/[0-9]+ 5 -- 1/1/0/1/0 0/0"));
  EXPECT_EQ(alone->proxy().requests_in_flight(), 0U);
}

TEST_F(TcpTest, the_answer_to_an_ended_half_comes_whole) {
  serve = [](std::unique_ptr<ByteStream> stream) -> Deferred<void> {
    std::string all;
    for (;;) {
      Bytes part = co_await stream->read();
      if (part.empty()) break;
      all += part.view();
    }
    co_await stream->write(Bytes::copy(all + all));
    co_await stream->shutdown_write();
  };
  backend(9001);
  apply({9001});
  auto stream = connect();
  write(*stream, std::string(500'000, 'q'));
  ASSERT_TRUE(simulation.run(stream->shutdown_write()).ok());
  EXPECT_EQ(read(*stream).size(), 1'000'000U);
  EXPECT_THAT(line(), HasSubstr(" 1000000 -- "));
}

TEST_F(TcpTest, what_the_client_does_not_read_stays_at_the_instance) {
  std::size_t written = 0;
  // NOLINTNEXTLINE: the closure lives in `serve`
  serve = [&](std::unique_ptr<ByteStream> stream) -> Deferred<void> {
    for (int i = 0; i < 2000; ++i) {
      co_await stream->write(Bytes::copy(std::string(16 << 10, 'z')));
      written += 16 << 10;
    }
    co_await stream->shutdown_write();
  };
  backend(9001);
  apply({9001});
  auto stream = connect();
  simulation.run_for(30s);
  EXPECT_LT(written, std::size_t{4} << 20);
  EXPECT_EQ(read(*stream).size(), std::size_t{2000} * (16 << 10));
}

TEST_F(TcpTest, connections_go_round_and_past_an_instance_that_refuses) {
  backend(9001);
  backend(9002);
  apply({9001, 9002}, "balance = { way = \"round_robin\" }");
  for (int i = 0; i < 6; ++i) {
    auto stream = connect();
    write(*stream, "x");
    EXPECT_EQ(read(*stream, 1), "x");
  }
  EXPECT_EQ(came[9001], 3);
  EXPECT_EQ(came[9002], 3);
  for (int i = 0; i < 6; ++i) EXPECT_THAT(line(), HasSubstr(" -- "));
  apply({9001, 9003}, "balance = { way = \"round_robin\" }\nretry = { budget = \"100%\" }");
  for (int i = 0; i < 4; ++i) {
    auto stream = connect();
    write(*stream, "x");
    EXPECT_EQ(read(*stream, 1), "x");
  }
  EXPECT_EQ(came[9001], 7);
}

TEST_F(TcpTest, the_termination_codes_are_those_of_haproxy) {
  apply({9009}, "retries = 0");
  connect();
  EXPECT_THAT(line(), MatchesRegex("raw a/a/1 0/-1/[0-9]+ 0 SC .*"));
  backend(9001);
  apply({9001}, "", "idle_timeout = \"2s\"");
  {
    auto stream = connect();
    write(*stream, "x");
    EXPECT_EQ(read(*stream, 1), "x");
    EXPECT_EQ(read(*stream), "");  // the client was silent
    EXPECT_THAT(line(), HasSubstr(" 1 cD "));
  }
  {
    auto stream = connect();
    write(*stream, "x");
    EXPECT_EQ(read(*stream, 1), "x");
    stream->abort();
    EXPECT_THAT(line(), HasSubstr(" 1 CD "));
  }
  serve = [](std::unique_ptr<ByteStream> stream) -> Deferred<void> {
    std::ignore = co_await stream->read();
    stream->abort();
  };
  {
    auto stream = connect();
    write(*stream, "x");
    read(*stream);
    EXPECT_THAT(line(), HasSubstr(" 0 SD "));
  }
  // NOLINTNEXTLINE: the closure lives in `serve`
  serve = [this](std::unique_ptr<ByteStream> stream) -> Deferred<void> {
    std::ignore = co_await stream->read();
    co_await inside.clock.after(60s);
  };
  {
    auto stream = connect();
    write(*stream, "x");
    EXPECT_EQ(read(*stream), "");
    EXPECT_THAT(line(), HasSubstr(" 0 sD "));
  }
  {
    auto stream = connect();
    write(*stream, "x");
    simulation.run_for(100ms);
    auto& sessions = alone->proxy().sessions();
    ASSERT_EQ(sessions.size(), 1U);
    EXPECT_EQ(sessions.front()->shown().method, "TCP");
    EXPECT_EQ(sessions.front()->server(), "a/1");
    sessions.front()->kill();
    EXPECT_THAT(line(), HasSubstr(" 0 KD "));
  }
}

TEST_F(TcpTest, queue_and_in_flight_bound_connections) {
  backend(9001);
  apply({9001}, "in_flight_max = 1\nqueue_timeout = \"500ms\"");
  auto first = connect();
  write(*first, "x");
  EXPECT_EQ(read(*first, 1), "x");
  auto second = connect();
  EXPECT_EQ(read(*second), "");
  EXPECT_THAT(line(), MatchesRegex("raw a/<NOSRV> -1/-1/5[0-9][0-9] 0 sQ 2/2/1/0/0 0/1"));
  auto third = connect();
  write(*third, "y");
  first.reset();  // makes room
  EXPECT_EQ(read(*third, 1), "y");
}

TEST_F(TcpTest, an_instance_is_told_who_connects) {
  std::string head;
  // NOLINTNEXTLINE: the closure lives in `serve`
  serve = [&](std::unique_ptr<ByteStream> stream) -> Deferred<void> {
    while (!head.ends_with("hello")) head += (co_await stream->read()).view();
  };
  backend(9001);
  apply({9001}, "send_proxy = \"v1\"");
  write(*connect(), "hello");
  simulation.run_until([&] { return head.ends_with("hello"); }, 5s);
  EXPECT_THAT(head, MatchesRegex("PROXY TCP4 10.0.0.1 10.0.0.2 [0-9]+ 5000\r\nhello"));
  head.clear();
  apply({9001}, "send_proxy = \"v2\"");
  write(*connect(), "hello");
  simulation.run_until([&] { return head.ends_with("hello"); }, 5s);
  auto read = gateway::read_proxy_header(head);
  ASSERT_TRUE(read.ok() && read->has_value());
  EXPECT_EQ((*read)->source.ip_text(), "10.0.0.1");
  EXPECT_EQ((*read)->destination.port(), 5000);
}

TEST_F(TcpTest, a_drain_is_over_once_the_connection_is) {
  backend(9001);
  apply({9001});
  auto stream = connect();
  write(*stream, "x");
  EXPECT_EQ(read(*stream, 1), "x");
  ASSERT_TRUE(alone->order("a/1", Alone::Order::drained).ok());
  EXPECT_EQ(simulation.run(alone->in_flight("a/1")).value(), 1U);
  write(*stream, "y");
  EXPECT_EQ(read(*stream, 1), "y");  // it goes on
  stream.reset();
  simulation.run_for(100ms);
  EXPECT_EQ(simulation.run(alone->in_flight("a/1")).value(), 0U);
}

}  // namespace
}  // namespace berth::proxy
