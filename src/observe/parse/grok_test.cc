#include "observe/parse/grok.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::observe {
namespace {

using testing::HasSubstr;

std::string fields_of(std::string_view pattern, std::string_view line,
                      const PatternSet& patterns = PatternSet::core(FieldNames::legacy)) {
  auto grok = Grok::compile(patterns, pattern);
  if (!grok.ok()) return grok.error().text();
  Record record;
  return grok->match(line, record) ? record.json().text() : "no match";
}

std::string refusal(std::string_view pattern) {
  auto grok = Grok::compile(PatternSet::core(FieldNames::legacy), pattern);
  return grok.ok() ? "taken" : std::string(grok.error().message());
}

TEST(Grok, gives_fields_by_name_and_type) {
  EXPECT_EQ(fields_of("%{WORD:method} %{URIPATHPARAM:path} %{INT:ms:int} %{NUMBER:share:float}",
                      "GET /a?b=1 17 0.25"),
            R"({"method":"GET","path":"/a?b=1","ms":17,"share":0.25})");
  EXPECT_EQ(fields_of("%{IP:[source][ip]}", "from 10.0.0.7 on"), R"({"source.ip":"10.0.0.7"})");
  EXPECT_EQ(fields_of("(?<first>a+)(b+)%{INT}", "aabb7"), R"({"first":"aa"})");
  EXPECT_EQ(fields_of("%{WORD:w}", "..."), "no match");
}

TEST(Grok, two_values_of_one_field_make_an_array_and_empty_ones_are_left_out) {
  EXPECT_EQ(fields_of("%{WORD:w} %{WORD:w}", "a b"), R"({"w":["a","b"]})");
  EXPECT_EQ(fields_of("<%{DATA:nothing}>%{WORD:w}", "<>a"), R"({"w":"a"})");
}

TEST(Grok, own_patterns_nest_and_may_replace_core_ones) {
  PatternSet patterns = PatternSet::core(FieldNames::legacy);
  ASSERT_TRUE(patterns.add("ORDER", "ORD-%{INT:number:int}").ok());
  ASSERT_TRUE(patterns.add("WORD", "[a-c]+").ok());
  EXPECT_EQ(fields_of("%{ORDER:order} %{WORD:w}", "ORD-12 abz", patterns),
            R"({"order":"ORD-12","number":12,"w":"ab"})");
  EXPECT_FALSE(patterns.add("a b", "x").ok());
}

TEST(Grok, rubys_syntax_is_rewritten_to_an_equal_form) {
  EXPECT_EQ(fields_of("^(?<x>\\h+)$", "two\nbeef\nlines"), R"({"x":"beef"})");
  EXPECT_EQ(fields_of("(?m)a(?<x>.*)b", "a1\n2b"), R"({"x":"1\n2"})");
  EXPECT_EQ(fields_of("(?>ab)(?<x>c{,2})", "abccc"), R"({"x":"cc"})");
  EXPECT_EQ(fields_of("(?<x>[]\\h]+)(?#comment)\\Z", "a]1"), R"({"x":"a]1"})");
  EXPECT_EQ(fields_of("(?<x>\\w+)(?=:)", "key:"), R"({"x":"key"})");
  EXPECT_EQ(fields_of("(?<x>a)b++", "abb"), R"({"x":"a"})");
  EXPECT_EQ(fields_of("{(?<x>\\u00e9+)}", "{éé}"), R"({"x":"éé"})");
}

TEST(Grok, a_wrong_pattern_is_refused_with_its_position) {
  EXPECT_EQ(refusal("%{WORD:a} %{WROD:b}"),
            "column 11: there is no pattern 'WROD'; did you mean 'WORD'?");
  EXPECT_EQ(refusal("a %{WORD:x"), "column 3: this '%{' is not closed");
  EXPECT_EQ(refusal("%{INT:x:double}"), "column 1: a type is string, int or float, not 'double'");
  EXPECT_EQ(refusal("é(a"), "column 2: this '(' is not closed");
  EXPECT_EQ(refusal("a)"), "column 2: this ')' closes nothing");
  EXPECT_EQ(refusal("a[b"), "column 2: this '[' is not closed");
  EXPECT_EQ(refusal("a\\"), "column 2: a '\\' stands at the end");
  EXPECT_THAT(refusal("a**"), HasSubstr("bad repetition operator"));
  EXPECT_THAT(refusal("ab[z-a]"), HasSubstr("column 4: invalid character class range"));
}

