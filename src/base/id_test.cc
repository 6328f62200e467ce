#include "base/id.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(Id, is_26_characters_that_sort_by_time) {
  WallTime time{1'469'918'176'385 * 1'000'000};
  std::string id = make_id(time, 0, 0);
  EXPECT_EQ(id, "01ARYZ6S410000000000000000");  // the time of the ULID specification's example
  EXPECT_LT(make_id(time, ~0ull, ~0ull), make_id(time + 1ms, 0, 0));
  EXPECT_EQ(make_id(time, ~0ull, ~0ull), "01ARYZ6S41ZZZZZZZZZZZZZZZZ");
  EXPECT_NE(make_id(time, 1, 2), make_id(time, 1, 3));
}

TEST(Id, is_told_from_other_text) {
  EXPECT_TRUE(is_id(make_id(WallTime{}, 7, 9)));
  for (std::string_view text : {"", "01ARYZ6S41000000000000000", "01ARYZ6S41000000000000000U",
                                "81ARYZ6S410000000000000000", "01aryz6s410000000000000000"})
    EXPECT_FALSE(is_id(text)) << text;
}

}  // namespace
}  // namespace berth
