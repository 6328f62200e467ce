#include "proxy/answers/response_cache.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace berth::proxy {

void CacheCounts::add(const CacheCounts& other) {
  auto all = {&CacheCounts::lookups, &CacheCounts::hits,        &CacheCounts::stale,
              &CacheCounts::joined,  &CacheCounts::revalidated, &CacheCounts::refreshes,
              &CacheCounts::stored,  &CacheCounts::too_large,   &CacheCounts::no_room,
              &CacheCounts::evicted, &CacheCounts::invalidated, &CacheCounts::purged};
  for (auto each : all) this->*each += other.*each;
}

void ResponseCache::set(const catalog::CachePolicy& policy) {
  policy_ = policy;
  if (!policy_.on) {
    entries_.clear();
    index_.clear();
    bytes_ = 0;
  }
  make_room();
}

std::shared_ptr<const CachedAnswer> ResponseCache::find(const CacheQuery& query, bool& other) {
  other = false;
  auto [at, end] = index_.equal_range(query.hash);
  for (; at != end; ++at) {
    auto entry = at->second;
    if (!entry->answer->answers(query)) {
      other = other || entry->answer->same_uri(query);
      continue;
    }
    if (entry != entries_.begin()) entries_.splice(entries_.begin(), entries_, entry);
    return entry->answer;
  }
  return nullptr;
}

bool ResponseCache::keep(std::shared_ptr<const CachedAnswer> answer, std::uint64_t asked_at_mark) {
  if (!policy_.on) return false;
  std::uint64_t changed = std::max(purged_at_, invalidated_at_[answer->hash % 256]);
  if (changed > asked_at_mark) return false;
  std::size_t size = answer->bytes();
  if (answer->body.size() > policy_.entry_bytes_max || size > policy_.bytes_max) {
    ++counts.too_large;
    return false;
  }
  auto alike = [&](const CachedAnswer& old) {
    return old.target == answer->target && equal_ignoring_case(old.host, answer->host) &&
           old.route == answer->route && old.scheme == answer->scheme && old.vary == answer->vary;
  };
  std::size_t variants = 0;
  auto [at, end] = index_.equal_range(answer->hash);
  auto oldest = end;
  while (at != end) {
    auto next = std::next(at);
    if (alike(*at->second->answer)) {
      remove(at);
    } else {
      ++variants;
      if (oldest == end || at->second->answer->came < oldest->second->answer->came) oldest = at;
    }
    at = next;
  }
  if (variants >= variants_max) {
    remove(oldest);
    ++counts.evicted;
  }
  std::uint64_t hash = answer->hash;
  entries_.push_front({std::move(answer)});
  index_.emplace(hash, entries_.begin());
  bytes_ += size;
  ++counts.stored;
  make_room();
  return true;
}

ResponseCache::Index::iterator ResponseCache::place_of(const CachedAnswer& answer) {
  auto [at, end] = index_.equal_range(answer.hash);
  for (; at != end; ++at) {
    if (at->second->answer.get() == &answer) return at;
  }
  return index_.end();
}

void ResponseCache::remove(Index::iterator place) {
  bytes_ -= place->second->answer->bytes();
  entries_.erase(place->second);
  index_.erase(place);
}

void ResponseCache::drop(const CachedAnswer& answer) {
  if (auto place = place_of(answer); place != index_.end()) remove(place);
}

void ResponseCache::make_room() {
  while (!entries_.empty() &&
         (entries_.size() > policy_.entries_max || bytes_ > policy_.bytes_max)) {
    remove(place_of(*entries_.back().answer));
    ++counts.evicted;
  }
}

void ResponseCache::invalidate(std::string_view host, std::string_view target) {
  CacheQuery query;
  query.host = host;
  query.target = target;
  query.hash = CacheQuery::hash_of(host, target);
  invalidated_at_[query.hash % 256] = ++changes_;
  auto [at, end] = index_.equal_range(query.hash);
  while (at != end) {
    auto next = std::next(at);
    if (at->second->answer->same_uri(query)) {
      remove(at);
      ++counts.invalidated;
    }
    at = next;
  }
}

std::size_t ResponseCache::purge(const std::function<bool(const CachedAnswer&)>& takes) {
  std::size_t before = index_.size();
  purged_at_ = ++changes_;
  for (auto at = index_.begin(); at != index_.end();) {
    auto next = std::next(at);
    if (takes(*at->second->answer)) remove(at);
    at = next;
  }
  std::size_t gone = before - index_.size();
  counts.purged += gone;
  return gone;
}

bool ResponseCache::begins_refreshing(const CachedAnswer& answer) {
  auto place = place_of(answer);
  return place != index_.end() && !std::exchange(place->second->refreshing, true);
}

void ResponseCache::done_refreshing(const CachedAnswer& answer) {
  if (auto place = place_of(answer); place != index_.end()) place->second->refreshing = false;
}

bool ResponseCache::take_room(std::size_t bytes) {
  if (reading_bytes_ + bytes > policy_.bytes_max) {
    ++counts.no_room;
    return false;
  }
  reading_bytes_ += bytes;
  return true;
}

}  // namespace berth::proxy
