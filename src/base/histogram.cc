#include "base/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>

#include "base/varint.h"

namespace berth {

namespace {

constexpr int precision_bits = 6;
constexpr std::uint64_t per_power = 1 << precision_bits;
constexpr std::size_t buckets_max = (64 - precision_bits + 1) * per_power;
constexpr char version = 1;

/// Bucket i below 64 holds i alone; then each power of two has 64 buckets of equal width.
std::size_t bucket_of(std::uint64_t value) {
  if (value < per_power) return value;
  int shift = std::bit_width(value) - 1 - precision_bits;
  return static_cast<std::size_t>(shift) * per_power + (value >> shift);
}

std::uint64_t lowest_of(std::size_t bucket) {
  if (bucket < 2 * per_power) return bucket;
  std::uint64_t shift = bucket / per_power - 1;
  return (bucket % per_power + per_power) << shift;
}

std::uint64_t middle_of(std::size_t bucket) {
  if (bucket < 2 * per_power) return bucket;
  std::uint64_t width = std::uint64_t{1} << (bucket / per_power - 1);
  return lowest_of(bucket) + width / 2;
}

std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::uint64_t>::max() : sum;
}

std::uint64_t saturating_multiply(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<std::uint64_t>::max()
                                                : product;
}

}  // namespace

void Histogram::cover(std::size_t first, std::size_t last) {
  if (counts_.empty()) {
    first_bucket_ = first;
    counts_.resize(last - first + 1);
    return;
  }
  if (first < first_bucket_) {
    counts_.insert(counts_.begin(), first_bucket_ - first, 0);
    first_bucket_ = first;
  }
  if (last >= first_bucket_ + counts_.size()) counts_.resize(last - first_bucket_ + 1);
}

void Histogram::record(std::uint64_t value, std::uint64_t times) {
  if (times == 0) return;
  std::size_t bucket = bucket_of(value);
  if (bucket - first_bucket_ >= counts_.size()) [[unlikely]]
    cover(bucket, bucket);
  counts_[bucket - first_bucket_] += times;
  count_ += times;
  sum_ = saturating_add(sum_, saturating_multiply(value, times));
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
}

void Histogram::merge(const Histogram& other) {
  if (other.empty()) return;
  cover(other.first_bucket_, other.first_bucket_ + other.counts_.size() - 1);
  std::size_t offset = other.first_bucket_ - first_bucket_;
  for (std::size_t i = 0; i < other.counts_.size(); i++) counts_[offset + i] += other.counts_[i];
  count_ += other.count_;
  sum_ = saturating_add(sum_, other.sum_);
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

std::uint64_t Histogram::quantile(double q) const {
  if (empty() || q <= 0) return min();
  auto rank = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(count_)));
  if (rank >= count_) return max_;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); i++) {
    seen += counts_[i];
    if (seen >= rank) return std::clamp(middle_of(first_bucket_ + i), min_, max_);
  }
  return max_;
}

std::uint64_t Histogram::count_up_to(std::uint64_t value) const {
  if (value >= max_) return count_;
  std::size_t bucket = bucket_of(value);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size() && first_bucket_ + i <= bucket; i++)
    seen += counts_[i];
  return seen;
}

void Histogram::encode(std::string& out) const {
  out += version;
  append_varint(out, count_);
  if (empty()) return;
  append_varint(out, sum_);
  append_varint(out, min_);
  append_varint(out, max_ - min_);
  std::size_t next = 0;
  for (std::size_t i = 0; i < counts_.size(); i++) {
    if (counts_[i] == 0) continue;
    append_varint(out, first_bucket_ + i - next);
    append_varint(out, counts_[i]);
    next = first_bucket_ + i + 1;
  }
}

Result<Histogram> Histogram::decode(std::string_view text) {
  auto damaged = [] { return Error(Code::invalid, "a stored histogram is damaged"); };
  if (!text.starts_with(version)) return damaged();
  text.remove_prefix(1);
  Histogram out;
  std::optional<std::uint64_t> count = take_varint(text);
  if (!count || (*count == 0 && !text.empty())) return damaged();
  if (*count == 0) return out;
  std::optional<std::uint64_t> sum = take_varint(text);
  std::optional<std::uint64_t> min = take_varint(text);
  std::optional<std::uint64_t> range = take_varint(text);
  if (!sum || !min || !range || *range > std::numeric_limits<std::uint64_t>::max() - *min)
    return damaged();
  out.cover(bucket_of(*min), bucket_of(*min + *range));
  std::size_t next = 0;
  while (!text.empty()) {
    std::optional<std::uint64_t> gap = take_varint(text);
    std::optional<std::uint64_t> times = take_varint(text);
    if (!gap || !times || *times == 0 || *gap >= buckets_max) return damaged();
    std::size_t bucket = next + *gap;
    if (bucket - out.first_bucket_ >= out.counts_.size()) return damaged();
    out.counts_[bucket - out.first_bucket_] = *times;
    if (__builtin_add_overflow(out.count_, *times, &out.count_)) return damaged();
    next = bucket + 1;
  }
  if (out.count_ != *count || out.counts_.front() == 0 || out.counts_.back() == 0) return damaged();
  out.sum_ = *sum;
  out.min_ = *min;
  out.max_ = *min + *range;
  return out;
}

bool Histogram::operator==(const Histogram& other) const = default;

}  // namespace berth
