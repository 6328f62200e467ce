#include "base/dns_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

DnsName name(std::string_view text) { return DnsName::parse(text).value(); }

DnsMessage every_kind() {
  DnsMessage message{
      .id = 0x1234, .response = true, .authoritative = true, .recursion_desired = true};
  message.questions.push_back({name("Users.berth"), DnsType::any});
  DnsName owner = name("Users.berth");
  message.answers = {
      {owner, DnsType::a, 1, 5, DnsA{{127, 77, 0, 1}}},
      {owner, DnsType::aaaa, 1, 5, DnsAaaa{{0x20, 1, 0xd, 0xb8}}},
      {owner, DnsType::srv, 1, 5, DnsSrv{1, 2, 8000, name("1.Users.berth")}},
      {owner, DnsType::txt, 1, 5, DnsTxt{{"version=2", ""}}},
      {owner, DnsType::ptr, 1, 5, DnsPointer{name("x.berth")}},
      {owner, static_cast<DnsType>(99), 1, 5, DnsOther{"abc"}},
  };
  message.authorities.push_back({name("berth"), DnsType::soa, 1, 5,
                                 DnsSoa{name("ns.berth"), name("root.berth"), 1, 2, 3, 4, 5}});
  message.additionals.push_back({name("1.Users.berth"), DnsType::a, 1, 5, DnsA{{10, 0, 0, 1}}});
  message.edns = DnsEdns{.udp_bytes = 1232, .dnssec_ok = true};
  return message;
}

TEST(DnsName, keeps_labels_and_compares_without_case) {
  EXPECT_EQ(name("users.berth").text(), "users.berth.");
  EXPECT_EQ(name("Users.BERTH."), name("users.berth"));
  EXPECT_THAT(name("1.users.berth").labels(), ElementsAre("1", "users", "berth"));
  EXPECT_EQ(name("1.users.berth").label(1), "users");
  EXPECT_EQ(name("1.users.berth").label(7), "");
  EXPECT_EQ(name("1.users.berth").label_count(), 3u);
  EXPECT_EQ(DnsName().text(), ".");
  EXPECT_TRUE(name(".").is_root());
  EXPECT_TRUE(name("a.Berth").is_within(name("bertH")));
  EXPECT_TRUE(name("berth").is_within(name("berth")));
  EXPECT_FALSE(name("aberth").is_within(name("berth")));
  EXPECT_FALSE(name("berth").is_within(name("a.berth")));
  EXPECT_EQ(DnsName::from_wire(std::string("\3a.\n\0", 5)).text(), "a\\.\\010.");
}

TEST(DnsName, refuses_labels_that_dns_cannot_hold) {
  EXPECT_TRUE(DnsName::parse(std::string(63, 'a')).ok());
  for (const std::string& text : {std::string(64, 'a'), std::string("a..b"), std::string("..")})
    EXPECT_TRUE(DnsName::parse(text).error().is(Code::invalid)) << text;
  std::string longest;
  for (int i = 0; i < 127; i++) longest += "a.";
  EXPECT_TRUE(DnsName::parse(longest).ok());
  EXPECT_FALSE(DnsName::parse(longest + "a").ok());
}

TEST(DnsMessage, reads_back_what_it_wrote) {
  DnsMessage message = every_kind();
  Result<DnsMessage> again = parse_dns(write_dns(message));
  ASSERT_TRUE(again.ok()) << again.error().text();
  EXPECT_EQ(*again, message);
  EXPECT_EQ(again->questions[0].name.wire(), message.questions[0].name.wire()) << "case is kept";
  message.code = DnsCode::bad_version;
  EXPECT_EQ(parse_dns(write_dns(message))->code, DnsCode::bad_version);
}

TEST(DnsMessage, compresses_names_as_rfc_1035_says) {
  DnsMessage message{.id = 1, .response = true};
  message.questions.push_back({name("users.berth")});
  message.answers.push_back({name("users.berth"), DnsType::a, 1, 5, DnsA{{127, 77, 0, 1}}});
  EXPECT_EQ(write_dns(message), std::string("\0\1\x80\0\0\1\0\1\0\0\0\0"
                                            "\5users\5berth\0\0\1\0\1"
                                            "\xc0\x0c\0\1\0\1\0\0\0\5\0\4\x7f\x4d\0\1",
                                            12 + 17 + 16));
  message.answers[0].name = name("1.users.berth");
  EXPECT_THAT(write_dns(message), HasSubstr("\0011\xc0\x0c"));
}

