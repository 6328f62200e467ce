#include "proxy/remarkable.h"

#include <gmock/gmock.h>

#include "async/allocations_suite.h"

namespace berth::proxy {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t second = 1'000'000'000;

struct RemarkableTest : ::testing::Test {
  Remarkable remarkable;
  http::Headers asked, answered;

  RemarkableTest() {
    asked.add_view("Host", "users");
    asked.add_view("Authorization", "Bearer abc");
    asked.add_view("X-Staff", "s3cret");
    answered.add_view("Set-Cookie", "session=1");
    answered.add_view("Content-Type", "text/plain");
  }
  void note(std::int64_t at, std::int64_t took, std::uint16_t status = 200,
            std::string_view target = "/") {
    http::AccessRecord record;
    record.accepted = at * second;
    record.total = took;
    record.status = status;
    record.target = target;
    record.method = "GET";
    remarkable.note(record, Address::ipv4(0x0a000001, 1000), asked, answered,
                    [](std::string_view name) { return name == "X-Staff"; });
  }
};

TEST_F(RemarkableTest, the_slowest_of_a_minute_are_kept) {
  for (int i = 0; i < 1000; ++i) note(600 + i % 59, (i * 7919) % 1000);
  auto minutes = remarkable.minutes();
  ASSERT_EQ(minutes.size(), 1u);
  EXPECT_EQ(minutes[0]->requests, 1000u);
  ASSERT_EQ(minutes[0]->slowest_count, Remarkable::slowest_max);
  for (auto& each : minutes[0]->slowest) EXPECT_GE(each.total, 990);
}

TEST_F(RemarkableTest, failures_are_kept_apart_and_counted_beyond) {
  for (int i = 0; i < 50; ++i) note(600, 1, 503);
  auto minutes = remarkable.minutes();
  EXPECT_EQ(minutes[0]->failures, 50u);
  EXPECT_EQ(minutes[0]->failed_count, Remarkable::failed_max);
  EXPECT_EQ(minutes[0]->slowest_count, 0u);
}

TEST_F(RemarkableTest, minutes_follow_one_another_newest_first) {
  for (int i = 0; i < 40; ++i) note(600 + i * 60, i);
  auto minutes = remarkable.minutes();
  ASSERT_EQ(minutes.size(), Remarkable::minutes_max);
  EXPECT_EQ(minutes[0]->begins, (600 + 39 * 60) * second);
  EXPECT_EQ(minutes[1]->begins, (600 + 38 * 60) * second);
  EXPECT_EQ(minutes[0]->slowest_count, 1u);
  EXPECT_EQ(minutes[0]->slowest[0].total, 39);
}

TEST_F(RemarkableTest, secrets_are_left_out) {
  note(600, 1, 200, "/login?user=ann&password=hush&X-Staff=s3cret&next=/a");
  auto& kept = remarkable.minutes()[0]->slowest[0];
  EXPECT_EQ(kept.target, "/login?user=ann&password=(left out)&X-Staff=(left out)&next=/a");
  EXPECT_EQ(kept.asked, "Host: users\nAuthorization: (left out)\nX-Staff: (left out)\n");
  EXPECT_EQ(kept.answered, "Set-Cookie: (left out)\nContent-Type: text/plain\n");
}

TEST_F(RemarkableTest, long_ones_are_cut) {
  std::string value(3000, 'x');
  asked.add_view("A", value);
  asked.add_view("B", value);
  note(600, 1, 200, "/" + std::string(5000, 'y'));
  auto& kept = remarkable.minutes()[0]->slowest[0];
  EXPECT_LE(kept.asked.size(), Remarkable::fields_bytes_max + 4);
  EXPECT_THAT(kept.asked, ::testing::EndsWith("...\n"));
  EXPECT_EQ(kept.target.size(), Remarkable::target_bytes_max);
}

TEST_F(RemarkableTest, needs_no_memory_in_the_long_run) {
  auto round = [&](int from) {
    for (int i = 0; i < 6000; ++i) note(from + i / 4, i, i % 10 == 0 ? 500 : 200, "/a/target");
  };
  round(600);
  std::size_t before = allocations_counted();
  round(2400);
  EXPECT_EQ(allocations_counted(), before);
}

}  // namespace
}  // namespace berth::proxy
