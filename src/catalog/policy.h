#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace berth::catalog {

/// Which instance answers next.
struct BalancePolicy {
  enum class Way : std::uint8_t {
    two_choices,     // the one with less to do of two that chance chooses
    least_requests,  // the one with the least to do of all
    round_robin,
    weighted,  // in turn, each as often as its weight says
    random,
    ring,    // consistent hash: points on a ring
    maglev,  // consistent hash: a table (Eisenbud et al., NSDI 2016)
  };
  Way way = Way::two_choices;
  /// Hash: what of a request is hashed: "source", "caller", "path", "header:NAME", "cookie:NAME".
  /// Where a request does not have it, chance chooses.
  std::string key = "source";
  std::uint32_t bound_permille = 1250;  // hash: load of one over the mean at most; 0: no bound
  std::string sticky_cookie;            // names the instance that a client stays with; empty: none
  Duration slow_start{};                // a new instance's share grows for so long; zero: at once
  bool zone_aware = false;              // rather in the caller's own zone
  std::string subset_header;            // its value names the tags that an instance must have
  bool subset_required = false;         // no instance with these tags: refuse, not any other
  std::string canary_tag;               // instances with it get canary_permille of the requests
  std::uint32_t canary_permille = 0;
  bool operator==(const BalancePolicy&) const = default;
};

/// When an instance is left out for a while because of what it answered.
struct EjectPolicy {
  std::uint32_t failures = 5;          // in a row; 0: that alone never does
  std::uint32_t share_permille = 500;  // of its requests within `interval`; 0: never
  std::uint32_t requests_min = 20;     // within `interval`, for share and latency to say anything
  std::uint32_t latency_permille =
      0;  // its mean over the median of all, 3000: three times; 0: never
  Duration interval = 10s;
  Duration time = 1s;                  // the first rest; doubles
  Duration time_max = 60s;             // up to this
  std::uint32_t panic_permille = 500;  // less than this share is left: all are used
  bool operator==(const EjectPolicy&) const = default;
};

/// What is sent again, and how often.
struct RetryPolicy {
  enum Reason : std::uint8_t {
    refused = 1,  // no connection came about: nothing was sent
    reset = 2,    // it ended before a byte of the answer
    status_502 = 4,
    status_503 = 8,
    status_504 = 16,
    timeout = 32,  // try_timeout
  };
  std::uint8_t on = refused | reset | status_502 | status_503 | status_504 | timeout;
  std::vector<std::string> methods;  // besides those that may be repeated by RFC 9110 section 9.2.2
  std::uint32_t budget_permille = 200;  // retries for each request
  Duration backoff = 5ms;               // full jitter: from 0 to this, doubled with each try
  Duration backoff_max = 250ms;
  Duration try_timeout{};  // of one try, to the answer's head; zero: none
  bool operator==(const RetryPolicy&) const = default;
};

/// What is let in, and what waits.
struct LimitPolicy {
  enum class Order : std::uint8_t { fifo, lifo };
  std::uint32_t in_flight = 0;  // of the whole service, by each proxy; 0: none
  bool adaptive = false;        // that limit follows the latency
  Order order = Order::fifo;    // of the queue, within one urgency
  double per_second = 0;        // of the service, by each proxy; 0: none
  std::uint32_t burst = 0;      // 0: as many as come in a second
  double key_per_second = 0;    // of each key; 0: none
  std::uint32_t key_burst = 0;
  std::string key = "source";  // as of the hash
  bool operator==(const LimitPolicy&) const = default;
};

/// When a whole service is not asked any more for a while.
struct BreakerPolicy {
  std::uint32_t share_permille = 0;  // of failures within `interval`; 0: never
  std::uint32_t requests_min = 20;
  Duration interval = 10s;
  Duration open = 5s;
  bool operator==(const BreakerPolicy&) const = default;
};

/// Answers that are kept and given again (RFC 9111), and requests that are carried as one.
struct CachePolicy {
  bool on = false;                          // answers are kept as they allow it
  bool join = false;                        // a GET that is under way answers those like it
  bool obey_requests = true;                // what a request's Cache-Control says counts
  std::uint32_t entries_max = 10'000;       // beyond, what was used longest ago goes
  std::uint64_t bytes_max = 64 << 20;       // the same
  std::uint64_t entry_bytes_max = 1 << 20;  // of one: more is passed on and not kept
  std::uint32_t heuristic_permille = 0;     // of an answer's age when it came; 0: never
  Duration heuristic_max = 24h;             // at most, by that
  Duration stale_while_revalidate{};        // for answers that do not say it
  Duration stale_if_error{};                // the same
  Duration join_timeout = 5s;               // then a request goes by itself
  bool operator==(const CachePolicy&) const = default;
};

/// A second attempt, at another instance, for a request that takes long.
struct HedgePolicy {
  Duration after{};  // without an answer's head; zero: none, but by p95
  bool p95 = false;  // after what 95 % of the last answers took; `after` is then the least
  bool operator==(const HedgePolicy&) const = default;
};

/// What instances speak.
enum class Protocol : std::uint8_t {
  http_1_1,
  h2,  // HTTP/2 in clear by prior knowledge (RFC 9113 section 3.3), as gRPC does
};

/// What a connection in TCP mode tells an instance first: who stands behind it (PROXY protocol).
enum class SendProxy : std::uint8_t { off, v1, v2 };

/// How requests to a service are carried; compiled by placement from the system file.
struct RoutingPolicy {
  Duration timeout = 15s;  // whole request
  Duration connect_timeout = 1s;
  Protocol protocol = Protocol::http_1_1;
  SendProxy send_proxy = SendProxy::off;  // in proxy.toml only
  std::uint32_t retries = 2;              // of requests that may be repeated
  std::uint32_t in_flight_max = 256;      // per instance; beyond, requests wait in the queue
  std::uint32_t queue_max = 1024;         // per service; beyond, 503
  Duration queue_timeout = 2s;
  BalancePolicy balance;
  EjectPolicy eject;
  RetryPolicy retry;
  LimitPolicy limit;
  BreakerPolicy breaker;
  CachePolicy cache;
  HedgePolicy hedge;
  Duration idempotency_for{};  // how long the first answer to an Idempotency-Key is kept; zero: not
  std::string mirror_to;       // a service that gets copies of mirror_permille of the requests
  std::uint32_t mirror_permille = 0;
  bool only_declared = false;        // of callers, only `callers`; and the gateway
  std::vector<std::string> callers;  // services
  bool operator==(const RoutingPolicy&) const = default;
};

}  // namespace berth::catalog
