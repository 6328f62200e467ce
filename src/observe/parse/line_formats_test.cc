#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "observe/parse/csv.h"
#include "observe/parse/dissect.h"
#include "observe/parse/json_line.h"
#include "observe/parse/key_value.h"

namespace berth::observe {
namespace {

using testing::HasSubstr;

std::string pairs(std::string_view line, const KeyValueForm& form = {}) {
  Record record;
  return read_key_values(line, form, record) ? record.json().text() : "no match";
}

TEST(KeyValue, reads_logfmt_with_quotes_escapes_and_bare_keys) {
  EXPECT_EQ(pairs(R"(level=info msg="it \"works\"\n" took=12ms  done)"),
            R"({"level":"info","msg":"it \"works\"\n","took":"12ms","done":true})");
  EXPECT_EQ(pairs("a= b=1"), R"({"a":"","b":"1"})");
  EXPECT_EQ(pairs("just some words"), "no match");
  EXPECT_EQ(pairs("a=\"open"), "no match");
  EXPECT_EQ(pairs("a=1 a=2"), R"({"a":"2"})");
}

TEST(KeyValue, takes_other_separators) {
  EXPECT_EQ(pairs("a:1;b:'x;y'", {";", ":", false}), R"({"a":"1","b":"x;y"})");
}

std::string columns(std::string_view line, char separator = ',') {
  Record record;
  return read_csv(line, separator, {"id", "name"}, record) ? record.json().text() : "no match";
}

TEST(Csv, reads_quoted_columns_and_names_those_without_a_name) {
  EXPECT_EQ(columns(R"(7,"Smith, ""Jo""",x)"),
            R"({"id":"7","name":"Smith, \"Jo\"","column3":"x"})");
  EXPECT_EQ(columns("7;;", ';'), R"({"id":"7"})");
  EXPECT_EQ(columns(R"(7,"open)"), "no match");
  EXPECT_EQ(columns(R"(7,"a"b)"), "no match");
}

std::string dissected(std::string_view pattern, std::string_view line) {
  auto dissect = Dissect::compile(pattern);
  if (!dissect.ok()) return dissect.error().text();
  Record record;
  return dissect->match(line, record) ? record.json().text() : "no match";
}

TEST(Dissect, takes_a_line_apart_at_fixed_texts) {
  EXPECT_EQ(dissected("%{date} %{+date} [%{level}] %{message}", "24.11. 12:00 [warn] a [b] c"),
            R"({"date":"24.11. 12:00","level":"warn","message":"a [b] c"})");
  EXPECT_EQ(dissected("%{level->} %{?skip}:%{}:%{rest}", "info    a:b:c:d"),
            R"({"level":"info","rest":"c:d"})");
  EXPECT_EQ(dissected("%{+a/2} %{+a/1}", "two one"), R"({"a":"one two"})");
  EXPECT_EQ(dissected("%{*k}=%{&k}", "colour=red"), R"({"colour":"red"})");
  EXPECT_EQ(dissected("<%{a}> %{b}", "x <1> 2"), "no match");
  EXPECT_EQ(dissected("%{a}:%{b}", "no colon"), "no match");
}

TEST(Dissect, a_wrong_pattern_is_refused_with_its_position) {
  EXPECT_EQ(dissected("no field", ""), "column 1: there is no field %{name}");
  EXPECT_EQ(dissected("%{a}%{b}", ""), "column 5: between two fields must stand some text");
  EXPECT_EQ(dissected("%{a} %{b", ""), "column 6: this '%{' is not closed");
  EXPECT_EQ(dissected("%{+} x", ""), "column 1: a field's name is missing");
  EXPECT_THAT(dissected("%{+a/x} y", ""), HasSubstr("column 1: behind '/'"));
}

std::string from_json(std::string_view line) {
  Record record;
  return read_json_line(line, record) ? record.json().text() : "no match";
}

TEST(JsonLine, gives_inner_objects_dots_and_common_loggers_one_set_of_names) {
  EXPECT_EQ(from_json(R"({"level":30,"time":1700000000000,"msg":"hi","req":{"id":7}})"),
            R"({"level":"info","time":1700000000000,"msg":"hi","req.id":7,"message":"hi"})");
  EXPECT_EQ(from_json(R"( {"severity":"ERROR","ts":"2026-11-24T12:00:00Z","event":"x"} )"),
            R"({"severity":"ERROR","ts":"2026-11-24T12:00:00Z","event":"x","message":"x",)"
            R"("level":"error","time":"2026-11-24T12:00:00Z"})");
  EXPECT_EQ(from_json("[1]"), "no match");
  EXPECT_EQ(from_json("{broken"), "no match");
}

}  // namespace
}  // namespace berth::observe
