#include "observe/logs/line_words.h"

#include <cstring>

namespace berth::observe {
namespace {

constexpr std::size_t bits_per_word = 11;
constexpr std::array<std::uint32_t, 8> salts{0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d,
                                             0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31};

constexpr std::array<bool, 256> word_bytes = [] {
  std::array<bool, 256> out{};
  for (int c = 0; c < 256; ++c) {
    out[static_cast<std::size_t>(c)] =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 128;
  }
  return out;
}();

std::uint32_t gram_at(std::string_view text, std::size_t at) {
  std::uint32_t gram = static_cast<std::uint8_t>(text[at]) |
                       static_cast<std::uint32_t>(static_cast<std::uint8_t>(text[at + 1])) << 8 |
                       static_cast<std::uint32_t>(static_cast<std::uint8_t>(text[at + 2])) << 16;
  return gram * 0x9e3779b1U >> 16;
}

}  // namespace

bool is_word_byte(char c) { return word_bytes[static_cast<std::uint8_t>(c)]; }

void lower_into(std::string_view text, std::string& out) {
  out.resize(text.size());
  char* to = out.data();
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    to[i] = static_cast<char>(c + (c >= 'A' && c <= 'Z' ? 32 : 0));
  }
}

bool word_begins(std::string_view lower, std::size_t at) {
  if (at == 0 || !is_word_byte(lower[at - 1])) return true;
  return at >= 2 && lower[at - 2] == '\\';
}

std::string WordFilter::build(std::span<const std::uint64_t> hashes) {
  std::size_t buckets = (hashes.size() * bits_per_word + 255) / 256;
  std::string out(std::max<std::size_t>(buckets, 1) * bucket_bytes, '\0');
  for (std::uint64_t hash : hashes) {
    char* bucket = out.data() + bucket_of(hash, out.size());
    for (std::size_t i = 0; i < 8; ++i) {
      std::uint32_t word;
      std::memcpy(&word, bucket + 4 * i, 4);
      word |= 1U << (static_cast<std::uint32_t>(hash) * salts[i] >> 27);
      std::memcpy(bucket + 4 * i, &word, 4);
    }
  }
  return out;
}

std::size_t WordFilter::bucket_of(std::uint64_t hash, std::size_t filter_bytes) {
  return ((hash >> 32) * (filter_bytes / bucket_bytes) >> 32) * bucket_bytes;
}

bool WordFilter::may_hold(std::string_view bucket, std::uint64_t hash) {
  if (bucket.size() != bucket_bytes) return true;
  for (std::size_t i = 0; i < 8; ++i) {
    std::uint32_t word;
    std::memcpy(&word, bucket.data() + 4 * i, 4);
    if ((word >> (static_cast<std::uint32_t>(hash) * salts[i] >> 27) & 1) == 0) return false;
  }
  return true;
}

void GramSet::add(std::string_view lower) {
  for (std::size_t i = 0; i + 3 <= lower.size(); ++i) {
    std::uint32_t gram = gram_at(lower, i);
    bits_[gram / 64] |= std::uint64_t{1} << (gram % 64);
  }
}

bool GramSet::may_hold(std::string_view lower) const {
  for (std::size_t i = 0; i + 3 <= lower.size(); ++i) {
    std::uint32_t gram = gram_at(lower, i);
    if ((bits_[gram / 64] >> (gram % 64) & 1) == 0) return false;
  }
  return true;
}

bool GramSet::read(std::string_view text) {
  if (text.size() != bytes) return false;
  std::memcpy(bits_.data(), text.data(), bytes);
  return true;
}

void WordCollector::add(std::string_view lower) {
  grams_.add(lower);
  each_word(lower, [this](std::uint64_t hash) { insert(hash); });
}

void WordCollector::insert(std::uint64_t hash) {
  hash += hash == 0;
  std::size_t mask = table_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    if (table_[at] == hash) return;
    if (table_[at] != 0) continue;
    table_[at] = hash;
    if (++count_ * 2 > table_.size()) grow();
    return;
  }
}

void WordCollector::grow() {
  std::vector<std::uint64_t> old(table_.size() * 4);
  old.swap(table_);
  count_ = 0;
  for (std::uint64_t hash : old) {
    if (hash != 0) insert(hash);
  }
}

std::string WordCollector::filter() const {
  std::vector<std::uint64_t> hashes;
  hashes.reserve(count_);
  for (std::uint64_t hash : table_) {
    if (hash != 0) hashes.push_back(hash);
  }
  return WordFilter::build(hashes);
}

}  // namespace berth::observe
