#include "observe/samples/head_chunk.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "observe/samples/column_codec.h"

namespace berth::observe {
namespace {

using promql::Sample;

void expect_equal(const std::vector<Sample>& got, const std::vector<Sample>& wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(got[i].time, wanted[i].time) << i;
    ASSERT_EQ(std::bit_cast<std::uint64_t>(got[i].value),
              std::bit_cast<std::uint64_t>(wanted[i].value))
        << i << ": " << got[i].value << " for " << wanted[i].value;
  }
}

/// Through a chunk of memory and through columns of a block.
double both_ways(const std::vector<Sample>& samples, std::uint8_t exponent = 0) {
  HeadChunk chunk(exponent);
  std::vector<std::int64_t> times;
  std::vector<double> values;
  for (auto& sample : samples) {
    chunk.append(sample.time, sample.value);
    times.push_back(sample.time);
    values.push_back(sample.value);
  }
  std::vector<Sample> read;
  chunk.read(INT64_MIN, INT64_MAX, read);
  expect_equal(read, samples);
  std::string encoded_times = encode_times(times), encoded_values = encode_values(values);
  std::string_view left_times = encoded_times, left_values = encoded_values;
  auto times_back = take_times(left_times, times.size());
  auto values_back = take_values(left_values, values.size());
  EXPECT_TRUE(left_times.empty() && left_values.empty());
  read.clear();
  for (std::size_t i = 0; i < times.size(); ++i) {
    read.push_back({times_back.value()[i], values_back.value()[i]});
  }
  expect_equal(read, samples);
  chunk.seal();
  return static_cast<double>(chunk.memory()) / static_cast<double>(samples.size());
}

std::vector<Sample> made(std::size_t count, auto value_of) {
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < count; ++i) {
    samples.push_back({1'700'000'000'000 + static_cast<std::int64_t>(i) * 15'000, value_of(i)});
  }
  return samples;
}

TEST(HeadChunk, every_bit_of_odd_values_comes_back) {
  double infinity = std::numeric_limits<double>::infinity();
  std::vector<double> odd = {0.0,
                             -0.0,
                             1,
                             -1,
                             0.1,
                             1e300,
                             5e-324,
                             infinity,
                             -infinity,
                             NAN,
                             -NAN,
                             1e15,
                             1e16,
                             9007199254740992,
                             -9007199254740993.0,
                             promql::stale_marker,
                             0.1 + 0.2,
                             123456.789,
                             -0.000001,
                             42,
                             42};
  std::mt19937_64 random(1);
  for (std::uint8_t exponent = 0; exponent < 8; ++exponent) {
    for (int turn = 0; turn < 50; ++turn) {
      std::ranges::shuffle(odd, random);
      both_ways(made(odd.size(), [&](std::size_t i) { return odd[i]; }), exponent);
    }
  }
}

TEST(HeadChunk, random_series_of_every_kind_come_back) {
  std::mt19937_64 random(2);
  for (int turn = 0; turn < 300; ++turn) {
    std::vector<Sample> samples;
    std::int64_t time = static_cast<std::int64_t>(random() % 2'000'000'000'000);
    double value = 0;
    std::size_t count = 1 + random() % HeadChunk::samples_max;
    for (std::size_t i = 0; i < count; ++i) {
      time += 1 + static_cast<std::int64_t>(random() % (std::uint64_t{1} << (random() % 36)));
      switch (random() % 5) {
        case 0:
          value += static_cast<double>(random() % 100);
          break;
        case 1:
          value = static_cast<double>(random() % 100'000) / 100;
          break;
        case 2:
          value = std::bit_cast<double>(random());
          break;
        default:
          break;
      }
      samples.push_back({time, value});
    }
    both_ways(samples);
  }
}

TEST(HeadChunk, counters_take_less_than_a_byte_and_a_half_and_still_values_a_quarter) {
  std::mt19937_64 random(3);
  double sum = 0;
  double counter =
      both_ways(made(240, [&](auto) { return sum += static_cast<double>(random() % 16); }));
  EXPECT_LT(counter, 1.5);
  EXPECT_LT(both_ways(made(240, [](auto) { return 7.0; })), 0.4);
  double cents =
      both_ways(made(240, [&](auto) { return 20 + static_cast<double>(random() % 100) / 100; }), 2);
  EXPECT_LT(cents, 2.2);
}

TEST(HeadChunk, a_range_is_read_with_both_ends) {
  HeadChunk chunk;
  for (auto& sample : made(10, [](std::size_t i) { return static_cast<double>(i); })) {
    chunk.append(sample.time, sample.value);
  }
  std::vector<Sample> read;
  chunk.read(1'700'000'030'000, 1'700'000'060'000, read);
  ASSERT_EQ(read.size(), 3u);
  EXPECT_EQ(read[0].value, 2);
}

}  // namespace
}  // namespace berth::observe
