#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "proxy/answers/cached_answer.h"

namespace berth::proxy {

/// What has become of requests and answers at a cache.
struct CacheCounts {
  std::uint64_t lookups = 0;      // GET and HEAD that it might have answered
  std::uint64_t hits = 0;         // answered without an instance, stale ones too
  std::uint64_t stale = 0;        // of these, stale
  std::uint64_t joined = 0;       // answered by what another request got
  std::uint64_t revalidated = 0;  // an instance said that what is kept is good
  std::uint64_t refreshes = 0;    // asked for while a stale one was given
  std::uint64_t stored = 0;
  std::uint64_t too_large = 0;    // not kept because of entry_bytes_max
  std::uint64_t no_room = 0;      // not kept because of what else was being read, or of tags
  std::uint64_t evicted = 0;      // for room
  std::uint64_t invalidated = 0;  // by unsafe methods
  std::uint64_t purged = 0;

  /// What another cache of the same service counted.
  void add(const CacheCounts& other);
};

/// The answers of one service that are kept in memory (RFC 9111): a shared cache. One that is not
/// good any more goes when it is found so, or for room; what was used longest ago goes first. An
/// answer that was asked for before its URI was invalidated, or before a purge, is not kept.
/// Belongs to one Pool, so to one reactor; nothing of it outlives the process.
class ResponseCache {
 public:
  static constexpr std::size_t variants_max = 32;  // of one URI; beyond, the oldest goes

  void set(const catalog::CachePolicy& policy);
  const catalog::CachePolicy& policy() const { return policy_; }

  /// The one that answers it, fresh or not, or null; `other` is set where there are only answers
  /// to requests with other fields. Allocates nothing.
  std::shared_ptr<const CachedAnswer> find(const CacheQuery& query, bool& other);
  /// What an answer that is asked for now is to be kept with.
  std::uint64_t mark() const { return changes_; }
  /// In the place of one that answers the same. False: it was too large, or is out of date.
  bool keep(std::shared_ptr<const CachedAnswer> answer, std::uint64_t asked_at_mark);
  void drop(const CachedAnswer& answer);
  /// All answers of that URI (section 4.4).
  void invalidate(std::string_view host, std::string_view target);
  /// Those that `takes` is true for; how many.
  std::size_t purge(const std::function<bool(const CachedAnswer&)>& takes);

  /// True for the first who says so until done_refreshing.
  bool begins_refreshing(const CachedAnswer& answer);
  void done_refreshing(const CachedAnswer& answer);

  /// Room for a part of an answer that is being read; false: it is not to be kept.
  bool take_room(std::size_t bytes);
  void give_room(std::size_t bytes) { reading_bytes_ -= bytes; }

  std::size_t entries() const { return index_.size(); }
  std::size_t bytes() const { return bytes_; }

  CacheCounts counts;

 private:
  struct Entry {
    std::shared_ptr<const CachedAnswer> answer;
    bool refreshing = false;
  };
  using Entries = std::list<Entry>;  // used last first
  using Index = std::unordered_multimap<std::uint64_t, Entries::iterator>;

  Index::iterator place_of(const CachedAnswer& answer);
  void remove(Index::iterator place);
  void make_room();

  catalog::CachePolicy policy_;
  Entries entries_;
  Index index_;
  std::size_t bytes_ = 0;
  std::size_t reading_bytes_ = 0;
  std::uint64_t changes_ = 0;
  std::uint64_t purged_at_ = 0;
  std::array<std::uint64_t, 256> invalidated_at_{};  // by hash: a few too many are not kept
};

}  // namespace berth::proxy