TEST(DnsMessage, leaves_out_whole_records_that_do_not_fit_and_says_so) {
  DnsMessage message = every_kind();
  message.answers.clear();
  for (int i = 0; i < 100; i++)
    message.answers.push_back({name("users.berth"), DnsType::a, 1, 5, DnsA{{10, 0, 0, 1}}});
  std::string wire = write_dns(message, 512);
  EXPECT_LE(wire.size(), 512u);
  DnsMessage short_one = *parse_dns(wire);
  EXPECT_TRUE(short_one.truncated);
  EXPECT_GT(short_one.answers.size(), 20u);
  EXPECT_EQ(short_one.edns, message.edns);
  EXPECT_TRUE(short_one.additionals.empty());

  message.answers.resize(2);
  message.additionals.assign(100, message.additionals[0]);
  DnsMessage without_some = *parse_dns(write_dns(message, 512));
  EXPECT_FALSE(without_some.truncated) << "additionals are no loss";
  EXPECT_EQ(without_some.answers.size(), 2u);
  EXPECT_LT(without_some.additionals.size(), 100u);
}

TEST(DnsMessage, refuses_what_is_damaged) {
  struct Case {
    std::string wire;
    std::string_view message;
  };
  std::string header("\0\1\0\0\0\1\0\0\0\0\0\0", 12);
  auto bytes = [](const auto& text) { return std::string(text, sizeof text - 1); };
  const Case cases[] = {
      {"abc", "byte 2: it ends too early"},
      {header, "byte 12: it ends too early"},
      {header + bytes("\1a\0\0\1\0\1x"), "byte 19: there are bytes behind the last record"},
      {header + bytes("\xc0\x0c\0\1\0\1"), "byte 14: a name's pointer does not lead back"},
      {header + bytes("\1a\xc0\x0c\0\1\0\1"), "a name's pointer does not lead back"},
      {header + bytes("\xc0\x20\0\1\0\1"), "a name's pointer does not lead back"},
      {header + bytes("\x40\0\0\1\0\1"), "byte 13: a label of an unknown kind"},
      {bytes("\0\1\0\0\0\0\0\1\0\0\0\0\0\0\1\0\1\0\0\0\5\0\5\1\2\3\4"),
       "a record ends behind the message"},
      {bytes("\0\1\0\0\0\0\0\1\0\0\0\0\0\0\1\0\1\0\0\0\5\0\5\1\2\3\4\5"),
       "a record's length is wrong"},
      {bytes("\0\1\0\0\0\0\0\1\0\0\0\0\0\0\x29\0\1\0\0\0\0\0\0"),
       "its OPT record is not an additional one"},
      {bytes("\0\1\0\0\0\0\0\0\0\0\0\2\0\0\x29\0\1\0\0\0\0\0\0\0\0\x29\0\1\0\0\0\0\0\0"),
       "it has two OPT records"},
  };
  for (const Case& one : cases) {
    Result<DnsMessage> message = parse_dns(one.wire);
    ASSERT_FALSE(message.ok()) << one.message;
    EXPECT_THAT(std::string(message.error().message()), HasSubstr(std::string(one.message)));
  }
  std::string whole = write_dns(every_kind());
  for (std::size_t size = 0; size < whole.size(); size++)
    EXPECT_FALSE(parse_dns(std::string_view(whole).substr(0, size)).ok()) << size;
}

TEST(DnsMessage, refuses_names_that_grow_too_long_by_pointers) {
  std::string wire("\0\1\0\0\0\2\0\0\0\0\0\0", 12);
  for (int i = 0; i < 120; i++) wire += "\1a";
  wire += std::string("\0\0\1\0\1", 5);
  std::string second;
  for (int i = 0; i < 10; i++) second += "\1b";
  second += "\xc0\x0c";
  EXPECT_THAT(std::string(parse_dns(wire + second + std::string("\0\1\0\1", 4)).error().message()),
              HasSubstr("a name is longer than 255 bytes"));
}

}  // namespace
}  // namespace berth
