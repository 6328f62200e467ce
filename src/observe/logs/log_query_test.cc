#include "observe/logs/log_query.h"

#include <gtest/gtest.h>

#include "observe/logs/line_words.h"

namespace berth::observe {
namespace {

/// Whether the query finds this one line.
bool finds(std::string_view query, const StoredLine& line) {
  auto read = LogQuery::parse(query);
  EXPECT_TRUE(read.ok()) << query << ": " << (read.ok() ? "" : read.error().text());
  if (!read.ok()) return false;
  LineBatch batch;
  batch.add(line);
  std::string lower;
  lower_into(line.text, lower);
  return read->matches(batch, 0, lower);
}
bool finds(std::string_view query, std::string_view text) {
  return finds(query, StoredLine{{}, "laptop", "orders", "orders/1", LogLevel::info, text, {}});
}

TEST(LogQuery, words_are_whole_in_any_case_and_all_of_them_must_be_there) {
  std::string_view line = "2026-11-24 Connection to db-2.example refused: read_timeout after 30s";
  EXPECT_TRUE(finds("", line));
  EXPECT_TRUE(finds("connection", line));
  EXPECT_TRUE(finds("REFUSED connection", line));
  EXPECT_TRUE(finds("db-2.example", line));
  EXPECT_TRUE(finds("timeout", line));  // '_' parts words
  EXPECT_TRUE(finds("refused:", line));
  EXPECT_FALSE(finds("connect", line));
  EXPECT_FALSE(finds("connection missing", line));
  EXPECT_FALSE(finds("30", line));
  EXPECT_TRUE(finds("*0s", line));
  EXPECT_TRUE(finds("connect*", line));
  EXPECT_TRUE(finds("*nnect*", line));
  EXPECT_TRUE(finds("conn*ion", line));
  EXPECT_FALSE(finds("nnect*", line));
}

TEST(LogQuery, phrases_and_expressions) {
  std::string_view line = R"(user "anna" failed at /users/17 with 503)";
  EXPECT_TRUE(finds("\"failed at\"", line));
  EXPECT_FALSE(finds("\"at failed\"", line));
  EXPECT_FALSE(finds("\"ailed at\"", line));
  EXPECT_TRUE(finds(R"("user \"anna\"")", line));
  EXPECT_TRUE(finds("/users/17", line));  // a path is no expression
  EXPECT_TRUE(finds("/5\\d\\d$/", line));
  EXPECT_TRUE(finds("/FAILED/i", line));
  EXPECT_FALSE(finds("/FAILED/", line));
  EXPECT_TRUE(finds("/\\/users\\/\\d+/", line));
  EXPECT_TRUE(finds("/us(er|ers)/ -timeout", line));
}

TEST(LogQuery, and_or_not_and_brackets) {
  std::string_view line = "alpha beta gamma";
  EXPECT_TRUE(finds("alpha OR delta", line));
  EXPECT_TRUE(finds("delta OR beta", line));
  EXPECT_FALSE(finds("delta OR epsilon", line));
  EXPECT_TRUE(finds("alpha -delta", line));
  EXPECT_FALSE(finds("alpha -beta", line));
  EXPECT_FALSE(finds("NOT alpha", line));
  EXPECT_TRUE(finds("NOT (delta OR epsilon)", line));
  EXPECT_TRUE(finds("(delta OR alpha) AND gamma", line));
  EXPECT_FALSE(finds("(delta OR alpha) zeta", line));
  EXPECT_TRUE(finds("not OR alpha", line));  // small letters: a word
}

TEST(LogQuery, service_instance_host_and_level) {
  StoredLine line{{}, "laptop", "Orders", "orders/1", LogLevel::warning, "it rains", {}};
  EXPECT_TRUE(finds("service:orders", line));
  EXPECT_TRUE(finds("service:ord*", line));
  EXPECT_FALSE(finds("service:order", line));
  EXPECT_TRUE(finds("instance:orders/1 host:laptop", line));
  EXPECT_TRUE(finds("instance:*/1", line));
  EXPECT_TRUE(finds("service!=users", line));
  EXPECT_FALSE(finds("-service:orders", line));
  EXPECT_TRUE(finds("level:warn", line));
  EXPECT_TRUE(finds("level:WARNING", line));
  EXPECT_TRUE(finds("level>=warn", line));
  EXPECT_TRUE(finds("level:>=info", line));
  EXPECT_FALSE(finds("level>warn", line));
  EXPECT_TRUE(finds("level<error", line));
  EXPECT_FALSE(finds("level!=warn", line));
}

TEST(LogQuery, fields_that_came_with_the_line_and_those_in_its_text) {
  LogLineField fields[] = {{"status", "503"}, {"path", "/users/17"}, {"seconds", "0.25"}};
  StoredLine line{{}, "", "users", "", LogLevel::info, "GET status=200", fields};
  EXPECT_TRUE(finds("status:503", line));
  EXPECT_FALSE(finds("status:200", line));  // what came goes before what is written
  EXPECT_TRUE(finds("status>=500 status<600", line));
  EXPECT_TRUE(finds("path:users", line));
  EXPECT_TRUE(finds("path=/users/17", line));
  EXPECT_FALSE(finds("path=/users", line));
  EXPECT_TRUE(finds("path:/^.users/", line));
  EXPECT_TRUE(finds("seconds:>0.2", line));
  EXPECT_FALSE(finds("seconds>0.25", line));
  EXPECT_TRUE(finds("path:*", line));
  EXPECT_FALSE(finds("query:*", line));

  std::string_view json = R"({"user":{"id":17},"msg":"no such card","took":1.5})";
  EXPECT_TRUE(finds("user.id:17", json));
  EXPECT_TRUE(finds("msg:card", json));
  EXPECT_TRUE(finds("msg=\"no such card\"", json));
  EXPECT_FALSE(finds("msg=\"no such\"", json));
  EXPECT_TRUE(finds("took>1", json));
  EXPECT_FALSE(finds("user.id:18", json));
  std::string_view logfmt = R"(level=warn msg="it is slow" took=31)";
  EXPECT_TRUE(finds("took>30", logfmt));
  EXPECT_TRUE(finds("msg:slow", logfmt));
  EXPECT_TRUE(finds("took!=30", logfmt));
}

TEST(LogQuery, text_with_colons_is_text) {
  EXPECT_TRUE(finds("http://users:7480/", "asking http://users:7480/"));
  EXPECT_TRUE(finds("Error: it failed", "Error: it failed"));
  EXPECT_TRUE(finds("12:30:01", "at 12:30:01.5"));
  EXPECT_TRUE(finds("std::bad_alloc", "threw std::bad_alloc"));
}

TEST(LogQuery, a_word_after_a_written_line_end_is_a_word) {
  std::string_view line = R"({"stack":"refused\n\tat shop.Main"})";
  EXPECT_TRUE(finds("refused", line));
  EXPECT_TRUE(finds("at", line));
  EXPECT_TRUE(finds("shop.Main", line));
}

TEST(LogQuery, what_is_wrong_is_told_with_its_place) {
  struct Case {
    std::string_view query;
    std::size_t at;
    std::string_view text;
  };
  for (auto& [query, at, text] :
       {Case{"alpha \"beta", 6, "this quote is not closed"},
        {"(alpha OR beta", 0, "this bracket is not closed"},
        {"alpha) beta", 5, "this bracket closes nothing"},
        {"alpha OR", 8, "something to look for is missing here"},
        {"OR alpha", 0, "something to look for is missing before this"},
        {"level:loud", 6, "a level is error, warn, info or debug"},
        {"took>fast", 5, "a number must stand behind '>'"},
        {"service>orders", 7, "'service' has no order: use : or !="},
        {"service:/ord/", 8, "'service' takes a name, with * for anything"},
        {"a /b(/ c", 2, "the expression is wrong: missing ): b("},
        {"\"\"", 0, "nothing stands between the quotes"},
        {"ab\"c", 2, "a quote within a word: put all of it in quotes"},
        {"()", 1, "something to look for is missing here"}}) {
    QueryFault fault;
    auto read = LogQuery::parse(query, &fault);
    ASSERT_FALSE(read.ok()) << query;
    EXPECT_EQ(fault.at, at) << query;
    EXPECT_EQ(fault.text, text) << query;
    EXPECT_EQ(read.error().message(),
              "column " + std::to_string(at + 1) + ": " + std::string(text));
  }
  EXPECT_FALSE(LogQuery::parse(std::string(LogQuery::bytes_max + 1, 'a')).ok());
  EXPECT_FALSE(LogQuery::parse(std::string(LogQuery::depth_max + 1, '(')).ok());
  std::string many;
  for (int i = 0; i < 200; ++i) many += "a ";
  EXPECT_FALSE(LogQuery::parse(many).ok());
}

}  // namespace
}  // namespace berth::observe
