#include "async/dns_resolver.h"

#include <gtest/gtest.h>

#include <functional>
#include <tuple>

#include "async/disk.h"
#include "async/gather.h"
#include "async/serve.h"
#include "sim/simulated_suite.h"

namespace berth {
namespace {

DnsRecord a(std::string_view name, std::uint8_t last, std::uint32_t ttl = 30) {
  return {DnsName::parse(name).value(), DnsType::a, dns_class_internet, ttl,
          DnsA{{10, 1, 0, last}}};
}
DnsRecord aaaa(std::string_view name, std::uint8_t last, std::uint32_t ttl = 30) {
  DnsAaaa six{};
  six.address[0] = 0xfd;
  six.address[15] = last;
  return {DnsName::parse(name).value(), DnsType::aaaa, dns_class_internet, ttl, six};
}
DnsRecord alias(std::string_view name, std::string_view to, std::uint32_t ttl = 30) {
  return {DnsName::parse(name).value(), DnsType::cname, dns_class_internet, ttl,
          DnsPointer{DnsName::parse(to).value()}};
}
DnsRecord authority(std::uint32_t minimum) {
  DnsSoa soa;
  soa.minimum = minimum;
  return {DnsName(), DnsType::soa, dns_class_internet, 3600, soa};
}

/// A DNS server on the suite's other host that answers what a test tells it.
struct Server {
  explicit Server(World& world, const Address& address) : world(world) {
    datagrams = world.network.bind_datagram(address).value();
    listener = world.network.listen(address).value();
    scope.add(by_udp());
    scope.add(serve(*listener, [this](auto stream) { return by_tcp(std::move(stream)); }));
  }
  std::string answer(const DnsMessage& query, std::size_t bytes_max) {
    asked.push_back(query.questions[0].name.text() +
                    (query.questions[0].type == DnsType::a ? " A" : " AAAA"));
    DnsMessage answer;
    answer.id = query.id;
    answer.response = true;
    answer.questions = query.questions;
    for (const DnsRecord& record : records) {
      bool wanted = record.type == query.questions[0].type || record.type == DnsType::cname;
      if (wanted) answer.answers.push_back(record);
    }
    change(query, answer);
    return write_dns(answer, bytes_max);
  }
  Deferred<void> by_udp() {
    for (;;) {
      Datagram datagram = co_await datagrams->receive();
      DnsMessage query = parse_dns(datagram.bytes.view()).value();
      if (silent) continue;
      Duration wait = query.questions[0].type == DnsType::aaaa ? six_late : Duration(0);
      scope.add(world.clock.after(wait).then([this, datagram, query] {
        datagrams->send(datagram.peer, Bytes::copy(answer(query, 512)));
      }));
    }
  }
  Deferred<void> by_tcp(std::unique_ptr<ByteStream> stream) {
    Bytes arrived = co_await stream->read();
    DnsMessage query = parse_dns(arrived.view().substr(2)).value();
    std::string wire = answer(query, dns_message_bytes_max);
    wire.insert(0, {static_cast<char>(wire.size() >> 8), static_cast<char>(wire.size())});
    std::size_t half = wire.size() / 2;
    co_await stream->write(Bytes::copy(wire.substr(0, half)));
    co_await stream->write(Bytes::copy(wire.substr(half)));
    co_await stream->read();
  }

  World& world;
  std::unique_ptr<DatagramSocket> datagrams;
  std::unique_ptr<Listener> listener;
  std::vector<DnsRecord> records;
  std::function<void(const DnsMessage&, DnsMessage&)> change = [](auto&, auto&) {};
  std::vector<std::string> asked;
  bool silent = false;
  Duration six_late{};
  Scope scope;
};

using Texts = std::vector<std::string>;

struct DnsResolverTest : ::testing::Test {
  std::unique_ptr<SuiteWorld> suite = sim::make_simulated_world(1);
  World& world = suite->world();
  std::string server_ip = suite->other_address().ip_text();
  Server server{suite->other(), suite->other_address().with_port(53)};
  std::unique_ptr<DnsResolver> resolver = std::make_unique<DnsResolver>(
      world.clock, world.network, world.disk, world.random, DnsResolverOptions());

