#include "observe/promql/parser.h"

#include <gtest/gtest.h>

#include "observe/promql/query_suite.h"

namespace berth::promql {
namespace {

std::string error_of(std::string_view text) {
  auto node = parse_expression(text);
  return node.ok() ? "" : std::string(node.error().message());
}

TEST(PromqlParser, precedence_is_that_of_the_documentation) {
  Written none;
  EXPECT_EQ(none.ask("1 + 2 * 3"), "{} 7");
  EXPECT_EQ(none.ask("2 ^ 3 ^ 2"), "{} 512");
  EXPECT_EQ(none.ask("-2 ^ 2"), "{} -4");
  EXPECT_EQ(none.ask("2 ^ -1 * 4"), "{} 2");
  EXPECT_EQ(none.ask("10 - 4 - 3"), "{} 3");
  EXPECT_EQ(none.ask("1 + 1 == bool 2"), "{} 1");
  EXPECT_EQ(none.ask("7 % 4 / 3"), "{} 1");
  EXPECT_EQ(none.ask("(1 + 2) * 3 # a remark"), "{} 9");
}

TEST(PromqlParser, numbers_and_durations_are_read_as_go_reads_them) {
  Written none;
  EXPECT_EQ(none.ask("0x1F"), "{} 31");
  EXPECT_EQ(none.ask("010"), "{} 8");
  EXPECT_EQ(none.ask("1e3 + .5"), "{} 1000.5");
  EXPECT_EQ(none.ask("-Inf"), "{} -Inf");
  EXPECT_EQ(none.ask("nan"), "{} NaN");
  EXPECT_EQ(none.ask(R"("a\tb\u00e4\x41")"), "a\tb\u00e4A");
  EXPECT_EQ(none.ask("`a\\t`"), "a\\t");
  EXPECT_EQ(error_of("x[5m30]"), "1:3: parse error: bad number or duration syntax: \"5m30\"");
  EXPECT_EQ(error_of("x[1h5h]"), "1:3: parse error: bad number or duration syntax: \"1h5h\"");
}

TEST(PromqlParser, a_fault_is_told_with_line_and_column) {
  EXPECT_EQ(error_of(""), "1:1: parse error: no expression found in input");
  EXPECT_EQ(error_of("sum(x"), "1:6: parse error: unclosed left parenthesis");
  EXPECT_EQ(error_of("1 +\n  rat(x[5m])"), "2:3: parse error: unknown function with name \"rat\"");
  EXPECT_EQ(error_of("rate(x)"),
            "1:1: parse error: expected type range vector in call to function \"rate\", got "
            "instant vector");
  EXPECT_EQ(error_of("1 > 2"),
            "1:1: parse error: comparisons between scalars must use BOOL modifier");
  EXPECT_EQ(error_of("{job=~\".*\"}"),
            "1:1: parse error: vector selector must contain at least one non-empty matcher");
  EXPECT_EQ(error_of("x{job=~\"(\"}").find("1:8: parse error: error parsing regexp"), 0u);
  EXPECT_EQ(error_of("sum by (job) x"),
            "1:14: parse error: unexpected identifier \"x\" in call, "
            "expected \"(\"");
  EXPECT_EQ(error_of("x and 1"),
            "1:1: parse error: set operator \"and\" not allowed in binary "
            "scalar expression");
}

TEST(PromqlParser, keywords_are_names_where_nothing_else_can_stand) {
  EXPECT_EQ(error_of("sum"), "");
  EXPECT_EQ(error_of("sum(sum{by=\"x\"}) by (offset, on)"), "");
  EXPECT_EQ(error_of("a:b:c[5m] offset 1h"), "");
  EXPECT_EQ(error_of("bool + on(bool) start"), "");
}

TEST(PromqlParser, modifiers_belong_to_selectors_and_subqueries_once) {
  EXPECT_EQ(error_of("x[5m] @ end() offset -1m"), "");
  EXPECT_EQ(error_of("max_over_time(rate(x[1m])[1h:30s] offset 5m @ 1700000000)"), "");
  EXPECT_NE(error_of("sum(x) offset 5m"), "");
  EXPECT_NE(error_of("x offset 5m offset 5m"), "");
  EXPECT_NE(error_of("(x)[5m]"), "");
  EXPECT_NE(error_of("x offset 1m [5m]"), "");
  EXPECT_NE(error_of("x[0s]"), "");
}

TEST(PromqlParser, what_stands_too_deep_or_is_too_long_is_refused) {
  std::string deep(1000, '(');
  EXPECT_NE(error_of(deep + "1" + std::string(1000, ')')), "");
  std::string chain = "1";
  for (int i = 0; i < 1000; ++i) chain += "+1";
  EXPECT_NE(error_of(chain), "");
  EXPECT_NE(error_of(std::string(query_bytes_max + 1, '1')), "");
}

}  // namespace
}  // namespace berth::promql
