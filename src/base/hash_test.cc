#include "base/hash.h"

#include <gtest/gtest.h>

#include <string>

namespace berth {
namespace {

TEST(Hash, crc32c_gives_the_values_of_rfc_3720) {
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
}

TEST(Hash, crc32c_goes_on_from_part_to_part) {
  std::string text = "a log record that is written in two parts";
  for (std::size_t i = 0; i <= text.size(); i++)
    EXPECT_EQ(crc32c(text.substr(i), crc32c(text.substr(0, i))), crc32c(text));
}

TEST(Hash, hash64_is_xxh3) {
  EXPECT_EQ(hash64(""), 0x2d06800538d394c2u);
  EXPECT_NE(hash64("users"), hash64("users", 1));
  EXPECT_NE(hash64("users"), hash64("user"));
}

}  // namespace
}  // namespace berth