  DnsResolverTest() { write_config(""); }
  void write(std::string path, std::string text) {
    suite->run(world.disk.make_folder("/etc")).value();
    suite->run(world.disk.replace_file(path, text)).value();
  }
  void write_config(std::string more) {
    write("/etc/resolv.conf", "nameserver " + server_ip + "\noptions timeout:1\n" + more);
  }
  Result<Texts> resolve(std::string host, std::uint16_t port = 80) {
    auto addresses = suite->run(resolver->resolve(host, port));
    if (!addresses.ok()) return addresses.error();
    Texts texts;
    for (const Address& address : *addresses) texts.push_back(address.text());
    return texts;
  }
  Code error_of(std::string host) {
    auto result = resolve(host);
    return result.ok() ? Code::internal : result.error().code();
  }
};

TEST_F(DnsResolverTest, addresses_and_localhost_are_not_asked_for) {
  EXPECT_EQ(*resolve("10.9.8.7"), Texts{"10.9.8.7:80"});
  EXPECT_EQ(*resolve("fd00::1"), Texts{"[fd00::1]:80"});
  EXPECT_EQ(*resolve("localhost"), (Texts{"127.0.0.1:80", "[::1]:80"}));
  EXPECT_EQ(*resolve("shop.LOCALHOST."), (Texts{"127.0.0.1:80", "[::1]:80"}));
  EXPECT_TRUE(server.asked.empty());
}

TEST_F(DnsResolverTest, what_cannot_be_a_name_is_refused_unasked) {
  for (std::string host : {"", ".", "a b", "a/b", "user@host", "a..b", "host:80"})
    EXPECT_EQ(error_of(host), Code::invalid) << host;
  EXPECT_EQ(error_of(std::string("a\0b", 3)), Code::invalid);
  EXPECT_EQ(error_of(std::string(64, 'x')), Code::invalid);
  EXPECT_TRUE(server.asked.empty());
}

TEST_F(DnsResolverTest, the_hosts_file_comes_before_the_servers_and_is_read_again) {
  write("/etc/hosts", "10.0.0.9 users\n");
  EXPECT_EQ(*resolve("Users"), Texts{"10.0.0.9:80"});
  write("/etc/hosts", "10.0.0.10 users\n");
  suite->run_for(5s);
  EXPECT_EQ(*resolve("users."), Texts{"10.0.0.10:80"});
  EXPECT_TRUE(server.asked.empty());
}

TEST_F(DnsResolverTest, both_families_are_asked_for_and_alternate) {
  server.records = {a("web", 1), a("web", 2), a("web", 3), aaaa("web", 1)};
  EXPECT_EQ(*resolve("web", 443),
            (Texts{"[fd00::1]:443", "10.1.0.1:443", "10.1.0.2:443", "10.1.0.3:443"}));
  EXPECT_EQ(server.asked.size(), 2);
}

TEST_F(DnsResolverTest, aliases_are_followed_and_records_of_other_names_ignored) {
  server.records = {alias("web", "front.example"), alias("front.example", "host.example"),
                    a("host.example", 7), a("evil.example", 8)};
  EXPECT_EQ(*resolve("web"), Texts{"10.1.0.7:80"});
}

TEST_F(DnsResolverTest, a_ring_of_aliases_ends) {
  server.records = {alias("web", "front"), alias("front", "web")};
  EXPECT_EQ(error_of("web"), Code::not_found);
}

TEST_F(DnsResolverTest, an_answer_is_kept_for_its_time_to_live) {
  server.records = {a("web", 1, 30), alias("web", "web", 10)};
  server.records.pop_back();
  resolve("web").value();
  suite->run_for(29s);
  resolve("web").value();
  EXPECT_EQ(server.asked.size(), 2);
  suite->run_for(2s);
  server.records = {a("web", 2, 0)};
  EXPECT_EQ(*resolve("web"), Texts{"10.1.0.2:80"});
  resolve("web").value();  // a time to live of 0 is not kept
  EXPECT_EQ(server.asked.size(), 6);
}

TEST_F(DnsResolverTest, that_a_name_is_missing_is_kept_as_long_as_its_zone_says) {
  server.change = [](auto&, DnsMessage& answer) {
    answer.code = DnsCode::name_error;
    answer.authorities = {authority(20)};
  };
  EXPECT_EQ(error_of("web"), Code::not_found);
  suite->run_for(19s);
  EXPECT_EQ(error_of("web"), Code::not_found);
  EXPECT_EQ(server.asked.size(), 2);
  suite->run_for(2s);
  EXPECT_EQ(error_of("web"), Code::not_found);
  EXPECT_EQ(server.asked.size(), 4);
}

TEST_F(DnsResolverTest, the_search_list_is_tried_in_the_order_that_the_dots_decide) {
  write_config("search shop.example example");
  server.change = [](const DnsMessage& query, DnsMessage& answer) {
    if (query.questions[0].name.text() != "users.example.") answer.code = DnsCode::name_error;
  };
  server.records = {a("users.example", 5)};
  EXPECT_EQ(*resolve("users"), Texts{"10.1.0.5:80"});
  EXPECT_EQ(server.asked[0].substr(0, 19), "users.shop.example.");
  EXPECT_EQ(error_of("users."), Code::not_found);
}

TEST_F(DnsResolverTest, those_who_ask_for_the_same_name_share_one_question) {
  server.records = {a("web", 1)};
  auto first = resolver->resolve("web", 1);
  auto second = resolver->resolve("web", 2);
  auto third = resolver->resolve("web", 3);
  suite->run_for(100us);
  first.cancel();  // takes nothing from the others
  EXPECT_EQ(suite->run(std::move(third)).value()[0].text(), "10.1.0.1:3");
  EXPECT_EQ(suite->run(std::move(second)).value()[0].text(), "10.1.0.1:2");
  EXPECT_EQ(server.asked.size(), 2);
  EXPECT_TRUE(first.take().error().is(Code::cancelled));
}

TEST_F(DnsResolverTest, an_answer_that_was_cut_is_asked_for_again_by_tcp) {
  for (std::uint8_t i = 1; i <= 60; ++i) server.records.push_back(a("web", i));
  EXPECT_EQ(resolve("web")->size(), 60);
  EXPECT_EQ(server.asked.size(), 3);
}

TEST_F(DnsResolverTest, a_server_that_is_silent_is_followed_by_the_next) {
  write("/etc/resolv.conf",
        "nameserver 10.0.0.1\nnameserver " + server_ip + "\noptions timeout:1\n");
  server.records = {a("web", 1)};
  MonotonicTime start = world.clock.now();
  EXPECT_EQ(*resolve("web"), Texts{"10.1.0.1:80"});
  EXPECT_GE(world.clock.now() - start, 1s);
  EXPECT_LT(world.clock.now() - start, 1500ms);
}

TEST_F(DnsResolverTest, an_error_names_the_server_and_what_it_did) {
  server.silent = true;
  EXPECT_EQ(
      resolve("web").error().text(),
      "the DNS server " + server_ip + ":53 did not answer within 1 s, while looking up 'web'");
  server.silent = false;
  server.change = [](auto&, DnsMessage& answer) { answer.code = DnsCode::server_failure; };
  auto failed = resolve("web");
  EXPECT_TRUE(failed.error().is(Code::unavailable));
  EXPECT_NE(failed.error().text().find("it failed (SERVFAIL)"), std::string::npos);
}

TEST_F(DnsResolverTest, a_server_older_than_edns_is_asked_without_it) {
  server.records = {a("web", 1)};
  server.change = [](const DnsMessage& query, DnsMessage& answer) {
    if (!query.edns) return;
    answer.code = DnsCode::format_error;
    answer.answers.clear();
  };
  EXPECT_EQ(*resolve("web"), Texts{"10.1.0.1:80"});
}

TEST_F(DnsResolverTest, an_answer_to_another_question_is_no_answer) {
  server.records = {a("web", 1)};
  for (int lie = 0; lie < 3; ++lie) {
    server.change = [&](auto&, DnsMessage& answer) {
      if (lie == 0) answer.id ^= 1;
      if (lie == 1) answer.questions[0].name = DnsName::parse("other").value();
      if (lie == 2) answer.response = false;
    };
    EXPECT_EQ(error_of("web"), Code::timed_out) << lie;
  }
}

TEST_F(DnsResolverTest, a_slow_question_for_ipv6_holds_nobody_up) {
  server.records = {a("web", 1), aaaa("web", 1)};
  server.six_late = 500ms;
  MonotonicTime start = world.clock.now();
  EXPECT_EQ(*resolve("web"), Texts{"10.1.0.1:80"});
  EXPECT_LT(world.clock.now() - start, 100ms);
  server.six_late = Duration(0);
  suite->run_for(6s);  // half an answer is kept for a short time only
  EXPECT_EQ(resolve("web")->size(), 2);
}

TEST_F(DnsResolverTest, other_servers_in_the_file_make_it_forget) {
  server.records = {a("web", 1)};
  resolve("web").value();
  server.records = {a("web", 2)};
  write_config("search example");
  suite->run_for(6s);
  EXPECT_EQ(*resolve("web."), Texts{"10.1.0.2:80"});
}

TEST_F(DnsResolverTest, names_beyond_the_limits_are_refused_or_forgotten) {
  DnsResolverOptions options;
  options.lookups_max = 2;
  options.names_max = 2;
  resolver =
      std::make_unique<DnsResolver>(world.clock, world.network, world.disk, world.random, options);
  server.change = [](const DnsMessage& query, DnsMessage& answer) {
    if (query.questions[0].type == DnsType::a)
      answer.answers = {a(query.questions[0].name.text(), 1)};
  };
  std::vector<Deferred<std::vector<Address>>> lookups;  // one after the other
  for (std::string host : {"one", "two", "three"}) lookups.push_back(resolver->resolve(host, 1));
  auto all = suite->run(gather_all(std::move(lookups))).value();
  EXPECT_TRUE(all[0].ok() && all[1].ok());
  EXPECT_TRUE(all[2].error().is(Code::overloaded));
  std::ignore = resolve("three").value();
  std::size_t asked = server.asked.size();
  for (std::string host : {"two", "three", "one"}) std::ignore = resolve(host).value();
  EXPECT_EQ(server.asked.size(), asked + 2);  // of three names two were kept
}

TEST_F(DnsResolverTest, destroying_it_answers_those_who_wait) {
  server.silent = true;
  auto waiting = resolver->resolve("web", 80);
  suite->run_for(100ms);
  resolver.reset();
  EXPECT_FALSE(suite->run(std::move(waiting)).ok());
}

}  // namespace
}  // namespace berth
