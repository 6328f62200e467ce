#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "async/clock.h"
#include "async/random.h"
#include "base/address.h"
#include "bus/bus.h"
#include "http/client.h"

namespace berth::bus {

/// A delivery's content in memory of its own.
struct Delivery {
  std::string message;  // id
  std::string id;       // the delivery's
  std::string topic;
  std::string service;
  std::string path;
  WallTime published{};
  std::string content_type;
  Bytes body;
};

/// What came of one attempt.
struct Outcome {
  enum class Kind : std::uint8_t {
    acknowledged,  // 2xx
    failed,        // to be tried again
    refused,       // 410 (RFC 9110 section 15.5.11): never again
  };
  Kind kind = Kind::failed;
  std::string why;        // "answered 500"
  Duration wait_least{};  // Retry-After
};

/// POSTs it once and looks at the answer. Never fails, but for `cancelled`. `delivery` outlives it.
Deferred<Outcome> attempt(http::Client& client, Clock& clock, Address to, const Delivery& delivery,
                          std::uint32_t number, Duration timeout);

/// How long to wait after the attempt `number` failed: `first`, doubled with each, at most `most`,
/// then plus or minus up to half of it at random.
Duration back_off(Duration first, Duration most, std::uint32_t number, Random& random);

/// The value of a Retry-After field (RFC 9110 section 10.2.3), seconds or a date in the preferred
/// form, as a time from `now`, at most an hour. Nothing if it is neither.
std::optional<Duration> retry_after(std::string_view value, WallTime now);

}  // namespace berth::bus
