#include "base/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace berth {
namespace {

std::vector<std::uint64_t> latencies(std::size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> spread(13, 1.5);
  std::vector<std::uint64_t> out(count);
  for (std::uint64_t& value : out) value = static_cast<std::uint64_t>(spread(random));
  return out;
}

Histogram of(const std::vector<std::uint64_t>& values) {
  Histogram out;
  for (std::uint64_t value : values) out.record(value);
  return out;
}

TEST(Histogram, is_empty_at_first) {
  Histogram empty;
  EXPECT_EQ(empty.count(), 0u);
  EXPECT_EQ(empty.min(), 0u);
  EXPECT_EQ(empty.max(), 0u);
  EXPECT_EQ(empty.quantile(0.5), 0u);
  EXPECT_EQ(empty.mean(), 0);
}

TEST(Histogram, is_exact_for_small_values) {
  Histogram h = of({3, 1, 2, 63, 127});
  EXPECT_EQ(h.quantile(0), 1u);
  EXPECT_EQ(h.quantile(0.2), 1u);
  EXPECT_EQ(h.quantile(0.5), 3u);
  EXPECT_EQ(h.quantile(0.8), 63u);
  EXPECT_EQ(h.quantile(1), 127u);
  EXPECT_EQ(h.sum(), 196u);
  EXPECT_EQ(h.mean(), 39.2);
  EXPECT_EQ(h.count_up_to(3), 3u);
}

TEST(Histogram, quantiles_are_at_most_0_8_percent_off) {
  std::vector<std::uint64_t> values = latencies(50000, 1);
  Histogram h = of(values);
  std::ranges::sort(values);
  for (double q : {0.01, 0.25, 0.5, 0.9, 0.99, 0.999}) {
    auto exact = static_cast<double>(
        values[static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size()))) - 1]);
    EXPECT_NEAR(static_cast<double>(h.quantile(q)), exact, exact * 0.008) << q;
  }
  EXPECT_EQ(h.min(), values.front());
  EXPECT_EQ(h.max(), values.back());
}

TEST(Histogram, holds_the_whole_range) {
  Histogram h = of({0, ~std::uint64_t{0}, std::uint64_t{1} << 63});
  EXPECT_EQ(h.quantile(0.1), 0u);
  EXPECT_EQ(h.quantile(1), ~std::uint64_t{0});
  EXPECT_NEAR(static_cast<double>(h.quantile(0.5)), 0x1p63, 0x1p63 * 0.008);
  EXPECT_EQ(h.sum(), ~std::uint64_t{0}) << "stays at the largest number";
}

TEST(Histogram, merging_equals_recording_in_one) {
  std::vector<std::uint64_t> first = latencies(2000, 2);
  std::vector<std::uint64_t> second = {0, 5, 1'000'000'000'000};
  Histogram merged = of(first);
  merged.merge(of(second));
  merged.merge(Histogram());
  std::vector<std::uint64_t> all = first;
  all.insert(all.end(), second.begin(), second.end());
  EXPECT_EQ(merged, of(all));
  Histogram into_empty;
  into_empty.merge(merged);
  EXPECT_EQ(into_empty, merged);
  Histogram many;
  many.record(7, 1000);
  EXPECT_EQ(many, of(std::vector<std::uint64_t>(1000, 7)));
}

TEST(Histogram, reads_back_what_it_encoded) {
  for (const Histogram& h : {Histogram(), of({0}), of({~std::uint64_t{0}}),
                             of({0, ~std::uint64_t{0}}), of(latencies(3000, 3))}) {
    std::string bytes;
    h.encode(bytes);
    EXPECT_EQ(Histogram::decode(bytes).value(), h);
    EXPECT_LT(bytes.size(), 2500u);
  }
}

TEST(Histogram, refuses_damaged_bytes) {
  std::string bytes;
  of(latencies(50, 4)).encode(bytes);
  for (std::size_t size = 0; size < bytes.size(); size++)
    EXPECT_FALSE(Histogram::decode(std::string_view(bytes).substr(0, size)).ok()) << size;
  std::mt19937 random(5);
  for (int i = 0; i < 5000; i++) {
    std::string damaged = bytes;
    for (int n = 0; n < 3; n++) damaged[random() % damaged.size()] = static_cast<char>(random());
    Result<Histogram> h = Histogram::decode(damaged);
    if (h.ok()) {
      EXPECT_LE(h->quantile(0.5), h->max());
    }
  }
}

}  // namespace
}  // namespace berth