TEST(Grok, what_has_no_linear_form_is_refused_by_name) {
  EXPECT_THAT(refusal("ab(?<!x)c"), HasSubstr("column 3: lookahead and lookbehind cannot"));
  EXPECT_THAT(refusal("(?=a)b"), HasSubstr("column 1: lookahead"));
  EXPECT_THAT(refusal("(a)\\1"), HasSubstr("column 4: a backreference"));
  EXPECT_THAT(refusal("(?>a+)b"), HasSubstr("column 1: an atomic group"));
  EXPECT_THAT(refusal("a++b"), HasSubstr("column 2: a possessive repeat"));
  EXPECT_THAT(refusal("(?<a>x)\\k<a>"), HasSubstr("column 8: a reference to what"));
  PatternSet patterns;
  ASSERT_TRUE(patterns.add("INNER", "ab(?!c)").ok());
  auto grok = Grok::compile(patterns, "x%{INNER}");
  ASSERT_FALSE(grok.ok());
  EXPECT_THAT(grok.error().message(), HasSubstr("column 3 of pattern 'INNER': lookahead"));
}

TEST(Grok, patterns_that_refer_to_themselves_or_grow_without_end_are_refused) {
  PatternSet patterns;
  ASSERT_TRUE(patterns.add("A", "a%{B}").ok());
  ASSERT_TRUE(patterns.add("B", "b%{A}").ok());
  EXPECT_THAT(Grok::compile(patterns, "%{A}").error().message(), HasSubstr("refers to itself"));
  ASSERT_TRUE(patterns.add("L0", "0123456789").ok());
  for (int i = 1; i < 30; ++i) {
    std::string inner = "%{L" + std::to_string(i - 1) + "}";
    ASSERT_TRUE(patterns.add("L" + std::to_string(i), inner + inner).ok());
  }
  EXPECT_THAT(Grok::compile(patterns, "%{L29}").error().message(), HasSubstr("longer than"));
}

