#include "names/zone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace berth::names {
namespace {

using catalog::Health;
using testing::ElementsAre;
using testing::IsEmpty;

struct Counting final : Random {
  std::uint64_t next() override { return state_ += 0x9e3779b97f4a7c15; }
  void secret_bytes(void*, std::size_t) override {}
  std::uint64_t state_ = 1;
};

DnsName name(std::string_view text) { return DnsName::parse(text).value(); }

std::shared_ptr<const catalog::Snapshot> shop() {
  auto users = std::make_shared<catalog::Service>();
  users->name = "users";
  users->vip = Address::ipv4(0x7f4d0001, 7480);
  for (int i = 1; i <= 4; i++) {
    catalog::Instance instance;
    instance.id = "users/" + std::to_string(i);
    instance.address = Address::ipv4(0x7f000001, static_cast<std::uint16_t>(9000 + i));
    instance.health = i == 4 ? Health::unhealthy : Health::healthy;
    users->instances.push_back(instance);
  }
  auto mail = std::make_shared<catalog::Service>();
  mail->name = "mail";
  mail->has_port = false;
  auto six = std::make_shared<catalog::Service>();
  six->name = "six";
  six->vip = Address::parse("[fd00::1]:80").value();
  auto snapshot = std::make_shared<catalog::Snapshot>();
  snapshot->revision = 42;
  snapshot->services = {{"users", users}, {"mail", mail}, {"six", six}};
  return snapshot;
}

class ZoneTest : public testing::Test {
 protected:
  DnsMessage ask(std::string_view text, DnsType type) {
    return answer({.id = 7, .recursion_desired = true, .questions = {{name(text), type}}});
  }
  DnsMessage answer(const DnsMessage& query) { return zone_.answer(query, random_); }

