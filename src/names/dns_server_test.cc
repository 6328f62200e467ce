#include "names/dns_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "os/network.h"
#include "os/process.h"
#include "os/reactor.h"

namespace berth::names {
namespace {

using testing::HasSubstr;

struct Counting final : Random {
  std::uint64_t next() override { return state_ += 0x9e3779b97f4a7c15; }
  void secret_bytes(void*, std::size_t) override {}
  std::uint64_t state_ = 1;
};

std::shared_ptr<const catalog::Snapshot> users_with(std::uint16_t instances) {
  auto users = std::make_shared<catalog::Service>();
  users->name = "users";
  users->vip = Address::ipv4(0x7f4d0001, 7480);
  for (std::uint16_t i = 1; i <= instances; i++) {
    catalog::Instance instance;
    instance.id = "users/" + std::to_string(i);
    instance.address = Address::loopback(static_cast<std::uint16_t>(9000 + i));
    instance.health = catalog::Health::healthy;
    users->instances.push_back(instance);
  }
  auto snapshot = std::make_shared<catalog::Snapshot>();
  snapshot->services = {{"users", users}};
  return snapshot;
}

std::string query(std::string_view name, DnsType type, std::optional<DnsEdns> edns = {}) {
  return write_dns({.id = 77, .questions = {{DnsName::parse(name).value(), type}}, .edns = edns});
}

std::string with_length(std::string_view wire) {
  std::string out{static_cast<char>(wire.size() >> 8), static_cast<char>(wire.size())};
  return out += wire;
}

class DnsServerTest : public testing::Test {
 protected:
  void start(DnsOptions options = {}) {
    server_ = DnsServer::start(reactor_, network_, random_, Address::loopback(0), options).value();
    server_->set_snapshot(users_with(3));
  }
  template <class T>
  Result<T> run(Deferred<T> work) {
    for (int i = 0; i < 2000 && work.pending(); i++) reactor_.turn(5ms);
    EXPECT_FALSE(work.pending()) << "it took too long";
    return work.pending() ? Result<T>(Error::timed_out()) : work.take();
  }
  Result<DnsMessage> ask_udp(std::string_view wire) {
    auto socket = network_.bind_datagram(Address::loopback(0)).value();
    EXPECT_TRUE(socket->send(server_->address(), Bytes::copy(wire)));
    Result<Datagram> answer = run(socket->receive());
    if (!answer.ok()) return answer.error();
    return parse_dns(answer->bytes.view());
  }
  std::unique_ptr<ByteStream> connect() {
    return run(network_.connect(server_->address())).value();
  }
  /// What the real dig prints.
  std::string dig(std::vector<std::string> arguments) {
    std::string path = testing::TempDir() + "dig-" + server_->address().text();
    std::filesystem::remove(path);
    SpawnSpec spec{.argv = {"dig", "@127.0.0.1", "-p", std::to_string(server_->address().port()),
                            "+tries=1", "+time=5"}};
    spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
    spec.env = {{"PATH", std::getenv("PATH")}};
    spec.output_path = path;
    os::Process process(reactor_);
    Result<std::unique_ptr<Child>> child = run(process.spawn(std::move(spec)));
    if (!child.ok()) return child.error().text() + " (./dev install test)";
    EXPECT_TRUE(run((*child)->wait()).ok());
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    std::filesystem::remove(path);
    return text.str();
  }
  /// What comes until there are `bytes` or the server closes.
  std::string read(ByteStream& stream, std::size_t bytes) {
    std::string out;
    while (out.size() < bytes) {
      Result<Bytes> part = run(stream.read());
      if (!part.ok() || part->empty()) break;
      out += part->view();
    }
    return out;
  }
  DnsMessage read_answer(ByteStream& stream, std::string& left) {
    while (left.size() < 2) left += read(stream, 1);
    std::size_t length =
        static_cast<unsigned char>(left[0]) * 256u + static_cast<unsigned char>(left[1]);
    if (left.size() < 2 + length) left += read(stream, 2 + length - left.size());
    DnsMessage out = parse_dns(std::string_view(left).substr(2, length)).value();
    left.erase(0, 2 + length);
    return out;
  }