TEST(Grok, a_line_made_to_stop_backtracking_engines_takes_no_longer) {
  auto grok = Grok::compile(PatternSet::core(FieldNames::legacy),
                            "^(?:%{WORD:a}?\\s*)*%{WORD:b}?(?:a|a|aa)*!$")
                  .value();
  Record record;
  EXPECT_FALSE(grok.match(std::string(20'000, 'a') + "?", record));
}

TEST(CorePatterns, all_names_are_there_and_each_compiles) {
  for (auto names : {FieldNames::legacy, FieldNames::ecs}) {
    auto& patterns = PatternSet::core(names);
    EXPECT_GE(patterns.size(), names == FieldNames::legacy ? 317U : 361U);
    for (auto name : patterns.names()) {
      auto grok = Grok::compile(patterns, "%{" + std::string(name) + "}");
      EXPECT_TRUE(grok.ok()) << name << ": " << grok.error().text();
    }
  }
}

struct CoreCase {
  const char* pattern;
  const char* line;
  const char* legacy;
  const char* ecs;
};

TEST(CorePatterns, find_what_the_programs_write) {
  CoreCase cases[] = {
      {"%{SYSLOGLINE}", "Nov  4 09:01:02 web-1 sshd[812]: Accepted publickey for ann",
       R"({"timestamp":"Nov  4 09:01:02","logsource":"web-1","program":"sshd","pid":"812","message":"Accepted publickey for ann"})",
       R"({"timestamp":"Nov  4 09:01:02","host.hostname":"web-1","process.name":"sshd","process.pid":812,"message":"Accepted publickey for ann"})"},
      {"%{COMBINEDAPACHELOG}",
       R"(10.0.0.1 - ann [24/Nov/2026:12:00:00 +0100] "GET /a HTTP/1.1" 200 17 "-" "curl/8")",
       R"({"clientip":"10.0.0.1","ident":"-","auth":"ann","timestamp":"24/Nov/2026:12:00:00 +0100","verb":"GET","request":"/a","httpversion":"1.1","response":"200","bytes":"17","referrer":"\"-\"","agent":"\"curl/8\""})",
       R"({"source.address":"10.0.0.1","user.name":"ann","timestamp":"24/Nov/2026:12:00:00 +0100","http.request.method":"GET","url.original":"/a","http.version":"1.1","http.response.status_code":200,"http.response.body.bytes":17,"user_agent.original":"curl/8"})"},
      {"%{CISCOFW106001}",
       "Inbound TCP connection denied from 10.1.2.3/44 to 10.0.0.1/80 flags SYN on interface "
       "outside",
       R"({"direction":"Inbound","protocol":"TCP","action":"denied","src_ip":"10.1.2.3","src_port":"44","dst_ip":"10.0.0.1","dst_port":"80","tcp_flags":"SYN","interface":"outside"})",
       R"({"cisco.asa.network.direction":"Inbound","cisco.asa.network.transport":"TCP","cisco.asa.outcome":"denied","source.ip":"10.1.2.3","source.port":44,"destination.ip":"10.0.0.1","destination.port":80,"cisco.asa.tcp_flags":"SYN","observer.egress.interface.name":"outside"})"},
      {"%{NAGIOSLOGLINE}", "[1700000000] SERVICE ALERT: web;HTTP;CRITICAL;HARD;3;refused",
       R"({"nagios_epoch":"1700000000","nagios_type":"SERVICE ALERT","nagios_hostname":"web","nagios_service":"HTTP","nagios_state":"CRITICAL","nagios_statelevel":"HARD","nagios_attempt":"3","nagios_message":"refused"})",
       R"({"timestamp":"1700000000","nagios.log.type":"SERVICE ALERT","host.hostname":"web","service.name":"HTTP","service.state":"CRITICAL","nagios.log.state_type":"HARD","nagios.log.attempt":3,"message":"refused"})"},
      {"%{JAVASTACKTRACEPART}", "  at com.shop.Order.total(Order.java:42)",
       R"({"class":"com.shop.Order","method":"total","file":"Order.java","line":"42"})",
       R"({"java.log.origin.class.name":"com.shop.Order","log.origin.function":"total","log.origin.file.name":"Order.java","log.origin.file.line":42})"},
      {"^%{IPV6:ip}$", "2001:db8::1:0:7", R"({"ip":"2001:db8::1:0:7"})",
       R"({"ip":"2001:db8::1:0:7"})"},
      {"^%{IPV6:ip}$", "1:2:3", "no match", "no match"},
      {"^%{EMAILADDRESS:mail}$", "a.b+c@mail.example.com", R"({"mail":"a.b+c@mail.example.com"})",
       R"({"mail":"a.b+c@mail.example.com"})"},
      {"%{CRONLOG}", "Nov 24 12:00:01 web CRON[7]: (root) CMD (run-parts /etc/cron.hourly)",
       R"({"timestamp":"Nov 24 12:00:01","logsource":"web","program":"CRON","pid":"7","user":"root","action":"CMD","message":"run-parts /etc/cron.hourly"})",
       R"({"timestamp":"Nov 24 12:00:01","host.hostname":"web","process.name":"CRON","process.pid":7,"user.name":"root","system.cron.action":"CMD","message":"run-parts /etc/cron.hourly"})"},
      {"%{SQUID3}",
       "1700000000.123    52 10.0.0.7 TCP_MISS/200 1024 GET http://a.b/c - DIRECT/10.0.0.9 "
       "text/html",
       R"({"timestamp":"1700000000.123","duration":"52","client_address":"10.0.0.7","cache_result":"TCP_MISS","status_code":"200","bytes":"1024","request_method":"GET","url":"http://a.b/c","hierarchy_code":"DIRECT","server":"10.0.0.9","content_type":"text/html"})",
       R"({"timestamp":"1700000000.123","squid.request.duration":52,"source.ip":"10.0.0.7","event.action":"TCP_MISS","http.response.status_code":200,"http.response.bytes":1024,"http.request.method":"GET","url.original":"http://a.b/c","squid.hierarchy_code":"DIRECT","destination.address":"10.0.0.9","http.response.mime_type":"text/html"})"},
  };
  for (auto& each : cases) {
    EXPECT_EQ(fields_of(each.pattern, each.line, PatternSet::core(FieldNames::legacy)), each.legacy)
        << each.pattern;
    EXPECT_EQ(fields_of(each.pattern, each.line, PatternSet::core(FieldNames::ecs)), each.ecs)
        << each.pattern;
  }
}

}  // namespace
}  // namespace berth::observe
