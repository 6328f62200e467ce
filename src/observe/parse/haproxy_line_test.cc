#include "observe/parse/haproxy_line.h"

#include <gtest/gtest.h>

#include <array>

#include "observe/parse/haproxy_line_suite.h"

namespace berth::observe {
namespace {

/// Numbers from one seed (xorshift): the same lines in each run.
class Dice {
 public:
  std::size_t roll(std::size_t sides) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ % sides;
  }
  template <std::size_t n>
  std::string pick(const std::array<const char*, n>& of) {
    return of[roll(n)];
  }
  std::string number(std::size_t below) { return std::to_string(roll(below)); }

 private:
  std::uint64_t state_ = 0x9e3779b97f4a7c15;
};

std::string generated(Dice& dice) {
  std::string out = dice.pick<8>(
      {"", "", "<134>Nov 24 12:00:00 haproxy[812]: ", "Nov  4 09:00:00 web-1 haproxy[1]: ",
       "<150>2026-11-24T12:00:00.123456+01:00 web haproxy[7]: ", "Nov 24 12:00:00 berth: ",
       "2026-11-24 12:00:00Z haproxy: ", "Nov 24 12:00:00 haproxy "});
  out += dice.pick<5>({"10.0.0.7:", "2001:db8::7:", "::ffff:10.0.0.7:", "unix:", "localhost:"});
  out += dice.number(65536) + " [24/Nov/2026:12:00:0" + dice.number(10) + ".123] ";
  out += dice.pick<4>({"users", "https~", "gateway", "a b"}) + " ";
  out += dice.pick<5>({"users/users/1", "web/<NOSRV>", "web/srv-1", "web/<STATS>", "web"}) + " ";
  bool http = dice.roll(4) != 0;
  for (int i = 0; i < (http ? 4 : 2); ++i) out += (dice.roll(8) ? dice.number(2000) : "-1") + "/";
  out += dice.pick<3>({"", "", "+"}) + dice.number(99999) + " ";
  if (http) out += dice.pick<5>({"200", "404", "503", "-1", "099999999999999999999"}) + " ";
  out += dice.pick<3>({"", "", "+"}) + dice.number(1 << 20) + " ";
  if (http) {
    out += dice.pick<3>({"- ", "- ", "A=1 "}) + dice.pick<3>({"- ", "- ", "-x "});
  }
  out += dice.pick<5>({"----", "--", "SC--", "cD--", "PR"}) + " ";
  for (int i = 0; i < 4; ++i) out += dice.number(500) + "/";
  out += dice.pick<3>({"", "", "+"}) + dice.number(4) + " " + dice.number(9) + "/" + dice.number(9);
  if (!http) return out;
  out += dice.pick<6>({"", "", " {a|b}", " {a b|} {c}", " {} {}", " {a"});
  out += dice.pick<4>({" \"", " \"", " \"", " "});
  out += dice.pick<5>({"GET ", "POST ", "M-SEARCH ", "<BADREQ>", ""});
  out += dice.pick<12>({"/", "/users/1?a=#22b#22", "*", "http://ann:secret@shop.de:8080/a?b?c",
                        "https://[::1]:443/x", "http://a@b@c/", "ftp://h:80x/?", "a.b:443", "//x",
                        "http://?q", "h2c+x://:/", "/ü/€"});
  out +=
      dice.pick<6>({" HTTP/1.1\"", " HTTP/2.0\"", "\"", " HTTP/1.1\" tail", "", " b HTTP/1.1\""});
  return out;
}

TEST(HaproxyLine, gives_the_fields_of_the_grok_pattern_for_generated_cut_and_damaged_lines) {
  Dice dice;
  std::size_t taken = 0;
  for (int i = 0; i < 4000; ++i) {
    std::string line = generated(dice);
    if (dice.roll(3) == 0) line.resize(dice.roll(line.size() + 1));
    if (dice.roll(4) == 0 && !line.empty()) {
      line[dice.roll(line.size())] = " :/\"[]{}<>-+?09aZ\t"[dice.roll(18)];
    }
    while (!line.empty() && static_cast<unsigned char>(line.back()) >= 0x80) line.pop_back();
    if (line.find("\xc3") != line.npos && line.find("/ü/€") == line.npos) continue;
    if (line.find("\xe2") != line.npos && line.find("/ü/€") == line.npos) continue;
    for (auto names : {FieldNames::legacy, FieldNames::ecs}) {
      std::string fast = haproxy_fast(line, names);
      ASSERT_EQ(fast, haproxy_by_grok(line, names)) << line;
      taken += fast != "no match";
    }
  }
  EXPECT_GT(taken, 2000U);
}

TEST(HaproxyLine, a_line_cut_at_1024_and_one_without_host_name_are_taken) {
  std::string line =
      "<134>Nov 24 12:00:00 haproxy[812]: 10.0.0.7:5123 [24/Nov/2026:12:00:00.123] web web/s1 "
      "0/0/1/2/3 200 1234 - - ---- 1/1/1/1/0 0/0 \"GET /" +
      std::string(2000, 'x');
  line.resize(1024);
  HaproxyLine read;
  ASSERT_TRUE(read_haproxy_line(line, read));
  EXPECT_EQ(read.host, "");
  EXPECT_EQ(read.program, "haproxy");
  EXPECT_EQ(read.status, "200");
  EXPECT_EQ(read.method, "GET");
  EXPECT_EQ(read.version, "");
  EXPECT_EQ(read.target.size(), 1024 - line.find("/xxx"));
  for (auto names : {FieldNames::legacy, FieldNames::ecs}) {
    EXPECT_EQ(haproxy_fast(line, names), haproxy_by_grok(line, names));
  }
}

TEST(HaproxyLine, tells_http_from_tcp_by_its_timers) {
  HaproxyLine read;
  ASSERT_TRUE(
      read_haproxy_line("1.2.3.4:5 [24/Nov/2026:12:00:00.123] db db/pg1 1/2/3000 9876 -- "
                        "1/2/3/4/+1 5/6",
                        read));
  EXPECT_FALSE(read.http);
  EXPECT_EQ(read.waiting, "1");
  EXPECT_EQ(read.connecting, "2");
  EXPECT_EQ(read.total, "3000");
  EXPECT_EQ(read.bytes, "9876");
  EXPECT_EQ(read.retries, "+1");
  EXPECT_FALSE(
      read_haproxy_line("1.2.3.4:5 [24/Nov/2026:12:00:00.123] db db/pg1 1/2 9876 --", read));
  EXPECT_FALSE(read_haproxy_line("", read));
}

}  // namespace
}  // namespace berth::observe
