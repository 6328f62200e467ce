#pragma once

#include <span>
#include <string_view>

#include "catalog/policy.h"

// One description of a routing policy's members, with their ranges, serves the catalog's JSON
// (codec.cc), berth.toml and what `berth plan` writes (calls.h). `Io` has:
//
//   duration(key, value, least, most)    number(key, value, least, most)
//   share(key, permille, most)           "2.5%", in steps of 0.1 %
//   factor(key, permille, most)          1.25
//   rate(key, value)                     a second, 0: no limit
//   size(key, bytes, least, most)        "64MiB"
//   flag(key, value)                     word(key, value, words)
//   choice(key, bits, words)             some of the words, bit by bit
//   key_of_request(key, text)            "source", "header:NAME", ...
//   name(key, text)                      a token (RFC 9110 section 5.6.2), may be empty
//   tag(key, text)                       "version=v3", may be empty
//   methods(key, list)                   table(key, value)
//   compiled(key, value)                 no key of berth.toml: placement makes it of others

namespace berth::catalog {

inline constexpr std::string_view way_words[] = {
    "two_choices", "least_requests", "round_robin", "weighted", "random", "ring", "maglev"};
inline constexpr std::string_view retry_words[] = {"refused", "reset", "502",
                                                   "503",     "504",   "timeout"};
inline constexpr std::string_view order_words[] = {"fifo", "lifo"};
inline constexpr std::string_view protocol_words[] = {"http/1.1", "h2"};

template <class Io>
void members(Io& io, typename Io::template Of<BalancePolicy>& p) {
  io.word("way", p.way, way_words);
  io.key_of_request("key", p.key);
  io.factor("bound", p.bound_permille, 100'000);
  io.name("sticky_cookie", p.sticky_cookie);
  io.duration("slow_start", p.slow_start, 0s, 1h);
  io.flag("zone_aware", p.zone_aware);
  io.name("subset_header", p.subset_header);
  io.flag("subset_required", p.subset_required);
  io.tag("canary", p.canary_tag);
  io.share("canary_share", p.canary_permille, 1000);
}

template <class Io>
void members(Io& io, typename Io::template Of<EjectPolicy>& p) {
  io.number("failures", p.failures, 0, 1'000'000);
  io.share("share", p.share_permille, 1000);
  io.number("requests_min", p.requests_min, 1, 1'000'000);
  io.factor("latency", p.latency_permille, 1'000'000);
  io.duration("interval", p.interval, 100ms, 1h);
  io.duration("time", p.time, 10ms, 1h);
  io.duration("time_max", p.time_max, 10ms, 24h);
  io.share("panic", p.panic_permille, 1000);
}

template <class Io>
void members(Io& io, typename Io::template Of<RetryPolicy>& p) {
  io.choice("on", p.on, retry_words);
  io.methods("methods", p.methods);
  io.share("budget", p.budget_permille, 1000);
  io.duration("backoff", p.backoff, 0s, 1min);
  io.duration("backoff_max", p.backoff_max, 0s, 1min);
  io.duration("try_timeout", p.try_timeout, 0s, 24h);
}

template <class Io>
void members(Io& io, typename Io::template Of<LimitPolicy>& p) {
  io.number("in_flight", p.in_flight, 0, 1'000'000);
  io.flag("adaptive", p.adaptive);
  io.word("order", p.order, order_words);
  io.rate("per_second", p.per_second);
  io.number("burst", p.burst, 0, 1'000'000);
  io.rate("key_per_second", p.key_per_second);
  io.number("key_burst", p.key_burst, 0, 1'000'000);
  io.key_of_request("key", p.key);
}

template <class Io>
void members(Io& io, typename Io::template Of<BreakerPolicy>& p) {
  io.share("share", p.share_permille, 1000);
  io.number("requests_min", p.requests_min, 1, 1'000'000);
  io.duration("interval", p.interval, 100ms, 1h);
  io.duration("open", p.open, 10ms, 1h);
}

template <class Io>
void members(Io& io, typename Io::template Of<CachePolicy>& p) {
  io.flag("on", p.on);
  io.flag("join", p.join);
  io.flag("obey_requests", p.obey_requests);
  io.number("entries_max", p.entries_max, 1, 10'000'000);
  io.size("bytes_max", p.bytes_max, 4 << 10, 1ull << 40);
  io.size("entry_bytes_max", p.entry_bytes_max, 1 << 10, 1 << 30);
  io.share("heuristic", p.heuristic_permille, 1000);
  io.duration("heuristic_max", p.heuristic_max, 0s, 365 * 24h);
  io.duration("stale_while_revalidate", p.stale_while_revalidate, 0s, 365 * 24h);
  io.duration("stale_if_error", p.stale_if_error, 0s, 365 * 24h);
  io.duration("join_timeout", p.join_timeout, 1ms, 24h);
}

template <class Io>
void members(Io& io, typename Io::template Of<HedgePolicy>& p) {
  io.duration("after", p.after, 0s, 24h);
  io.flag("p95", p.p95);
}

template <class Io>
void members(Io& io, typename Io::template Of<RoutingPolicy>& p) {
  io.duration("timeout", p.timeout, 1ms, 24h);
  io.duration("connect_timeout", p.connect_timeout, 1ms, 1min);
  io.word("protocol", p.protocol, protocol_words);
  io.number("retries", p.retries, 0, 10);
  io.number("queue_max", p.queue_max, 0, 1'000'000);
  io.duration("queue_timeout", p.queue_timeout, 0s, 1h);
  io.number("in_flight_max", p.in_flight_max, 1, 1'000'000);
  io.duration("idempotency_for", p.idempotency_for, 0s, 30 * 24h);
  io.name("mirror_to", p.mirror_to);
  io.share("mirror_share", p.mirror_permille, 1000);
  io.compiled("only_declared", p.only_declared);
  io.compiled("callers", p.callers);
  io.table("balance", p.balance);
  io.table("eject", p.eject);
  io.table("retry", p.retry);
  io.table("limit", p.limit);
  io.table("breaker", p.breaker);
  io.table("cache", p.cache);
  io.table("hedge", p.hedge);
}

}  // namespace berth::catalog
