#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace berth::observe {

// What of a line is found quickly. A word is a run of letters, digits and bytes above 127; ASCII
// letters count as small. After a backslash a word begins twice, with and without its first letter
// ("\nat" has "nat" and "at"), because loggers write line ends that way.

bool is_word_byte(char c);
/// `text` with ASCII letters made small, into `out`, whose memory is kept.
void lower_into(std::string_view text, std::string& out);

/// Whether a word may begin, or end, at that place of a small text.
bool word_begins(std::string_view lower, std::size_t at);
inline bool word_ends(std::string_view lower, std::size_t at) {
  return at >= lower.size() || !is_word_byte(lower[at]);
}

/// Calls `each` with the hash of every word of a text that is small already.
template <class F>
void each_word(std::string_view lower, F each) {
  std::size_t at = 0;
  while (at < lower.size()) {
    if (!is_word_byte(lower[at])) {
      ++at;
      continue;
    }
    std::size_t begin = at;
    while (at < lower.size() && is_word_byte(lower[at])) ++at;
    each(hash64(lower.substr(begin, at - begin)));
    if (begin > 0 && lower[begin - 1] == '\\' && at - begin > 1) {
      each(hash64(lower.substr(begin + 1, at - begin - 1)));
    }
  }
}

/// A split block Bloom filter (Apache Parquet's BloomFilter.md): 32 bytes decide about a word, so
/// that of a filter on disk only those are read. About one word in 150 is said to be there and is
/// not.
class WordFilter {
 public:
  static constexpr std::size_t bucket_bytes = 32;

  static std::string build(std::span<const std::uint64_t> hashes);
  /// Where in a filter of that size the word's bucket stands. `filter_bytes` is above 0.
  static std::size_t bucket_of(std::uint64_t hash, std::size_t filter_bytes);
  static bool may_hold(std::string_view bucket, std::uint64_t hash);
};

/// Which sequences of three bytes occur, by hash: for parts of words and regular expressions.
class GramSet {
 public:
  static constexpr std::size_t bytes = 8192;

  void add(std::string_view lower);
  /// False: `lower` does not occur. True for what is shorter than three bytes.
  bool may_hold(std::string_view lower) const;
  std::string_view view() const { return {reinterpret_cast<const char*>(bits_.data()), bytes}; }
  /// False if it has another size.
  bool read(std::string_view text);

 private:
  std::array<std::uint64_t, bytes / 8> bits_{};
};

/// The words and grams of a block of lines, as they are added.
class WordCollector {
 public:
  /// `lower` is small already.
  void add(std::string_view lower);
  std::string filter() const;
  const GramSet& grams() const { return grams_; }
  std::size_t words() const { return count_; }

 private:
  void insert(std::uint64_t hash);
  void grow();

  std::vector<std::uint64_t> table_ = std::vector<std::uint64_t>(1 << 12);  // 0: free
  std::size_t count_ = 0;
  GramSet grams_;
};

}  // namespace berth::observe
