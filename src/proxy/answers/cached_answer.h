#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "catalog/policy.h"
#include "http/message.h"
#include "proxy/answers/cache_control.h"

namespace berth::proxy {

/// The request that an answer is looked for, or kept for. Views live as long as the request.
struct CacheQuery {
  std::uint64_t hash = 0;  // of host and target
  std::string_view scheme;
  std::string_view host;  // with its port, as it was written: compared without case
  std::string_view target;
  std::uint64_t route = 0;  // what else is part of the key: the gateway's route
  const http::Headers* headers = nullptr;

  /// The hash that belongs to these two.
  static std::uint64_t hash_of(std::string_view host, std::string_view target);
};

/// How long an answer may be used (RFC 9111 section 4.2, RFC 5861).
struct CacheLife {
  Duration fresh{};             // from when it was made
  Duration age{};               // when it came: the corrected initial age (section 4.2.3)
  bool no_cache = false;        // not without asking
  bool never_stale = false;     // must-revalidate and its like
  Duration while_revalidate{};  // beyond `fresh`, while it is asked for
  Duration if_error{};          // beyond `fresh`, when asking fails
};

/// When a request was sent to an instance, and when its answer's head was there.
struct CacheTimes {
  WallTime asked;
  WallTime came_wall;
  MonotonicTime came;
};

/// What an answer says, and `policy` where it does not; `age` is its Age.
CacheLife cache_life(const http::Headers& headers, int status, std::string_view age,
                     const AnswerDirectives& says, const catalog::CachePolicy& policy,
                     const CacheTimes& times);

/// An answer as it is kept: immutable, shared with whoever is being given it. Its head has the
/// end-to-end fields, a Date and a Content-Length; never Age.
struct CachedAnswer {
  std::string scheme, host, target;
  std::uint64_t hash = 0;
  std::uint64_t route = 0;
  std::vector<std::pair<std::string, std::string>> vary;  // fields of the request it answered
  Bytes text;                                             // the head, to its empty line
  http::ResponseHead head;                                // of `text`
  Bytes body;
  CacheLife life;
  MonotonicTime came{};
  bool authorized = false;          // the request was: another answer needs leave again
  std::vector<std::uint64_t> tags;  // hashes

  bool same_uri(const CacheQuery& query) const;
  /// It may answer that request: URI, route and the fields of Vary are alike (section 4.1).
  bool answers(const CacheQuery& query) const;
  Duration age(MonotonicTime now) const { return life.age + (now - came); }
  /// How long it is fresh from now on; negative: so long stale.
  Duration left(MonotonicTime now) const { return life.fresh - age(now); }
  std::string_view etag() const { return head.headers.value("etag"); }
  std::string_view last_modified() const { return head.headers.value("last-modified"); }
  bool has_validator() const { return !etag().empty() || !last_modified().empty(); }
  /// The fields alone, each with its line end.
  std::string_view fields() const;
  /// What it takes of the cache's bytes.
  std::size_t bytes() const;
  static constexpr std::size_t overhead = 512;  // objects and table places of one, about
};

/// Why an answer is not kept; `yes` and `nothing_said` may be shared with those who wait for it.
enum class Storable : std::uint8_t {
  yes,
  nothing_said,  // neither a lifetime nor that it may be kept: no freshness is guessed
  no_store,
  is_private,
  authorized,  // the request was, and the answer does not say that it is for others too
  varies,      // Vary: *, too many fields, or one that the proxy itself writes
  cookie,      // it sets one
  status,      // 206, 304, an upgrade, or one that must be understood and is not
};

/// What of a request's circumstances counts in that.
struct StoringRequest {
  bool no_store = false;
  bool authorized = false;  // it has Authorization, or the gateway has asked who it is
};

/// Section 3, and stricter in one point: what sets a cookie is not kept. `own_field` is true for
/// fields of requests that the proxy writes: an answer that varies by one would look alike to all.
Storable storable(const http::ResponseHead& head, const AnswerDirectives& says,
                  const StoringRequest& request, const catalog::CachePolicy& policy,
                  const std::function<bool(std::string_view)>& own_field);

/// The answer to `query` without its body; `head` is of the instance's message. Null if its fields
/// cannot be kept (more tags than tags_max).
std::shared_ptr<CachedAnswer> cached_head(const CacheQuery& query, const http::ResponseHead& head,
                                          const CacheLife& life, const CacheTimes& times);
/// Its Content-Length is that of `body` from now on.
void set_body(CachedAnswer& answer, std::string_view body);
/// `before` with the fields of a 304 (section 3.2); its body is shared.
std::shared_ptr<CachedAnswer> freshened(const CachedAnswer& before, const http::ResponseHead& with,
                                        const catalog::CachePolicy& policy,
                                        const CacheTimes& times);
/// The 304 is about that answer: what it says of validators is the same (section 4.3.4).
bool is_about(const http::Headers& not_modified, const CachedAnswer& kept);

/// Tags of Cache-Tag (by commas) and Surrogate-Key (by spaces).
inline constexpr std::size_t tags_max = 128;
inline constexpr std::size_t varying_fields_max = 16;
std::uint64_t tag_hash(std::string_view tag);

}  // namespace berth::proxy