  os::Reactor reactor_;
  os::Network network_{reactor_};
  Counting random_;
  std::unique_ptr<DnsServer> server_;
};

TEST_F(DnsServerTest, answers_over_udp) {
  start();
  DnsMessage answer = ask_udp(query("users.berth", DnsType::a)).value();
  EXPECT_EQ(answer.id, 77);
  ASSERT_EQ(answer.answers.size(), 1u);
  EXPECT_EQ(std::get<DnsA>(answer.answers[0].data), (DnsA{{127, 77, 0, 1}}));
  EXPECT_EQ(ask_udp(query("nobody.berth", DnsType::a))->code, DnsCode::name_error);
  EXPECT_EQ(ask_udp(query("example.com", DnsType::a))->code, DnsCode::refused);
  EXPECT_EQ(server_->counters().queries_udp, 3u);
  EXPECT_EQ(server_->counters().name_errors, 1u);
  EXPECT_EQ(server_->counters().refused, 1u);
}

TEST_F(DnsServerTest, answers_out_of_the_latest_snapshot) {
  start();
  EXPECT_EQ(ask_udp(query("users.berth", DnsType::srv))->answers.size(), 3u);
  server_->set_snapshot(users_with(1));
  EXPECT_EQ(ask_udp(query("users.berth", DnsType::srv))->answers.size(), 1u);
  server_->set_snapshot(std::make_shared<catalog::Snapshot>());
  EXPECT_EQ(ask_udp(query("users.berth", DnsType::srv))->code, DnsCode::name_error);
}

TEST_F(DnsServerTest, cuts_long_udp_answers_and_gives_them_whole_over_tcp) {
  start();
  server_->set_snapshot(users_with(300));
  std::string plain = query("users.berth", DnsType::srv);
  EXPECT_TRUE(ask_udp(plain)->truncated);
  EXPECT_LT(ask_udp(plain)->answers.size(), 20u);
  DnsMessage with_edns =
      ask_udp(query("users.berth", DnsType::srv, DnsEdns{.udp_bytes = 65535})).value();
  EXPECT_TRUE(with_edns.truncated);
  EXPECT_GT(with_edns.answers.size(), 20u);
  EXPECT_LE(write_dns(with_edns).size(), 1232u);
  EXPECT_EQ(server_->counters().truncated, 3u);

  auto stream = connect();
  ASSERT_TRUE(run(stream->write(Bytes::copy(with_length(plain)))).ok());
  std::string left;
  DnsMessage whole = read_answer(*stream, left);
  EXPECT_FALSE(whole.truncated);
  EXPECT_EQ(whole.answers.size(), 300u);
  EXPECT_EQ(whole.additionals.size(), 300u);
}

TEST_F(DnsServerTest, answers_queries_over_tcp_in_order_however_they_are_cut) {
  start();
  auto stream = connect();
  std::string sent = with_length(query("users.berth", DnsType::a)) +
                     with_length(query("nobody.berth", DnsType::a)) +
                     with_length(query("1.users.berth", DnsType::a));
  for (std::string_view part :
       {std::string_view(sent).substr(0, 1), std::string_view(sent).substr(1, 40),
        std::string_view(sent).substr(41)}) {
    ASSERT_TRUE(run(stream->write(Bytes::copy(part))).ok());
    reactor_.turn(1ms);
  }
  std::string left;
  EXPECT_EQ(std::get<DnsA>(read_answer(*stream, left).answers[0].data).address[1], 77);
  EXPECT_EQ(read_answer(*stream, left).code, DnsCode::name_error);
  EXPECT_EQ(std::get<DnsA>(read_answer(*stream, left).answers[0].data).address[1], 0);
  EXPECT_EQ(server_->counters().queries_tcp, 3u);
}

TEST_F(DnsServerTest, tells_what_makes_no_sense_and_is_silent_to_answers) {
  start();
  std::string damaged = query("users.berth", DnsType::a).substr(0, 20);
  DnsMessage answer = ask_udp(damaged).value();
  EXPECT_EQ(answer.code, DnsCode::format_error);
  EXPECT_EQ(answer.id, 77);

  auto socket = network_.bind_datagram(Address::loopback(0)).value();
  std::string an_answer = query("users.berth", DnsType::a);
  an_answer[2] |= static_cast<char>(0x80);
  for (const std::string& wire : {an_answer, std::string("short"), std::string()})
    socket->send(server_->address(), Bytes::copy(wire));
  socket->send(server_->address(), Bytes::copy(query("users.berth", DnsType::a)));
  Datagram only = run(socket->receive()).value();
  EXPECT_EQ(parse_dns(only.bytes.view())->code, DnsCode::no_error);
  EXPECT_GE(server_->counters().malformed, 3u);
}

TEST_F(DnsServerTest, closes_tcp_connections_that_send_too_much_or_nothing) {
  start({.tcp_idle_time = 50ms});
  auto greedy = connect();
  ASSERT_TRUE(run(greedy->write(Bytes::literal("\xff\xff"))).ok());
  EXPECT_EQ(read(*greedy, 1), "");
  auto slow = connect();
  ASSERT_TRUE(run(slow->write(Bytes::literal(std::string_view("\0", 1)))).ok());
  EXPECT_EQ(read(*slow, 1), "");
  EXPECT_EQ(server_->counters().tcp_connections_timed_out, 1u);
}

TEST_F(DnsServerTest, refuses_connections_beyond_the_limit_and_takes_them_again_later) {
  start({.tcp_connections_max = 1});
  std::string wire = with_length(query("users.berth", DnsType::a));
  std::string left;
  auto first = connect();
  ASSERT_TRUE(run(first->write(Bytes::copy(wire))).ok());
  EXPECT_EQ(read_answer(*first, left).answers.size(), 1u);
  EXPECT_EQ(read(*connect(), 1), "");
  EXPECT_EQ(server_->counters().tcp_connections_refused, 1u);
  ASSERT_TRUE(run(first->shutdown_write()).ok());
  EXPECT_EQ(read(*first, 1), "") << "the server closes too";
  auto next = connect();
  ASSERT_TRUE(run(next->write(Bytes::copy(wire))).ok());
  EXPECT_EQ(read_answer(*next, left).answers.size(), 1u);
}

TEST_F(DnsServerTest, says_that_its_address_is_taken) {
  start();
  auto second = DnsServer::start(reactor_, network_, random_, server_->address());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), Code::in_use);
  EXPECT_THAT(second.error().text(), HasSubstr("while opening the DNS server at 127.0.0.1:"));
  EXPECT_FALSE(
      DnsServer::start(reactor_, network_, random_, Address::loopback(0), {.zone = "a..b"}).ok());
}

