#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

#include "async/clock.h"
#include "base/strings.h"
#include "http/h1_writer.h"
#include "http/pooled_bytes.h"
#include "proxy/answers/http_date.h"
#include "proxy/proxy.h"
#include "proxy/session.h"

// How a session gives an answer that is kept (RFC 9111, 9211), and asks for it anew meanwhile.

namespace berth::proxy {
namespace {

constexpr std::size_t write_bytes = 64 << 10;

void append_number(std::string& out, std::int64_t number) {
  std::array<char, 24> text;
  char* end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.append(text.data(), end);
}

std::int64_t seconds(Duration duration) {
  return std::chrono::floor<std::chrono::seconds>(duration).count();
}

/// The content has not changed for who asks so (RFC 9110 section 13.2.2).
bool is_not_modified(const http::Headers& asks, const CachedAnswer& kept) {
  if (asks.find("if-none-match")) return http::lists_etag(asks, "if-none-match", kept.etag());
  auto* since = asks.find("if-modified-since");
  if (!since || kept.last_modified().empty()) return false;
  if (since->value == kept.last_modified()) return true;
  WallTime no_time{};
  auto known = parse_http_date(since->value, no_time);
  auto modified = parse_http_date(kept.last_modified(), no_time);
  return known && modified && *modified <= *known;
}

/// A part of it is wanted, and it is still the content that the client has a part of (section
/// 13.1.5: strong comparison).
bool wants_part(const http::Headers& asks, const CachedAnswer& kept) {
  if (!asks.find("range")) return false;
  auto* condition = asks.find("if-range");
  if (!condition) return true;
  std::string_view value = condition->value;
  if (value.starts_with('"')) return value == kept.etag();
  return !value.starts_with("W/") && value == kept.last_modified();
}

/// What a 304 has of the fields (RFC 9110 section 15.4.5), and those that tell caches more.
bool is_of_not_modified(std::string_view name) {
  for (std::string_view each : {"cache-control", "content-location", "date", "etag", "expires",
                                "vary", "last-modified", "cache-tag", "surrogate-key"}) {
    if (equal_ignoring_case(name, each)) return true;
  }
  return false;
}

/// Whoever asks for no client: takes everything, says nothing.
class NoClient final : public ByteStream {
 public:
  Deferred<Bytes> read(std::size_t) override { return ready(Bytes()); }
  Deferred<void> write(BytesList) override { return ready(); }
  Deferred<void> shutdown_write() override { return ready(); }
  void close() override {}
  void abort() override {}
  Address local_address() const override { return {}; }
  Address peer_address() const override { return {}; }
  bool broken() const override { return false; }
};

}  // namespace

void Session::append_cache_status() {
  using How = Caching::How;
  static constexpr std::array<std::string_view, 10> words = {"fwd=bypass",
                                                             "fwd=method",
                                                             "fwd=uri-miss",
                                                             "fwd=vary-miss",
                                                             "fwd=request",
                                                             "fwd=stale",
                                                             "hit",
                                                             "fwd=uri-miss; collapsed",
                                                             "fwd=stale; fwd-status=304",
                                                             "fwd=stale"};
  auto& c = *caching_;
  out_.append("Cache-Status: berth; ").append(words[static_cast<std::size_t>(c.how)]);
  if (c.how == How::failed) {
    out_ += "; detail=failed";
  } else if (c.stored) {
    out_ += "; stored";
  }
  if (c.kept && (c.how == How::hit || c.how == How::revalidated || c.how == How::failed)) {
    out_ += "; ttl=";
    MonotonicTime now = proxy_.world().clock.now();
    append_number(out_, seconds(c.kept->life.fresh) - seconds(c.kept->age(now)));
  }
  out_ += "\r\n";
}

/// Head of the kept answer as 200 (or what it is), 206, 304 or 416.
void Session::build_kept_head(int status, const http::RangeChoice& range) {
  auto& kept = *caching_->kept;
  out_.assign("HTTP/1.1 ");
  append_number(out_, status);
  bool same = status == kept.head.status;
  out_.append(" ").append(same ? kept.head.reason : http::reason_of(status)).append("\r\n");
  if (same && !visit_) {
    out_ += kept.fields();
  } else {
    for (auto& field : kept.head.headers) {
      bool length = equal_ignoring_case(field.name, "content-length");
      if ((!same && length) || (status == 304 && !is_of_not_modified(field.name))) continue;
      if (visit_ && !visit_->keeps(field.name)) continue;
      http::append_header(out_, field.name, field.value);
    }
  }
  std::uint64_t size = kept.body.size();
  if (status == 206 || status == 416) {
    out_ += "Content-Range: bytes ";
    if (status == 416) {
      out_ += "*";
    } else {
      append_number(out_, static_cast<std::int64_t>(range.first));
      out_ += "-";
      append_number(out_, static_cast<std::int64_t>(range.first + range.length - 1));
    }
    out_ += "/";
    append_number(out_, static_cast<std::int64_t>(size));
    out_ += "\r\nContent-Length: ";
    append_number(out_, static_cast<std::int64_t>(status == 206 ? range.length : 0));
    out_ += "\r\n";
  }
  out_ += "Age: ";
  append_number(out_, std::max<std::int64_t>(0, seconds(kept.age(proxy_.world().clock.now()))));
  out_ += "\r\n";
  append_cache_status();
  if (visit_) visit_->append_answer_fields(out_);
  if (!request_.keep_alive || proxy_.stopping()) {
    out_ += "Connection: close\r\n";
  } else if (request_.minor == 0) {
    out_ += "Connection: keep-alive\r\n";
  }
  out_ += "\r\n";
}

/// Gives caching_->kept, as `how` says that it came about.
Deferred<Session::Outcome> Session::give_kept() {
  using How = Caching::How;
  auto& c = *caching_;
  auto kept = c.kept;
  auto& counts = pool_->cache().counts;
  if (c.how == How::joined) ++counts.joined;
  if (c.how == How::hit || c.how == How::failed) {
    ++counts.hits;
    if (kept->left(proxy_.world().clock.now()) <= Duration(0)) ++counts.stale;
  }
  if (endpoint_) keep_connection();
  upstream_.reset();
  auto& asks = c.conditional || c.conditions.size() > 0 ? c.conditions : request_.headers;
  int status = kept->head.status;
  http::RangeChoice range{http::RangeChoice::Kind::whole, 0, kept->body.size()};
  if (status == 200 && is_not_modified(asks, *kept)) {
    status = 304;
  } else if (status == 200 && request_.method == "GET" && wants_part(asks, *kept)) {
    auto part = http::choose_range(asks.value("range"), kept->body.size());
    if (part.kind == http::RangeChoice::Kind::part) status = 206, range = part;
    if (part.kind == http::RangeChoice::Kind::unsatisfiable) status = 416;
  }
  build_kept_head(status, range);
  record_.status = static_cast<std::uint16_t>(status);
  if (c.how != How::revalidated) {
    record_.server = "<CACHE>";  // HAProxy's word
    record_.termination[0] = 'L';
    record_.termination[1] = 'R';
    // As HAProxy's cache has them: nobody was waited for.
    for (auto* each : {&record_.waiting, &record_.connecting, &record_.response}) {
      *each = std::max<std::int64_t>(*each, 0);
    }
  }
  bool with_body = request_.method != "HEAD" && status != 304 && status != 416;
  Bytes body = with_body ? kept->body.slice(range.first, range.length) : Bytes();
  BytesList pieces(http::pooled_copy(out_));
  passed_bytes_ = true;
  for (bool first = true; first || !body.empty(); first = false) {
    if (!body.empty()) {
      pieces.add(body.slice(0, write_bytes));
      body.remove_prefix(std::min(body.size(), write_bytes));
    }
    record_.bytes_out += pieces.size();
    co_await client_->write(std::move(pieces));
    pieces = BytesList();
    if (!body.empty()) extend_time();
  }
  co_return !request_.keep_alive || proxy_.stopping() ? Outcome::close : Outcome::next;
}

void Session::begin_refreshing(const std::shared_ptr<const CachedAnswer>& kept) {
  auto& cache = pool_->cache();
  if (!cache.begins_refreshing(*kept)) return;
  build_request_head();
  if (proxy_.refresh(pool_, out_, kept)) {
    ++cache.counts.refreshes;
  } else {
    cache.done_refreshing(*kept);
  }
}

bool Proxy::refresh(std::shared_ptr<Pool> pool, std::string head,
                    std::shared_ptr<const CachedAnswer> kept) {
  if (refreshing_ >= refreshing_max) return false;
  auto ask = [](Proxy& proxy, std::shared_ptr<Pool> pool, std::string head,
                std::shared_ptr<const CachedAnswer> kept) -> Deferred<void> {
    static constexpr std::uint32_t connections = 0;
    struct Counted {
      explicit Counted(std::size_t& count) : count(count) { ++count; }
      ~Counted() { --count; }
      std::size_t& count;
    } counted(proxy.refreshing_);
    Session session(proxy, pool, nullptr, connections, std::make_unique<NoClient>());
    std::ignore = co_await session.refresh(std::move(head), kept).result();
    pool->cache().done_refreshing(*kept);
  };
  scope_.add(ask(*this, std::move(pool), std::move(head), std::move(kept)));
  return true;
}

Deferred<void> Session::refresh(std::string head, std::shared_ptr<const CachedAnswer> kept) {
  auto& clock = proxy_.world().clock;
  refreshes_ = true;
  caller_ = "cache";
  request_ = co_await or_return(http::parse_request(Bytes::copy(head)));
  begun_ = clock.exact_now();
  in_request_ = true;
  pool_ = vip_pool_;
  begin_tries();
  deadline_ = std::max(deadline_, begun_ + pool_->policy().timeout);
  clock.timers().arm(*this, deadline_);
  caching_ = std::make_unique<Caching>();
  auto& c = *caching_;
  c.active = c.usable = c.alone = true;
  c.how = Caching::How::stale;
  c.mark = pool_->cache().mark();
  c.query = {kept->hash, kept->scheme, kept->host, kept->target, kept->route, &request_.headers};
  c.storing.authorized = kept->authorized || request_.headers.find("authorization");
  c.kept = std::move(kept);
  request_.headers.remove("cache-control");
  ask_about_kept();
  auto outcome = co_await carry().result();
  if (outcome.ok() && *outcome == Outcome::pass) outcome = co_await pass_answer().result();
  disarm();
}

}  // namespace berth::proxy
