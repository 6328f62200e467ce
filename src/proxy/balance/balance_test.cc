#include <cmath>

#include "catalog/policy_members.h"
#include "proxy/balance/balance_suite.h"
#include "proxy/balance/groups.h"

namespace berth::proxy {
namespace {

using Way = catalog::BalancePolicy::Way;
constexpr Way all_ways[] = {Way::two_choices, Way::least_requests, Way::round_robin, Way::weighted,
                            Way::random,      Way::ring,           Way::maglev};

catalog::BalancePolicy policy_of(Way way, std::uint32_t bound_permille = 0) {
  catalog::BalancePolicy policy;
  policy.way = way;
  policy.bound_permille = bound_permille;
  return policy;
}

struct EveryWay : ::testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(Ways, EveryWay, ::testing::ValuesIn(all_ways), [](auto& info) {
  return std::string(catalog::way_words[static_cast<std::size_t>(info.param)]);
});

TEST_P(EveryWay, spreads_evenly) {
  constexpr std::size_t count = 10;
  constexpr int picks = 100'000;
  Field field(policy_of(GetParam()), count);
  std::vector<int> got(count);
  for (int i = 0; i < picks; ++i) {
    Seat seat = field.pick(static_cast<std::uint64_t>(i));
    ASSERT_LT(seat, count);
    ++got[seat];
    field.begin(seat);
    field.end(seat);
  }
  // A ring of 160 points a member is uneven by about 1 / sqrt(160).
  double off = GetParam() == Way::ring ? 0.35 : 0.06;
  for (int each : got) EXPECT_NEAR(each, picks / count, picks / count * off);
}

TEST_P(EveryWay, gives_nothing_to_who_rests_is_full_or_was_tried) {
  Field field(policy_of(GetParam(), 1250), 6);
  field.seats.in_flight_max = 3;
  field.build();
  field.rest(1);
  for (int i = 0; i < 3; ++i) field.begin(2);
  Seat tried[] = {4};
  for (std::uint64_t i = 0; i < 2000; ++i) {
    Seat seat = field.pick(i, tried);
    ASSERT_TRUE(seat == 0 || seat == 3 || seat == 5) << seat;
  }
}

TEST_P(EveryWay, finds_the_only_one_that_may) {
  constexpr std::size_t count = 300;
  Field field(policy_of(GetParam()), count);
  for (Seat seat = 0; seat < count; ++seat) {
    if (seat != 217) field.rest(seat);
  }
  for (std::uint64_t i = 0; i < 20; ++i) EXPECT_EQ(field.pick(i), 217u);
  Seat tried[] = {217};
  EXPECT_EQ(field.pick(1, tried), no_seat);
  field.seats.panic = true;
  for (Seat seat = 0; seat < count; ++seat) field.balancer->changed(seat);
  EXPECT_NE(field.pick(1, tried), no_seat);
}

TEST_P(EveryWay, has_no_one_without_members) {
  Field field(policy_of(GetParam()), 0);
  EXPECT_EQ(field.pick(), no_seat);
  EXPECT_EQ(field.pick_without_key(), no_seat);
}

/// One that warms up at a tenth gets about that of what the others get.
TEST_P(EveryWay, gives_less_to_who_warms_up) {
  constexpr int picks = 20'000;
  Field field(policy_of(GetParam()), 4);
  field.seats.warmth[2] = 0.1f;
  field.balancer->changed(2);
  int got = 0;
  std::vector<Seat> flying;
  for (int i = 0; i < picks; ++i) {
    Seat seat = field.pick(static_cast<std::uint64_t>(i));
    if (seat == 2) ++got;
    field.begin(seat);  // some are always in flight, or the least loaded would all be equal
    flying.push_back(seat);
    if (flying.size() > 40) {
      std::swap(flying[field.random.below(flying.size())], flying.back());
      field.end(flying.back());
      flying.pop_back();
    }
  }
  EXPECT_LT(got, picks / 4 * 0.45);
  EXPECT_GT(got, 0);
}

struct ByWeight : ::testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(Ways, ByWeight,
                         ::testing::Values(Way::weighted, Way::random, Way::ring, Way::maglev));

TEST_P(ByWeight, each_gets_its_share) {
  constexpr int picks = 100'000;
  Field field(policy_of(GetParam()), 4);
  field.weights = {1, 2, 3, 10};
  field.build();
  std::vector<int> got(4);
  for (int i = 0; i < picks; ++i) ++got[field.pick(static_cast<std::uint64_t>(i))];
  double off = GetParam() == Way::ring ? 0.35 : 0.05;
  for (std::size_t i = 0; i < 4; ++i) {
    double wanted = picks * field.weights[i] / 16.0;
    EXPECT_NEAR(got[i], wanted, wanted * off) << i;
  }
}

TEST(Balance, weighted_is_smooth) {
  Field field(policy_of(Way::weighted), 2);
  field.weights = {1, 4};
  field.build();
  int run = 0, longest = 0;
  for (int i = 0; i < 1000; ++i) {
    run = field.pick() == 1 ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  EXPECT_LE(longest, 5);
}

TEST(Balance, least_requests_always_takes_one_of_the_least) {
  Field field(policy_of(Way::least_requests), 37);
  std::vector<Seat> flying;
  for (int i = 0; i < 20'000; ++i) {
    if (!flying.empty() && field.random.chance(0.49)) {
      std::swap(flying[field.random.below(flying.size())], flying.back());
      field.end(flying.back());
      flying.pop_back();
      continue;
    }
    Seat seat = field.pick();
    ASSERT_EQ(field.seats.in_flight[seat], *std::ranges::min_element(field.seats.in_flight));
    field.begin(seat);
    flying.push_back(seat);
  }
}

TEST(Balance, two_choices_keeps_the_most_loaded_near_the_mean) {
  constexpr std::size_t count = 1000;
  Field chance(policy_of(Way::random), count), choices(policy_of(Way::two_choices), count);
  for (std::size_t i = 0; i < count * 10; ++i) {
    chance.begin(chance.pick_without_key());
    choices.begin(choices.pick_without_key());
  }
  EXPECT_GT(std::ranges::max(chance.seats.in_flight), 18u);
  EXPECT_LE(std::ranges::max(choices.seats.in_flight), 14u);
}

struct Consistent : ::testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(Ways, Consistent, ::testing::Values(Way::ring, Way::maglev));

/// Of the keys, those that moved though both their old and their new member were there throughout.
struct Moves {
  int all = 0;
  int needless = 0;
};
Moves moves(Field& before, Field& after) {
  constexpr std::uint64_t keys = 20'000;
  Moves out;
  auto& there_before = before.names;
  auto& there_after = after.names;
  for (std::uint64_t key = 0; key < keys; ++key) {
    auto& a = before.names[before.pick(key)];
    auto& b = after.names[after.pick(key)];
    if (a == b) continue;
    ++out.all;
    bool stayed = std::ranges::find(there_after, a) != there_after.end();
    bool was_there = std::ranges::find(there_before, b) != there_before.end();
    if (stayed && was_there) ++out.needless;
  }
  return out;
}

TEST_P(Consistent, one_that_goes_moves_hardly_more_than_its_own_keys) {
  for (std::size_t count : {3, 10, 100}) {
    Field before(policy_of(GetParam()), count), after(policy_of(GetParam()), count);
    after.names.erase(after.names.begin() + 1);
    after.weights.clear();
    after.build();
    Moves found = moves(before, after);
    double own = 20'000.0 / static_cast<double>(count);
    EXPECT_LT(found.all, own * 1.6) << count;
    EXPECT_GT(found.all, own * 0.5) << count;
    if (GetParam() == Way::ring) EXPECT_EQ(found.needless, 0);
    EXPECT_LT(found.needless, 20'000 * 0.03);
  }
}

TEST_P(Consistent, one_that_comes_takes_its_share_from_all) {
  Field before(policy_of(GetParam()), 10), after(policy_of(GetParam()), 11);
  Moves found = moves(before, after);
  EXPECT_NEAR(found.all, 20'000.0 / 11, 20'000.0 / 11 * 0.6);
  if (GetParam() == Way::ring) EXPECT_EQ(found.needless, 0);
}

TEST_P(Consistent, every_proxy_finds_the_same_whatever_order_it_knows_them_in) {
  Field one(policy_of(GetParam()), 20, 1), other(policy_of(GetParam()), 20, 2);
  std::ranges::reverse(other.names);
  other.build();
  for (std::uint64_t key = 0; key < 2000; ++key)
    ASSERT_EQ(one.names[one.pick(key)], other.names[other.pick(key)]);
}

/// Mirrokni et al.: with bound 1.25 no member has more than ceil(1.25 times the mean), however
/// unfair the keys are.
TEST_P(Consistent, load_stays_within_its_bound_with_one_hot_key) {
  Field field(policy_of(GetParam(), 1250), 10);
  std::vector<Seat> flying;
  for (int i = 0; i < 20'000; ++i) {
    std::uint64_t key = field.random.chance(0.9) ? 7 : field.random.next();
    Seat seat = field.pick(key);
    field.begin(seat);
    flying.push_back(seat);
    double mean = static_cast<double>(field.seats.total) / 10;
    ASSERT_LE(field.seats.in_flight[seat], std::ceil(1.25 * mean));
    if (flying.size() < 200) continue;
    std::swap(flying[field.random.below(flying.size())], flying.back());
    field.end(flying.back());
    flying.pop_back();
  }
}

TEST_P(Consistent, who_rests_gets_its_keys_back) {
  Field field(policy_of(GetParam()), 10);
  std::vector<Seat> before;
  for (std::uint64_t key = 0; key < 1000; ++key) before.push_back(field.pick(key));
  field.rest(4);
  for (std::uint64_t key = 0; key < 1000; ++key) {
    Seat seat = field.pick(key);
    ASSERT_NE(seat, 4u);
    if (before[key] != 4) ASSERT_EQ(seat, before[key]);
  }
  field.seats.out[4] = 0;
  for (std::uint64_t key = 0; key < 1000; ++key) ASSERT_EQ(field.pick(key), before[key]);
}

// Groups ------------------------------------------------------------------------------------------

struct Tagged {
  explicit Tagged(catalog::BalancePolicy policy, std::string own_zone = "") : groups(seats) {
    seats.in_flight_max = 100;
    for (int i = 0; i < 12; ++i) {
      catalog::Instance instance;
      instance.id = "users/" + std::to_string(i);
      instance.version = i < 2 ? "v4" : "v3";
      instance.zone = std::string(1, static_cast<char>('a' + i % 3));
      if (i % 2 == 0) instance.tags = {"gpu=yes"};
      instances.push_back(instance);
    }
    for (auto& each : instances) {
      seats.add(each.id, 1, 0);
      pointers.push_back(&each);
    }
    groups.set(policy, own_zone, pointers, random);
  }
  Seat pick(std::string_view tags = "") { return groups.pick({random}, tags); }

  SeededRandom random{3};
  Seats seats;
  std::vector<catalog::Instance> instances;
  std::vector<const catalog::Instance*> pointers;
  Groups groups;
};

TEST(Groups, a_canary_gets_its_share_in_steps_of_a_thousandth) {
  for (std::uint32_t permille : {1u, 25u, 500u}) {
    catalog::BalancePolicy policy;
    policy.canary_tag = "version=v4";
    policy.canary_permille = permille;
    Tagged tagged(policy);
    int got = 0;
    constexpr int picks = 400'000;
    for (int i = 0; i < picks; ++i) got += tagged.pick() < 2 ? 1 : 0;
    double wanted = picks * permille / 1000.0;
    EXPECT_NEAR(got, wanted, 5 * std::sqrt(wanted)) << permille;
  }
}

TEST(Groups, a_canary_that_is_out_loses_nothing) {
  catalog::BalancePolicy policy;
  policy.canary_tag = "version=v4";
  policy.canary_permille = 1000;
  Tagged tagged(policy);
  for (Seat seat : {0, 1}) tagged.seats.out[seat] = 1, ++tagged.seats.out_count;
  tagged.groups.rests_changed();
  for (int i = 0; i < 100; ++i) {
    Seat seat = tagged.pick();
    ASSERT_GE(seat, 2u);
    ASSERT_NE(seat, no_seat);
  }
}

TEST(Groups, a_request_gets_an_instance_with_the_tags_it_names) {
  catalog::BalancePolicy policy;
  policy.subset_header = "x-subset";
  Tagged tagged(policy);
  for (int i = 0; i < 200; ++i) {
    Seat seat = tagged.pick("version=v3, gpu=yes");
    ASSERT_EQ(tagged.instances[seat].version, "v3");
    ASSERT_EQ(tagged.instances[seat].tags.size(), 1u);
  }
  EXPECT_NE(tagged.pick("version=v9"), no_seat);  // any
  policy.subset_required = true;
  Tagged strict(policy);
  EXPECT_EQ(strict.pick("version=v9"), no_seat);
  EXPECT_FALSE(strict.groups.any("version=v9"));
  EXPECT_TRUE(strict.groups.any("version=v3,zone=a"));
}

TEST(Groups, requests_stay_in_their_zone_while_it_has_its_part) {
  catalog::BalancePolicy policy;
  policy.zone_aware = true;
  Tagged tagged(policy, "b");
  for (int i = 0; i < 300; ++i) ASSERT_EQ(tagged.instances[tagged.pick()].zone, "b");
  // Three of its four rest: it has a third of its part, and the rest goes elsewhere.
  for (Seat seat : {1, 4, 7}) tagged.seats.out[seat] = 1, ++tagged.seats.out_count;
  tagged.groups.rests_changed();
  int here = 0;
  for (int i = 0; i < 9000; ++i) here += tagged.instances[tagged.pick()].zone == "b" ? 1 : 0;
  EXPECT_NEAR(here, 3000, 250);
  tagged.seats.out[10] = 1;
  tagged.groups.rests_changed();
  for (int i = 0; i < 100; ++i) ASSERT_NE(tagged.instances[tagged.pick()].zone, "b");
}

}  // namespace
}  // namespace berth::proxy
