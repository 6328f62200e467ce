#include "observe/streams/query.h"

#include "observe/streams/streams_suite.h"

// riemann query_test.clj, by its names, and what its grammar refuses.

namespace berth::observe::streams {
namespace {

void expect(const char* text, const Texts& good, const Texts& evil) {
  auto query = Query::parse(text);
  ASSERT_TRUE(query.ok()) << text << ": " << query.error().text();
  for (auto& each : good) EXPECT_TRUE(query->matches(e(each))) << text << " with " << each;
  for (auto& each : evil) EXPECT_FALSE(query->matches(e(each))) << text << " with " << each;
}

std::string refusal(std::string_view text) {
  auto query = Query::parse(text);
  return query.ok() ? "" : std::string(query.error().message());
}

TEST(QueryTest, truthy) {
  expect("true", {"state=foo", ""}, {});
  expect("false", {}, {"state=foo", ""});
  expect("null", {}, {"state=foo", ""});
  expect("nil", {}, {""});
  expect("7", {""}, {});
  expect("state", {"state=foo"}, {"", "host=a"});
}

TEST(QueryTest, equal) {
  expect("state = \"foo\"", {"state=foo"}, {"state=bar", ""});
  expect("\"foo\"=state", {"state=foo"}, {"state=bar", ""});
  expect("ttl = 64", {"ttl=64"}, {"ttl=63", ""});
  expect("metric = 1e5", {"metric=100000"}, {"metric=1", ""});
  expect("metric = -1.2e-5", {"metric=-0.000012"}, {"metric=0"});
  expect("state = \"\\b\\t\"", {}, {"state=bt"});
  expect("host = service", {"host=a service=a", ""}, {"host=a service=b", "host=a"});
  expect("state = true", {}, {"state=true", ""});
  expect("state = \"辻斬\"", {"state=辻斬"}, {"state=辻"});
}

TEST(QueryTest, not_equal) {
  expect("metric != 1", {"metric=0.5", ""}, {"metric=1"});
  expect("state != 1", {"state=1", ""}, {});  // a text is no number
}

TEST(QueryTest, wildcard) {
  expect("host =~ \"%s.\"", {"host=s.", "host=foos."}, {"host=a.", "host=s.murf", ""});
  expect("host =~ \"a%b%c\"", {"host=abc", "host=aXbYbc"}, {"host=ab", "host=abcd"});
  expect("host =~ \"%%\"", {"host=a"}, {""});
  expect("metric =~ \"%\"", {}, {"metric=1"});
}

TEST(QueryTest, regexp) {
  expect("host ~= \"foo?[1-9]+\"", {"host=foo19", "host=foo1", "host=fo42"},
         {"host=abc", "host=foo", "host=fooo42", ""});
  expect("host ~= \"^\\\\d+$\"", {"host=12"}, {"host=a1"});
  expect("host ~= \"^\\d+$\"", {"host=12"}, {"host=a1"});  // ours: edn refuses this
}

TEST(QueryTest, inequality) {
  expect("metric > 1e10", {"metric=1e11"}, {"metric=1e10", ""});
  expect("metric >= -1", {"metric=0", "metric=-1"}, {"metric=-2", ""});
  expect("metric < 1.2e2", {"metric=15"}, {"metric=120", ""});
  expect("metric <= 1", {"metric=1", "metric=-20"}, {"metric=2", ""});
  expect("metric < Infinity", {"metric=1"}, {""});
  expect("state < 2", {}, {"state=1"});
}

TEST(QueryTest, tagged) {
  expect("tagged \"cat\"", {"tags=cat,dog", "tags=cat"}, {"tags=dog", ""});
}

TEST(QueryTest, null) {
  expect("time = null and description != nil", {"description=hey"},
         {"time=2 description=x", "time=2", ""});
}

TEST(QueryTest, boolean_operators_bind_not_before_and_before_or) {
  expect("not ((host = \"1\" or host = \"2\") and service = \"3\")", {"host=1", "service=3", ""},
         {"host=2 service=3"});
  expect("not host = \"1\" and host = \"2\"", {"host=2"}, {"host=1", "host=3"});
  expect("host = \"1\" or host = \"2\" and service = \"3\"", {"host=1", "host=2 service=3"},
         {"host=2"});
  expect("not host = \"1\" or host = \"2\" and host = \"3\"", {"host=2", ""}, {"host=1"});
}

TEST(QueryTest, custom_fields) {
  expect("paws = 4 and tagged \"catz\"", {"paws=4 time=2 tags=fuzzy,catz"},
         {"paws=4 time=2 tags=fuzzy", "paws=4", "paws=3 tags=fuzzy,catz", "tags=catz"});
  expect("paws > 3", {"paws=4", "paws=3.5"}, {"paws=three", "paws=3", ""});
}

TEST(QueryTest, a_lookup_by_host_and_service_is_known) {
  auto query = Query::parse("service = \"a b\" and host = \"h\"");
  ASSERT_TRUE(query.ok());
  auto pair = query->host_and_service();
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->first, "h");
  EXPECT_EQ(pair->second, "a b");
  EXPECT_FALSE(Query::parse("service = \"a\" or host = \"h\"")->host_and_service());
  EXPECT_FALSE(Query::parse("service = \"a\" and host != \"h\"")->host_and_service());
  EXPECT_FALSE(Query::parse("service = \"a\" and service = \"h\"")->host_and_service());
  EXPECT_FALSE(Query::parse("service = host and host = \"h\"")->host_and_service());
}

TEST(QueryTest, what_is_wrong_is_told_with_its_column) {
  EXPECT_EQ(refusal(""), "parse error: column 1: expected a condition, found the end");
  EXPECT_EQ(refusal("state ="), "parse error: column 8: expected a value, found the end");
  EXPECT_EQ(refusal("metric > \"a\""), "parse error: column 10: expected a number, found '\"'");
  EXPECT_EQ(refusal("(host = \"a\""),
            "parse error: column 12: expected ')', 'and' or 'or', found the end");
  EXPECT_EQ(refusal("host = \"a"), "parse error: column 8: the text that begins here has no end");
  EXPECT_EQ(refusal("host \"a\""),
            "parse error: column 6: expected 'and', 'or' or the end, found '\"'");
  EXPECT_EQ(refusal("tagged cat"), "parse error: column 8: expected a tag in quotes, found 'cat'");
  EXPECT_EQ(refusal("and host"), "parse error: column 1: expected a condition, found 'and'");
  EXPECT_EQ(refusal("host = \"\\q\""), "parse error: column 9: there is no escape '\\q'");
  EXPECT_THAT(refusal("host ~= \"(\""),
              testing::HasSubstr("column 9: no regular expression: missing )"));
  EXPECT_EQ(refusal("metric > 12abc"),
            "parse error: column 12: expected the end of the number, found 'abc'");
  EXPECT_THAT(refusal(std::string(200, '(') + "true"), testing::HasSubstr("nested too deeply"));
  EXPECT_THAT(refusal(std::string(Query::text_bytes_max + 1, ' ')), testing::HasSubstr("the most"));
}

}  // namespace
}  // namespace berth::observe::streams