TEST_F(DnsServerTest, dig_understands_it) {
  start();
  EXPECT_EQ(dig({"+short", "Users.berth"}), "127.77.0.1\n");
  EXPECT_EQ(dig({"+short", "+tcp", "+noedns", "2.users.berth"}), "127.0.0.1\n");
  EXPECT_THAT(dig({"_http._tcp.users.berth", "SRV"}),
              AllOf(HasSubstr("status: NOERROR"), HasSubstr("flags: qr aa rd;"),
                    HasSubstr("ANSWER: 3, AUTHORITY: 0, ADDITIONAL: 4"),
                    HasSubstr("1 1 9002 2.users.berth."), Not(HasSubstr("malformed"))));
  EXPECT_THAT(dig({"nobody.berth"}),
              AllOf(HasSubstr("status: NXDOMAIN"), HasSubstr("SOA\tns.berth. hostmaster.berth.")));
  EXPECT_THAT(dig({"example.com"}), HasSubstr("status: REFUSED"));
  EXPECT_THAT(dig({"+edns=1", "+noednsneg", "users.berth"}), HasSubstr("status: BADVERS"));
  server_->set_snapshot(users_with(60));
  EXPECT_THAT(dig({"users.berth", "SRV"}),
              AllOf(HasSubstr("Truncated, retrying in TCP mode"), HasSubstr("ANSWER: 60,")));
}

TEST_F(DnsServerTest, close_ends_everything) {
  start();
  auto stream = connect();
  std::string left;
  ASSERT_TRUE(run(stream->write(Bytes::copy(with_length(query("users.berth", DnsType::a))))).ok());
  read_answer(*stream, left);
  ASSERT_TRUE(run(server_->close()).ok());
  EXPECT_EQ(read(*stream, 1), "");
  EXPECT_FALSE(run(network_.connect(server_->address())).ok());
}

}  // namespace
}  // namespace berth::names
