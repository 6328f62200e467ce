#include "os/mapped_ring.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

namespace berth::os {
namespace {

bool put(MappedRing& ring, std::string_view text) {
  auto room = ring.reserve(text.size());
  if (room.empty()) return false;
  std::memcpy(room.data(), text.data(), text.size());
  ring.commit(text.size());
  return true;
}

struct RingTest : ::testing::Test {
  std::string path = "/tmp/ring-test-" + std::to_string(::getpid());
  void TearDown() override { ::unlink(path.c_str()); }
};

TEST_F(RingTest, records_come_in_order_around_the_end_and_over_a_restart) {
  auto ring = MappedRing::open(path, 4096).value();
  std::size_t read = 0;
  for (std::size_t i = 0; i < 5000; ++i) {
    ASSERT_TRUE(put(*ring, "record " + std::to_string(i) + std::string(i % 100, 'x')));
    if (i % 7 != 0 && i != 4999) continue;
    if (i % 3 == 0) ring = MappedRing::open(path).value();
    for (std::string_view record; !(record = ring->peek()).empty(); ring->pop()) {
      ASSERT_TRUE(record.starts_with("record " + std::to_string(read))) << record;
      ++read;
    }
  }
  EXPECT_EQ(read, 5000u);
  EXPECT_EQ(ring->dropped(), 0u);
}

TEST_F(RingTest, full_ring_drops_and_counts) {
  auto ring = MappedRing::open(path, 4096).value();
  std::size_t kept = 0;
  while (put(*ring, std::string(100, 'a'))) ++kept;
  EXPECT_FALSE(put(*ring, std::string(100, 'a')));
  EXPECT_EQ(ring->dropped(), 2u);
  std::size_t read = 0;
  for (; !ring->peek().empty(); ring->pop()) ++read;
  EXPECT_EQ(read, kept);
  EXPECT_TRUE(put(*ring, "again"));
}

TEST_F(RingTest, writer_that_is_killed_leaves_whole_records) {
  auto ring = MappedRing::open(path, 1 << 20).value();
  pid_t child = ::fork();
  if (child == 0) {
    auto mine = MappedRing::open(path).value();
    for (std::uint64_t i = 0;; ++i) {
      std::string text =
          std::to_string(i) + ":" + std::string(200, static_cast<char>('a' + i % 26));
      put(*mine, text);
    }
  }
  std::uint64_t read = 0;
  while (read < 2000) {
    if (ring->peek().empty()) continue;
    ring->pop();
    ++read;
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  for (std::string_view record; !(record = ring->peek()).empty(); ring->pop()) {
    std::size_t colon = record.find(':');
    auto number = std::stoull(std::string(record.substr(0, colon)));
    ASSERT_EQ(record.substr(colon + 1), std::string(200, static_cast<char>('a' + number % 26)));
  }
}

}  // namespace
}  // namespace berth::os
