#include "console/log_search.h"

#include <fmt/format.h>

#include <algorithm>

#include "async/clock.h"
#include "base/json_writer.h"
#include "base/strings.h"
#include "http/event_stream.h"

namespace berth::console {
namespace {

using http::ServerRequest;
using http::ServerResponse;
using observe::LogCursor;
using observe::LogQuery;

constexpr std::int64_t millisecond = 1'000'000;
constexpr std::int64_t time_max = INT64_MAX / millisecond;  // milliseconds
constexpr std::size_t tails_max = 32;
constexpr std::size_t event_bytes_max = 256 << 10;  // of one read
constexpr std::array<std::string_view, 4> level_words{"debug", "info", "warn", "error"};

/// Steps of a histogram in milliseconds that a person reads easily.
constexpr std::array<std::int64_t, 24> steps{
    1,       5,         10,        50,        100,        500,        1000,       2000,
    5000,    10'000,    15'000,    30'000,    60'000,     120'000,    300'000,    600'000,
    900'000, 1'800'000, 3'600'000, 7'200'000, 21'600'000, 43'200'000, 86'400'000, 604'800'000};

std::string id_of(const LogCursor& cursor) {
  return fmt::format("{}-{}", cursor.time, cursor.sequence);
}

Result<LogCursor> cursor_of(std::string_view name, std::string_view text) {
  auto parts = split_once(text.substr(text.starts_with('-') ? 1 : 0), '-');
  if (parts) {
    auto time = parse_integer<std::int64_t>(parts->first);
    auto sequence = parse_integer<std::uint64_t>(parts->second);
    if (time.ok() && sequence.ok()) {
      return LogCursor{text.starts_with('-') ? -*time : *time, *sequence};
    }
  }
  return Error(Code::invalid, fmt::format("'{}' is no place in the logs: '{}'", name, text));
}

template <class T>
Result<T> number(const ServerRequest& request, std::string_view name, T otherwise, T least,
                 T most) {
  std::string text = request.query(name);
  if (text.empty()) return otherwise;
  auto value = parse_integer<T>(text, least, most);
  if (value.ok()) return *value;
  return Error(Code::invalid, fmt::format("'{}' must be a number from {} to {}, found '{}'", name,
                                          least, most, text));
}

/// How many characters stand before a byte.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

/// The query, or what is wrong with it, with its place.
Result<LogQuery> query_of(const ServerRequest& request, std::optional<ServerResponse>& refused) {
  std::string text = request.query("q");
  observe::QueryFault fault;
  auto query = LogQuery::parse(text, &fault);
  if (query.ok()) return query;
  std::string body;
  JsonWriter out(body);
  out.begin_object().member("type", "about:blank").member("title", "Bad Request");
  out.member("status", 400).member("detail", fault.text);
  out.member("at", characters(std::string_view(text).substr(0, fault.at))).end_object();
  refused =
      ServerResponse{400,
                     {{"content-type", "application/problem+json"}, {"cache-control", "no-store"}},
                     http::Body(std::move(body))};
  return query;
}

void write_found(JsonWriter& out, const observe::FoundLine& line) {
  out.begin_object().member("id", id_of({line.time.nanoseconds, line.sequence}));
  out.member("time", static_cast<double>(line.time.nanoseconds / 1000) / 1000);
  out.member("host", line.source.host).member("service", line.source.service);
  out.member("instance", line.source.instance);
  out.member("level", level_words[static_cast<std::size_t>(line.level)]);
  out.member("text", line.text).key("fields").begin_object();
  for (auto& [name, value] : line.fields) out.member(name, value);
  out.end_object().end_object();
}

Result<observe::LogSearch> search_of(const ServerRequest& request, LogQuery query) {
  observe::LogSearch search{std::move(query), {}, 200};
  search.lines_max = TRY(number<std::size_t>(request, "lines", 200, 1, found_lines_max));
  search.range.from = TRY(number<std::int64_t>(request, "from", 0, 0, time_max)) * millisecond;
  std::int64_t to = TRY(number<std::int64_t>(request, "to", time_max, 0, time_max));
  if (to < time_max) search.range.to = to * millisecond;
  std::string before = request.query("before");
  if (!before.empty()) search.range.before = TRY(cursor_of("before", before));
  return search;
}

Deferred<ServerResponse> found(ServerRequest& request, observe::LogStore& store) {
  std::optional<ServerResponse> refused;
  auto query = query_of(request, refused);
  if (refused) co_return std::move(*refused);
  auto search = co_await or_return(search_of(request, std::move(*query)));
  std::uint64_t next = store.next_sequence();
  std::string largest = request.query("largest");
  auto asked = largest.empty() ? store.search(std::move(search))
                               : store.largest(std::move(search), std::move(largest));
  auto answer = co_await std::move(asked);
  std::string text;
  JsonWriter out(text);
  out.begin_object().key("lines").begin_array();
  for (auto& line : answer.lines) write_found(out, line);
  out.end_array().key("more");
  if (answer.more) {
    out.value(id_of(*answer.more));
  } else {
    out.null();
  }
  out.member("complete", answer.complete).member("next", next);
  out.member("blocks", answer.blocks).member("blocks_read", answer.blocks_read).end_object();
  co_return ServerResponse::json(std::move(text));
}

/// Whole steps that cover the time, at most as many as are wanted.
Result<observe::LogHistogram> histogram_of(const ServerRequest& request, std::int64_t now) {
  std::int64_t to = TRY(number<std::int64_t>(request, "to", now, 0, time_max));
  std::int64_t from =
      TRY(number<std::int64_t>(request, "from", std::max<std::int64_t>(to - 3'600'000, 0), 0, to));
  auto wanted = TRY(number<std::int64_t>(request, "steps", 60, 1,
                                         static_cast<std::int64_t>(histogram_steps_max)));
  auto found = std::ranges::find_if(steps, [&](auto step) { return (to - from) / step < wanted; });
  std::int64_t step = found == steps.end() ? (to - from) / wanted + 1 : *found;
  from -= from % step;
  observe::LogHistogram out{from * millisecond, step * millisecond, {}};
  out.counts.resize(static_cast<std::size_t>((to - from) / step + 1));
  return out;
}

Deferred<ServerResponse> histogram(ServerRequest& request, World& world, observe::LogStore& store) {
  std::optional<ServerResponse> refused;
  auto query = query_of(request, refused);
  if (refused) co_return std::move(*refused);
  std::int64_t now = world.clock.wall().nanoseconds / millisecond;
  auto wanted = co_await or_return(histogram_of(request, now));
  auto answer = co_await store.count(std::move(*query), std::move(wanted));
  std::string text;
  JsonWriter out(text);
  out.begin_object().member("from", answer.histogram.from / millisecond);
  out.member("step", answer.histogram.step / millisecond).key("counts").begin_object();
  for (std::size_t level = 4; level-- > 0;) {
    out.key(level_words[level]).begin_array();
    for (auto& counts : answer.histogram.counts) out.value(counts[level]);
    out.end_array();
  }
  out.end_object().member("lines", answer.lines).member("complete", answer.complete);
  out.member("counted_from", answer.counted_from / millisecond).end_object();
  co_return ServerResponse::json(std::move(text));
}

Result<ServerResponse> tail(ServerRequest& request, World& world, observe::LogStore& store,
                            const std::shared_ptr<std::size_t>& followers) {
  std::optional<ServerResponse> refused;
  auto query = query_of(request, refused);
  if (refused) return std::move(*refused);
  std::uint64_t next = store.next_sequence();
  // A place of a store that was emptied since is no reason to refuse.
  next = std::min(next, TRY(number<std::uint64_t>(request, "after", next, 0, UINT64_MAX)));
  if (*followers >= tails_max) {
    return Error(Code::overloaded,
                 fmt::format("{} searches are followed already; close one", tails_max));
  }
  return http::event_stream(
      std::make_unique<FoundStream>(world.clock, store, std::move(*query), next, followers));
}

}  // namespace

std::string found_line_json(const observe::FoundLine& line) {
  std::string text;
  JsonWriter out(text);
  write_found(out, line);
  return text;
}

FoundStream::FoundStream(Clock& clock, observe::LogStore& store, LogQuery query,
                         std::uint64_t sequence, std::shared_ptr<std::size_t> followers)
    : clock_(clock),
      store_(store),
      query_(std::move(query)),
      next_(sequence),
      followers_(std::move(followers)) {
  ++*followers_;
}

Deferred<Bytes> FoundStream::read() {
  if (!std::exchange(begun_, true)) co_return Bytes::literal(http::stream_begin);
  MonotonicTime silent_until = clock_.now() + http::heartbeat_every;
  for (;;) {
    Duration left = silent_until - clock_.now();
    if (left <= 0s) co_return Bytes::literal(http::heartbeat);
    auto woken = co_await with_timeout(clock_, left, store_.appended(next_)).result();
    if (!woken.ok() && woken.error().is(Code::timed_out)) co_return Bytes::literal(http::heartbeat);
    co_await or_return(std::move(woken));
    // Lines come in crowds: those of a moment go out together.
    co_await clock_.after(pause);
    auto followed = co_await store_.follow(query_, next_);
    next_ = followed.next;
    std::string part;
    for (auto& line : followed.lines) {
      if (part.size() > event_bytes_max) {
        ++followed.lost;
        continue;
      }
      http::append_event(part, "line", found_line_json(line));
    }
    if (followed.lost > 0) {
      http::append_event(part, "lost", fmt::format("{{\"lines\":{}}}", followed.lost));
    }
    if (!part.empty()) co_return Bytes::copy(part);
  }
}

void add_log_search_routes(http::Router& router, World& world, observe::LogStore& store) {
  router.add("GET", "/v1/logs", [&store](ServerRequest& request) { return found(request, store); });
  router.add("GET", "/v1/logs/histogram",
             [&world, &store](ServerRequest& request) { return histogram(request, world, store); });
  auto followers = std::make_shared<std::size_t>(0);
  router.add("GET", "/v1/logs/tail", [&world, &store, followers](ServerRequest& request) {
    auto response = tail(request, world, store, followers);
    if (!response.ok()) return ready(ServerResponse::problem(response.error()));
    return ready(std::move(*response));
  });
}

}  // namespace berth::console
