#include "base/strings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace berth {
namespace {

using testing::ElementsAre;

TEST(Strings, trims_and_splits) {
  EXPECT_EQ(trim("  a b\r\n"), "a b");
  EXPECT_EQ(trim(" \t"), "");
  EXPECT_THAT(split("a,,b", ','), ElementsAre("a", "", "b"));
  EXPECT_THAT(split("", ','), ElementsAre(""));
  EXPECT_EQ(split_once("a=b=c", '='), std::pair(std::string_view("a"), std::string_view("b=c")));
  EXPECT_EQ(split_once("abc", '='), std::nullopt);
  EXPECT_TRUE(equal_ignoring_case("Content-Type", "content-typE"));
  EXPECT_FALSE(equal_ignoring_case("a", "ab"));
  EXPECT_EQ(lower("USERS.Berth"), "users.berth");
}

TEST(Strings, reads_whole_numbers_strictly) {
  EXPECT_EQ(parse_integer<int>("-42").value(), -42);
  EXPECT_EQ(parse_integer<std::uint64_t>("18446744073709551615").value(), ~std::uint64_t{0});
  EXPECT_EQ(parse_integer<int>("00000000000000000000000000007").value(), 7);
  for (std::string_view text : {"", "-", "+1", " 1", "1 ", "0x1", "1.0", "1e3"})
    EXPECT_EQ(parse_integer<int>(text).error().message(),
              "'" + std::string(text) + "' is not a whole number");
  EXPECT_EQ(parse_integer<std::uint16_t>("70000", 1).error().message(),
            "70000 is out of range: it must be from 1 to 65535");
  EXPECT_EQ(parse_integer<int>("-1", 0, 5).error().message(),
            "-1 is out of range: it must be from 0 to 5");
  EXPECT_FALSE(parse_integer<std::int64_t>("-9999999999999999999999").ok());
  EXPECT_FALSE(parse_integer<std::uint64_t>("18446744073709551616").ok());
}

TEST(Strings, finds_the_word_that_was_meant) {
  constexpr std::array<std::string_view, 4> words = {"instances", "image", "port", "public"};
  EXPECT_EQ(nearest_word("instnaces", words), "instances");
  EXPECT_EQ(nearest_word("instance", words), "instances");
  EXPECT_EQ(nearest_word("prot", words), "port");
  EXPECT_EQ(nearest_word("pubilc", words), "public");
  EXPECT_EQ(nearest_word("zzz", words), "");
  EXPECT_EQ(nearest_word("", words), "");
}

TEST(Strings, counts_edits) {
  EXPECT_EQ(edit_distance("ab", "ba"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("abcdef", "uvwxyz"), 4u);
  EXPECT_EQ(edit_distance(std::string(100, 'a'), std::string(100, 'b')), 4u);
}

}  // namespace
}  // namespace berth
