#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/negotiation.h"
#include "proxy/answers/flights.h"
#include "proxy/answers/response_cache.h"

namespace berth::proxy {

/// What a Session knows of its present request and the cache of its service: what it asks for,
/// which kept answer is in question, and the answer that is being kept. Memory of a request that is
/// over is used again by the next.
struct Caching {
  /// What may be done with a kept answer.
  enum class Use : std::uint8_t { give, give_and_refresh, ask };
  /// How an answer comes about, for Cache-Status (RFC 9211).
  enum class How : std::uint8_t {
    bypass,       // nothing that is kept could be used
    method,       // the same, because of the method
    miss,         // nothing was there
    vary_miss,    // only answers to other requests
    asked_not,    // the request wants none that is kept
    stale,        // it had to be asked whether it is still good
    hit,          // what is kept was given
    joined,       // what another request got
    revalidated,  // it was asked about and is good
    failed,       // what is kept is stale, but no other answer came
  };

  bool active = false;  // of this request anything is to be done
  bool usable = false;  // and it may be answered by what is kept
  bool alone = false;   // it neither waits for others nor do others wait for it
  CacheQuery query;
  RequestDirectives asks;
  StoringRequest storing;
  std::uint64_t identity = 0;    // hash of who asks
  std::uint64_t flight_key = 0;  // hash of what two requests that are one have alike
  How how = How::bypass;
  bool stored = false;
  int failed_status = 0;
  std::shared_ptr<const CachedAnswer> kept;
  bool conditional = false;                 // our own conditions were sent
  http::Headers conditions;                 // those of the client, where ours went in their place
  std::uint64_t mark = 0;                   // of the cache, when it was asked for
  std::shared_ptr<Flights::Flight> flight;  // which it leads

  std::shared_ptr<CachedAnswer> filling;  // the answer that is being kept
  bool keeps = false;                     // in the cache, not for those alone who wait
  bool for_same = false;                  // only for those with the same identity
  std::string body;
  std::size_t room = 0;  // taken of the cache for it

  /// For the next request; what is being kept has been given up before.
  void over() {
    active = usable = alone = stored = conditional = keeps = for_same = false;
    how = How::bypass;
    failed_status = 0;
    kept = nullptr;
    flight = nullptr;
    if (conditions.size() > 0) conditions = http::Headers();
  }
};

}  // namespace berth::proxy
