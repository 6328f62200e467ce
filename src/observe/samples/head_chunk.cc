#include "observe/samples/head_chunk.h"

#include <algorithm>

#include "observe/samples/scaled.h"

namespace berth::observe {
namespace {

constexpr int time_bits[] = {7, 12, 20};
constexpr int difference_bits[] = {5, 9, 14, 20};

std::uint64_t low(std::uint64_t value, int count) {
  return count == 64 ? value : value & ((std::uint64_t{1} << count) - 1);
}

}  // namespace

void HeadChunk::put(std::uint64_t bits, int count) {
  bits = low(bits, count);
  int room = 64 - static_cast<int>(bits_ % 64);
  bits_ += static_cast<std::uint32_t>(count);
  if (count < room) {
    begun_ |= bits << (room - count);
    return;
  }
  int rest = count - room;
  if (words_.size() == words_.capacity()) words_.reserve(words_.size() + 8);
  words_.push_back(begun_ | bits >> rest);
  begun_ = rest == 0 ? 0 : bits << (64 - rest);
}

void HeadChunk::append_time(std::int64_t time) {
  std::int64_t delta = time - last_time_;
  std::uint64_t change = zigzag(delta - last_delta_);
  last_delta_ = delta;
  last_time_ = time;
  if (change == 0) return put(0, 1);
  std::uint64_t prefix = 0b10;
  for (int i = 0; i < 3; ++i, prefix = prefix << 1 | 0b10) {
    if (change >> time_bits[i] != 0) continue;
    put(prefix, i + 2);
    return put(change, time_bits[i]);
  }
  put(0b1111, 4);
  put(change, 64);
}

void HeadChunk::append_xor(std::uint64_t bits) {
  std::uint64_t change = bits ^ last_bits_;
  int leading = std::min(std::countl_zero(change), 31);
  int trailing = std::countr_zero(change);
  if (leading_ != 255 && leading >= leading_ && trailing >= trailing_) {
    put(0b110, 3);
    return put(change >> trailing_, 64 - leading_ - trailing_);
  }
  int length = 64 - leading - trailing;
  put(0b111, 3);
  put(static_cast<std::uint64_t>(leading), 5);
  put(static_cast<std::uint64_t>(length - 1), 6);
  put(change >> trailing, length);
  leading_ = static_cast<std::uint8_t>(leading);
  trailing_ = static_cast<std::uint8_t>(trailing);
}

void HeadChunk::append_value(double value) {
  auto bits = std::bit_cast<std::uint64_t>(value);
  if (bits == last_bits_) return put(0, 1);
  std::optional<std::int64_t> whole;
  if (exponent_ <= exponent_max) whole = scaled(value, exponent_);
  if (whole) {
    std::uint64_t change = zigzag(*whole - last_scaled_);
    for (std::uint64_t i = 0; i < 4; ++i) {
      if (change >> difference_bits[i] != 0) continue;
      put(0b10, 2);
      put(i, 2);
      put(change, difference_bits[i]);
      last_bits_ = bits;
      last_scaled_ = *whole;
      return;
    }
    last_scaled_ = *whole;
  } else if (hint_ <= exponent_max) {
    hint_ = static_cast<std::uint8_t>(least_exponent(value, hint_));
  }
  append_xor(bits);
  last_bits_ = bits;
}

void HeadChunk::append(std::int64_t time, double value) {
  if (count_++ > 0) {
    append_time(time);
    append_value(value);
    return;
  }
  auto bits = std::bit_cast<std::uint64_t>(value);
  exponent_ = std::max(exponent_, static_cast<std::uint8_t>(least_exponent(value)));
  // A series of fractions without end would keep a large exponent for ever.
  if (exponent_ <= exponent_max && !scaled(value, exponent_)) exponent_ = exponent_max + 1;
  hint_ = static_cast<std::uint8_t>(std::min<int>(least_exponent(value), exponent_max));
  if (exponent_ <= exponent_max) last_scaled_ = *scaled(value, exponent_);
  first_time_ = last_time_ = time;
  last_bits_ = bits;
  put(bits, 64);
}

class HeadChunk::Reader {
 public:
  explicit Reader(const HeadChunk& chunk) : chunk_(chunk), exponent_(chunk.exponent_) {
    time_ = chunk.first_time_;
    bits_ = take(64);
    note();
  }

  promql::Sample sample() const { return {time_, std::bit_cast<double>(bits_)}; }
  void next() {
    time_ += delta_ += time_change();
    read_value();
  }

 private:
  std::uint64_t take(int count) {
    std::size_t word = at_ / 64;
    int used = static_cast<int>(at_ % 64);
    at_ += static_cast<std::size_t>(count);
    std::uint64_t bits = chunk_.word(word) << used;
    if (count > 64 - used) bits |= chunk_.word(word + 1) >> (64 - used);
    return bits >> (64 - count);
  }
  std::int64_t time_change() {
    if (take(1) == 0) return 0;
    for (int bits : time_bits) {
      if (take(1) == 0) return unzigzag(take(bits));
    }
    return unzigzag(take(64));
  }
  void read_value() {
    if (take(1) == 0) return;
    if (take(1) == 0) {
      int bits = difference_bits[take(2)];
      scaled_ += unzigzag(take(bits));
      bits_ = std::bit_cast<std::uint64_t>(unscaled(scaled_, exponent_));
      return;
    }
    if (take(1) == 1) {
      leading_ = static_cast<int>(take(5));
      length_ = static_cast<int>(take(6)) + 1;
    }
    bits_ ^= take(length_) << (64 - leading_ - length_);
    note();
  }
  /// What a difference of whole numbers is counted from.
  void note() {
    if (exponent_ > exponent_max) return;
    if (auto whole = scaled(std::bit_cast<double>(bits_), exponent_)) scaled_ = *whole;
  }

  const HeadChunk& chunk_;
  const int exponent_;
  std::size_t at_ = 0;
  std::int64_t time_ = 0;
  std::int64_t delta_ = 0;
  std::uint64_t bits_ = 0;
  std::int64_t scaled_ = 0;
  int leading_ = 0;
  int length_ = 64;
};

void HeadChunk::read(std::int64_t from, std::int64_t to, std::vector<promql::Sample>& out) const {
  if (empty() || first_time_ > to || last_time_ < from) return;
  Reader reader(*this);
  for (std::size_t i = 0; i < count_; ++i) {
    if (i > 0) reader.next();
    promql::Sample sample = reader.sample();
    if (sample.time > to) return;
    if (sample.time >= from) out.push_back(sample);
  }
}

}  // namespace berth::observe
