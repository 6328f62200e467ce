#include <gmock/gmock.h>

#include <cstdlib>
#include <set>

#include "base/strings.h"
#include "observe/alone/incident_suite.h"

// A day in which one service becomes slow and all that stand on it do: the alert names that one,
// first and alone. By seed.

namespace berth::observe {
namespace {

/// What the world's output was told, all of it, held against one culprit.
void expect_only(const IncidentWorld& world, const std::string& culprit, std::int64_t from,
                 std::int64_t to) {
  ASSERT_FALSE(world.told.empty()) << "nobody was told";
  EXPECT_GE(world.told[0].second, from) << world.told[0].text;
  EXPECT_LE(world.told[0].second, from + 180) << "it took long to be told";
  for (auto& told : world.told) {
    for (auto line : split(told.text, '\n')) {
      bool named =
          line.starts_with("firing: " + culprit) || line.starts_with("resolved: " + culprit);
      EXPECT_TRUE(named) << told.second << ": " << line;
    }
  }
  EXPECT_EQ(world.told.back().state, "ok") << "it was not told that it is over";
  EXPECT_LE(world.told.back().second, to + 600);
}

/// Services with alerts now that are explained by the culprit's.
std::set<std::string> effects(IncidentWorld& world, const std::string& culprit) {
  std::set<std::string> out;
  Json json = world.alerts().json();
  for (auto& alert : json["alerts"].items()) {
    std::string service(alert["labels"]["service"].string_or(""));
    if (service == culprit) continue;
    EXPECT_EQ(alert["explained_by"]["service"].string_or("nothing"), culprit) << service;
    out.insert(service);
  }
  return out;
}

TEST(Incident, a_whole_day_tells_of_the_slow_database_first_and_of_nothing_else) {
  if (!std::getenv("BERTH_WHOLE_DAY")) GTEST_SKIP() << "takes minutes; BERTH_WHOLE_DAY=1 runs it";
  constexpr std::int64_t from = 11 * 3600 + 1234, to = from + 20 * 60;
  IncidentWorld world(1, {.from = from, .to = to}, 1min);
  world.run_to(from);
  EXPECT_TRUE(world.told.empty()) << world.told[0].text;
  world.run_to(from + 300);
  auto hushed = effects(world, "db");
  for (auto* each : {"web", "orders", "products"}) EXPECT_TRUE(hushed.contains(each)) << each;
  EXPECT_FALSE(hushed.contains("bank") || hushed.contains("files"));
  world.run_to(24 * 3600);
  expect_only(world, "db", from, to);
  EXPECT_GT(world.requests(), 100'000u);
}

class IncidentBySeed : public testing::TestWithParam<std::uint64_t> {};

/// The day is pressed into half an hour: its load, its noise, one incident at noon.
TEST_P(IncidentBySeed, the_culprit_is_told_first_and_alone_whichever_it_is) {
  constexpr const char* culprits[] = {"db", "bank", "files", "users"};
  constexpr std::int64_t day = 1800, from = 840, to = from + 360;
  std::string culprit = culprits[GetParam() % 4];
  IncidentWorld world(GetParam(), {.service = culprit, .from = from, .to = to}, 1s, day);
  world.run_to(from + 200);
  EXPECT_FALSE(effects(world, culprit).empty());
  world.run_to(day);
  expect_only(world, culprit, from, to);
}

INSTANTIATE_TEST_SUITE_P(Seeds, IncidentBySeed, testing::Range<std::uint64_t>(12, 14));

}  // namespace
}  // namespace berth::observe