  Counting random_;
  Zone zone_{name("berth"), shop(), 5s};
};

TEST_F(ZoneTest, a_service_name_leads_to_its_vip) {
  DnsMessage out = ask("Users.BERTH", DnsType::a);
  EXPECT_EQ(out.id, 7);
  EXPECT_TRUE(out.response && out.authoritative && out.recursion_desired);
  EXPECT_FALSE(out.recursion_available);
  EXPECT_THAT(out.answers,
              ElementsAre(DnsRecord{name("users.berth"), DnsType::a, 1, 5, DnsA{{127, 77, 0, 1}}}));
  EXPECT_EQ(out.answers[0].name.wire(), std::string_view("\5Users\5BERTH\0", 13))
      << "the case of the question is kept";
  EXPECT_THAT(out.authorities, IsEmpty());
  DnsMessage six = ask("six.berth", DnsType::aaaa);
  ASSERT_EQ(six.answers.size(), 1u);
  EXPECT_EQ(std::get<DnsAaaa>(six.answers[0].data).address[0], 0xfd);
}

TEST_F(ZoneTest, an_instance_name_leads_to_its_address) {
  DnsMessage out = ask("1.users.berth", DnsType::a);
  ASSERT_EQ(out.answers.size(), 1u);
  EXPECT_EQ(std::get<DnsA>(out.answers[0].data), (DnsA{{127, 0, 0, 1}}));
  EXPECT_EQ(ask("4.users.berth", DnsType::a).answers.size(), 1u) << "also of an unhealthy one";
}

TEST_F(ZoneTest, srv_gives_port_and_address_of_each_healthy_instance) {
  for (std::string_view question :
       {"users.berth", "_http._tcp.users.berth", "_HTTP._TCP.users.berth"}) {
    DnsMessage out = ask(question, DnsType::srv);
    ASSERT_EQ(out.answers.size(), 3u) << question;
    std::set<std::uint16_t> ports;
    for (std::size_t i = 0; i < out.answers.size(); i++) {
      const auto& srv = std::get<DnsSrv>(out.answers[i].data);
      ports.insert(srv.port);
      EXPECT_EQ(srv.target.text(), std::to_string(srv.port - 9000) + ".users.berth.");
      EXPECT_EQ(out.additionals[i].name, srv.target);
      EXPECT_EQ(out.additionals[i].type, DnsType::a);
    }
    EXPECT_THAT(ports, ElementsAre(9001, 9002, 9003));
  }
}

TEST_F(ZoneTest, the_order_of_instances_is_random) {
  std::set<std::uint16_t> first;
  for (int i = 0; i < 100; i++)
    first.insert(std::get<DnsSrv>(ask("users.berth", DnsType::srv).answers[0].data).port);
  EXPECT_THAT(first, ElementsAre(9001, 9002, 9003));
}

TEST_F(ZoneTest, tells_a_missing_name_from_a_missing_record) {
  struct Case {
    std::string_view name;
    DnsType type;
    DnsCode code;
  };
  constexpr Case cases[] = {
      {"users.berth", DnsType::aaaa, DnsCode::no_error},
      {"users.berth", DnsType::txt, DnsCode::no_error},
      {"_tcp.users.berth", DnsType::a, DnsCode::no_error},
      {"_http._tcp.users.berth", DnsType::a, DnsCode::no_error},
      {"mail.berth", DnsType::a, DnsCode::no_error},
      {"mail.berth", DnsType::srv, DnsCode::no_error},
      {"six.berth", DnsType::srv, DnsCode::no_error},
      {"berth", DnsType::a, DnsCode::no_error},
      {"nobody.berth", DnsType::a, DnsCode::name_error},
      {"1.nobody.berth", DnsType::a, DnsCode::name_error},
      {"9.users.berth", DnsType::a, DnsCode::name_error},
      {"_ftp._tcp.users.berth", DnsType::srv, DnsCode::name_error},
      {"_http._udp.users.berth", DnsType::srv, DnsCode::name_error},
      {"a._http._tcp.users.berth", DnsType::srv, DnsCode::name_error},
  };
  for (const Case& one : cases) {
    DnsMessage out = ask(one.name, one.type);
    EXPECT_EQ(out.code, one.code) << one.name;
    EXPECT_TRUE(out.authoritative) << one.name;
    EXPECT_THAT(out.answers, IsEmpty()) << one.name;
    ASSERT_EQ(out.authorities.size(), 1u) << one.name;
    const auto& soa = std::get<DnsSoa>(out.authorities[0].data);
    EXPECT_EQ(soa.serial, 42u);
    EXPECT_EQ(soa.minimum, 0u);
    EXPECT_EQ(out.authorities[0].ttl_seconds, 0u);
  }
}

TEST_F(ZoneTest, answers_for_itself_and_for_any) {
  DnsMessage soa = ask("berth", DnsType::soa);
  ASSERT_EQ(soa.answers.size(), 1u);
  EXPECT_EQ(soa.answers[0].type, DnsType::soa);
  EXPECT_EQ(ask("users.berth", DnsType::any).answers.size(), 4u) << "the VIP and three instances";
}

TEST_F(ZoneTest, refuses_what_is_not_its_own) {
  DnsMessage other = ask("example.com", DnsType::a);
  EXPECT_EQ(other.code, DnsCode::refused);
  EXPECT_FALSE(other.authoritative);
  EXPECT_EQ(other.questions.size(), 1u);
  EXPECT_EQ(ask("berth", static_cast<DnsType>(252)).code, DnsCode::refused);
  DnsMessage chaos{.questions = {{name("users.berth"), DnsType::a, 3}}};
  EXPECT_EQ(answer(chaos).code, DnsCode::refused);
  EXPECT_EQ(answer({.opcode = 4, .questions = {{name("users.berth")}}}).code,
            DnsCode::not_implemented);
  EXPECT_EQ(answer({}).code, DnsCode::format_error);
  EXPECT_EQ(answer({.questions = {{name("a.berth")}, {name("b.berth")}}}).code,
            DnsCode::format_error);
}

TEST_F(ZoneTest, speaks_edns_only_with_those_who_do) {
  EXPECT_FALSE(ask("users.berth", DnsType::a).edns);
  DnsMessage query{.questions = {{name("users.berth")}}, .edns = DnsEdns{.dnssec_ok = true}};
  EXPECT_TRUE(answer(query).edns->dnssec_ok);
  query.edns->version = 1;
  DnsMessage out = answer(query);
  EXPECT_EQ(out.code, DnsCode::bad_version);
  EXPECT_EQ(out.edns->version, 0);
}

}  // namespace
}  // namespace berth::names
