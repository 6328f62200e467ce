#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace berth {
namespace {

using testing::HasSubstr;

std::string again(std::string_view text) {
  Result<Json> json = Json::parse(text);
  return json.ok() ? json->text() : std::string(json.error().message());
}

TEST(Json, reads_every_type_and_writes_it_back_in_order) {
  constexpr std::string_view text =
      R"({"z":null,"a":[true,false,1,-2,18446744073709551615,1.5,"x"],"m":{"k":{}},"e":[]})";
  EXPECT_EQ(again(text), text);
  EXPECT_EQ(again(" 7 "), "7");
  EXPECT_EQ(again("[1e2, -0.0]"), "[100,-0.0]");
}

TEST(Json, keeps_integers_exact_and_tells_types_apart) {
  Json json = *Json::parse(R"({"least":-9223372036854775808,"most":18446744073709551615,
                               "whole":3.0,"part":3.5,"text":"3"})");
  EXPECT_EQ(json["least"].integer(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(json["most"].integer(), std::nullopt);
  EXPECT_EQ(json["most"].unsigned_integer(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(json["whole"].integer(), 3);
  EXPECT_EQ(json["part"].integer(), std::nullopt);
  EXPECT_EQ(json["part"].number(), 3.5);
  EXPECT_EQ(json["text"].number(), std::nullopt);
  EXPECT_EQ(json["none"]["at"]["all"].string_or("default"), "default");
  EXPECT_EQ(json.find("none"), nullptr);
}

TEST(Json, tells_what_is_wrong_with_a_member) {
  Json json = *Json::parse(R"({"port":"80","name":"users"})");
  EXPECT_EQ(json.string_at("name").value(), "users");
  EXPECT_EQ(json.integer_at("port").error().message(), "'port' must be an integer, found a string");
  EXPECT_EQ(json.boolean_at("up").error().message(), "'up' is missing");
  EXPECT_EQ(json.number_at("name").error().code(), Code::invalid);
}

TEST(Json, says_where_and_why_a_text_is_refused) {
  struct Case {
    std::string_view text;
    std::string_view message;
  };
  constexpr Case cases[] = {
      {"", "JSON line 1, column 1: expected a value, found the end of the text"},
      {"{\n  \"a\": 1,\n  \"b\" 2}",
       "JSON line 3, column 7: expected ':' behind the key, found '2'"},
      {"[1, 2", "JSON line 1, column 6: expected ',' or ']', found the end of the text"},
      {"[1,]", "JSON line 1, column 4: expected a value, found ']'"},
      {"{'a':1}", "JSON line 1, column 2: expected a key in double quotes, found '''"},
      {"[1] 2", "JSON line 1, column 5: expected the end of the text, found '2'"},
      {"\"ä\n\"",
       "JSON line 1, column 3: expected an escape such as \\n in the string, found the "
       "end of the line"},
      {"\"a\xff\"", "JSON line 1, column 3: expected UTF-8 in the string, found the byte 0xff"},
      {"\"abc",
       "JSON line 1, column 5: expected '\"' at the end of the string, found the end of "
       "the text"},
      {"\"\\q\"",
       "JSON line 1, column 3: expected one of \"\\/bfnrtu behind the backslash, found 'q'"},
      {"\"\\ud800x\"",
       "JSON line 1, column 2: expected both halves of a surrogate pair, found '\\'"},
      {"\"\\u12g4\"", "JSON line 1, column 6: expected four hexadecimal digits, found 'g'"},
      {"[01]", "JSON line 1, column 3: expected no digit behind a leading 0, found '1'"},
      {"[1.]", "JSON line 1, column 4: expected a digit, found ']'"},
      {"[1e400]", "JSON line 1, column 2: the number is too large for 64 bits, found '1'"},
      {"18446744073709551616",
       "JSON line 1, column 1: the number is too large for 64 bits, found '1'"},
      {"nul", "JSON line 1, column 1: expected a value, found 'n'"},
      {"truex", "JSON line 1, column 5: expected the end of the text, found 'x'"},
  };
  for (const Case& one : cases) {
    Result<Json> json = Json::parse(one.text);
    ASSERT_FALSE(json.ok()) << one.text;
    EXPECT_EQ(json.error().message(), one.message) << one.text;
  }
}

TEST(Json, limits_depth_and_size) {
  auto nested = [](int depth) { return std::string(depth, '[') + '1' + std::string(depth, ']'); };
  EXPECT_TRUE(Json::parse(nested(64)).ok());
  Result<Json> deep = Json::parse(nested(65));
  ASSERT_FALSE(deep.ok());
  EXPECT_THAT(deep.error().message(), HasSubstr("column 65: values may be nested 64 deep"));
  EXPECT_FALSE(Json::parse(nested(1000000)).ok());
  EXPECT_TRUE(Json::parse("[[1]]", {.depth_max = 2}).ok());
  EXPECT_FALSE(Json::parse("[[[1]]]", {.depth_max = 2}).ok());
  EXPECT_EQ(Json::parse("[1,2,3]", {.text_bytes_max = 6}).error().message(),
            "the JSON text has 7 bytes; at most 6 are read");
  std::string large = "[\"" + std::string(1 << 20, 'x') + "\"]";
  EXPECT_EQ(Json::parse(large)->items()[0].string()->size(), 1u << 20);
}

TEST(Json, reads_memory_that_ends_right_behind_the_text) {
  for (int length = 1; length < 200; length++) {
    auto exact = std::make_unique<char[]>(length);
    std::fill_n(exact.get(), length, '1');
    if (length > 18) exact[1] = '.';
    EXPECT_TRUE(Json::parse({exact.get(), static_cast<std::size_t>(length)}).ok()) << length;
  }
}

TEST(Json, of_equal_keys_the_last_counts) {
  Json json = *Json::parse(R"({"a":1,"a":2})");
  EXPECT_EQ(json["a"].integer(), 2);
  json.set("a", 3).set("b", Json::array());
  EXPECT_EQ(json.text(), R"({"a":1,"a":3,"b":[]})");
}

TEST(Json, is_built_from_plain_values) {
  Json json;
  json.set("name", "users").set("port", 8000).set("up", true).set("size", std::uint64_t{7});
  Json list;
  list.add(1.25).add(nullptr).add(std::string("x"));
  json.set("list", std::move(list));
  EXPECT_EQ(json.text(),
            R"({"name":"users","port":8000,"up":true,"size":7,"list":[1.25,null,"x"]})");
  Json copy = json;
  EXPECT_EQ(copy, json);
  copy = Json(copy["list"]);
  EXPECT_EQ(copy.items().size(), 3u);
}

TEST(JsonWriter, places_commas_and_colons) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("a", 1).key("b").begin_array().value("x").value(2.5).begin_object();
  json.end_object().null().end_array().member("c", false).key("d").raw("{}").end_object();
  EXPECT_EQ(out, R"({"a":1,"b":["x",2.5,{},null],"c":false,"d":{}})");
}

TEST(JsonWriter, escapes_what_json_cannot_hold) {
  std::string out;
  append_json_string(out, std::string_view("a\"\\\n\r\t\x01\0 ä€😀", 18));
  EXPECT_EQ(out, "\"a\\\"\\\\\\n\\r\\t\\u0001\\u0000 ä€😀\"");
  EXPECT_EQ(Json::parse(out)->string()->size(), 18u);
  for (std::string_view bad :
       {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xe2\x82", "\xf5\x80\x80\x80"}) {
    out.clear();
    append_json_string(out, bad);
    EXPECT_TRUE(Json::parse(out).ok()) << out;
    EXPECT_THAT(out, HasSubstr("\\ufffd"));
  }
}

TEST(JsonWriter, writes_doubles_that_read_back_the_same) {
  for (double number : {0.1, 1e22, 1.7976931348623157e308, 5e-324, 1.0 / 3, -2.5e-9}) {
    std::string out;
    JsonWriter(out).value(number);
    EXPECT_EQ(Json::parse(out)->number(), number) << out;
  }
  std::string out;
  JsonWriter(out).begin_array().value(std::nan("")).value(HUGE_VAL).value(0.1).end_array();
  EXPECT_EQ(out, "[null,null,0.1]");
}

}  // namespace
}  // namespace berth
