#include <algorithm>
#include <tuple>

#include "async/clock.h"
#include "base/hash.h"
#include "base/strings.h"
#include "http/h1_writer.h"
#include "proxy/gateway/forwarded.h"
#include "proxy/proxy.h"
#include "proxy/session.h"

// What of a session is about answers that are kept (RFC 9111): whether one may be given, what the
// instance is asked about it, and what of its answer is kept. session_give.cc gives it.

namespace berth::proxy {
namespace {

constexpr std::size_t read_bytes = 65536;

bool is_unsafe(std::string_view method) {
  return method != "GET" && method != "HEAD" && method != "OPTIONS" && method != "TRACE";
}

}  // namespace

/// Ends a flight that nobody has landed: whoever leads is gone, so another one is to.
struct Session::Leading {
  explicit Leading(Session& session) : session(session) {}
  Leading(const Leading&) = delete;
  ~Leading() { session.land({Flights::Landed::How::again, nullptr, 0}); }
  Session& session;
};

/// True if something that is kept may answer the request, or something that is under way.
bool Session::begin_caching() {
  if (caching_) caching_->over();
  if (!pool_->caches() || pool_->removed()) return false;
  auto& cache = pool_->cache();
  if (!caching_) caching_ = std::make_unique<Caching>();
  auto& c = *caching_;
  c.active = true;
  c.mark = cache.mark();
  take_query();
  bool get = request_.method == "GET";
  if (!get && request_.method != "HEAD") {
    c.how = Caching::How::method;
    return false;
  }
  auto& fields = request_.headers;
  if (request_.upgrade || request_.framing.kind != http::Framing::Kind::none ||
      c.query.host.empty() || fields.find("if-match") || fields.find("if-unmodified-since")) {
    return false;  // the instance alone can tell (section 4.3.2)
  }
  auto asks = request_directives(fields);
  bool obeyed = cache.policy().obey_requests;
  c.asks = obeyed ? asks : RequestDirectives();
  c.storing.no_store = asks.no_store;
  c.usable = true;
  // Parts, heads and what must be new are not shared.
  c.alone = !cache.policy().join || !get || asks.no_store || c.asks.no_cache || c.asks.max_age ||
            c.asks.min_fresh || fields.find("range");
  return true;
}

void Session::take_query() {
  auto& c = *caching_;
  auto& fields = request_.headers;
  c.query.scheme = visit_ ? std::string_view(visit_->origin().scheme) : "http";
  c.query.host = request_.authority.empty() ? fields.value("host") : request_.authority;
  c.query.target = request_.target;
  c.query.route = visit_ ? hash64(visit_->route()->name) : 0;
  c.query.headers = &fields;
  c.query.hash = CacheQuery::hash_of(c.query.host, c.query.target);
  c.storing.authorized =
      fields.find("authorization") || (visit_ && !visit_->route()->authentications.empty());
  if (!pool_->policy().cache.join) return;
  c.identity = hash64(fields.value("authorization"), 1);
  for (auto& field : fields) {
    if (equal_ignoring_case(field.name, "cookie")) c.identity = hash64(field.value, c.identity);
  }
  if (visit_) c.identity = hash64(visit_->user(), c.identity);
  // Fields that answers often vary by; any other makes a follower go by itself in the end.
  std::uint64_t key = hash64(c.query.scheme, c.query.hash ^ c.query.route);
  for (std::string_view name : {"accept", "accept-encoding", "accept-language", "origin"})
    key = hash64(fields.value(name), key);
  // What is kept is for everybody; where nothing is, only the same one may ask for the same.
  c.flight_key = pool_->policy().cache.on ? key : key ^ c.identity;
}

/// What the request's directives and the answer's age say (sections 4 and 5.2.1).
Caching::Use Session::use_of(const CachedAnswer& kept, MonotonicTime now) const {
  using Use = Caching::Use;
  auto& asks = caching_->asks;
  Duration left = kept.left(now);
  if (kept.life.no_cache || asks.no_cache) return Use::ask;
  if (asks.max_age && kept.age(now) > *asks.max_age) return Use::ask;
  if (asks.min_fresh && left < *asks.min_fresh) return Use::ask;
  if (left > Duration(0)) return Use::give;
  if (asks.max_stale && !kept.life.never_stale && -left <= *asks.max_stale) return Use::give;
  bool picky = asks.max_age || asks.min_fresh;
  if (!picky && -left < kept.life.while_revalidate) return Use::give_and_refresh;
  return Use::ask;
}

Deferred<Session::Outcome> Session::tries_with_cache() {
  using How = Caching::How;
  auto& c = *caching_;
  auto& cache = pool_->cache();
  ++cache.counts.lookups;
  for (;;) {
    bool other = false;
    auto kept = cache.find(c.query, other);
    auto use = kept ? use_of(*kept, proxy_.world().clock.now()) : Caching::Use::ask;
    if (use != Caching::Use::ask) {
      if (use == Caching::Use::give_and_refresh) begin_refreshing(kept);
      c.kept = std::move(kept);
      c.how = How::hit;
      co_return co_await give_kept();
    }
    if (c.asks.only_if_cached)
      co_return co_await refuse(504, "nothing is kept that would answer it (only-if-cached)");
    bool unwanted = c.asks.no_cache || c.asks.max_age || c.asks.min_fresh;
    c.how = kept ? (unwanted ? How::asked_not : How::stale) : other ? How::vary_miss : How::miss;
    c.kept = std::move(kept);
    if (c.alone) break;
    Flights::Flight* under_way = pool_->flights.find(c.query, c.flight_key);
    if (!under_way) break;
    if (co_await wait_for_leader(*under_way)) co_return co_await give_kept();
  }
  if (!c.alone) c.flight = pool_->flights.lead(c.query, c.flight_key, proxy_.world().clock.now());
  Leading leading(*this);
  if (c.kept) ask_about_kept();
  auto outcome = co_await carry().result();
  if (outcome.ok() && *outcome == Outcome::pass) outcome = co_await pass_answer().result();
  land({});  // whatever it was, nobody else may have it
  co_return std::move(outcome);
}

/// True: what the leader got answers this one too. Else it goes by itself, or asks again who leads.
Deferred<bool> Session::wait_for_leader(Flights::Flight& flight) {
  using How = Flights::Landed::How;
  auto& c = *caching_;
  auto& clock = proxy_.world().clock;
  auto pool = pool_;
  Duration most = std::min(pool->policy().cache.join_timeout, deadline_ - clock.now());
  auto waiting = with_timeout(clock, std::max<Duration>(most, 1ns), flight.waiting.wait());
  auto landed = co_await std::move(waiting).result();
  if (!landed.ok()) {
    c.alone = true;
    co_return false;
  }
  if (landed->how == How::again) co_return false;
  bool for_me = landed->answer && landed->answer->answers(c.query) &&
                (landed->identity == 0 || landed->identity == c.identity);
  c.alone = true;
  if (!for_me) co_return false;
  c.kept = landed->answer;
  c.how = Caching::How::joined;
  co_return true;
}

void Session::land(Flights::Landed landed) {
  auto flight = std::exchange(caching_->flight, nullptr);
  if (flight) pool_->flights.land(*flight, landed, proxy_.world().clock.now());
}

/// Our conditions in the place of the client's, which are looked at when the answer is known
/// (section 4.3.1).
void Session::ask_about_kept() {
  auto& c = *caching_;
  auto& fields = request_.headers;
  c.conditional = c.kept->has_validator();
  if (!c.conditional) return;  // then all of it is wanted, or what the client wants
  for (std::string_view name : {"if-none-match", "if-modified-since", "range", "if-range"}) {
    if (auto* field = fields.find(name))
      c.conditions.add(std::string(name), std::string(field->value));
    fields.remove(name);
  }
  if (auto etag = c.kept->etag(); !etag.empty()) fields.add("If-None-Match", std::string(etag));
  if (auto date = c.kept->last_modified(); !date.empty())
    fields.add("If-Modified-Since", std::string(date));
}

/// What is kept is none of what the instance has: without conditions.
void Session::ask_plainly() {
  request_.headers.remove("if-none-match");
  request_.headers.remove("if-modified-since");
  caching_->conditional = false;
  caching_->kept = nullptr;
}

/// What the answer of an instance means for the one that is kept (section 4.3.3).
Session::Instead Session::look_at_answer() {
  if (!caching_ || !caching_->active || !caching_->kept) return Instead::pass_on;
  auto& c = *caching_;
  auto& cache = pool_->cache();
  if (answer_.status != 304 || !c.conditional)
    return stands_in(answer_.status) ? Instead::give_kept : Instead::pass_on;
  if (!is_about(answer_.headers, *c.kept)) {
    cache.drop(*c.kept);
    ask_plainly();
    return Instead::ask_again;
  }
  auto& clock = proxy_.world().clock;
  CacheTimes times{clock.wall() - (clock.exact_now() - sent_), clock.wall(), clock.now()};
  auto fresh = freshened(*c.kept, answer_, cache.policy(), times);
  auto says = answer_directives(fresh->head.headers);
  ++cache.counts.revalidated;
  bool for_all = !says.no_store && !says.is_private;
  if (!for_all) {
    cache.drop(*c.kept);
  } else if (!c.storing.no_store && !cache.keep(fresh, c.mark)) {
    cache.drop(*c.kept);
  }
  c.kept = std::move(fresh);
  c.how = Caching::How::revalidated;
  if (for_all && !says.no_cache) land({Flights::Landed::How::shared, c.kept, 0});
  return Instead::give_kept;
}

/// True if what is kept is given instead of an answer with that status (RFC 5861 section 4).
bool Session::stands_in(int status) {
  bool error = status == 500 || status == 502 || status == 503 || status == 504;
  if (!error || !caching_ || !caching_->active || !caching_->kept || passed_bytes_) return false;
  auto& c = *caching_;
  auto& life = c.kept->life;
  Duration most = life.if_error;
  if (c.asks.stale_if_error && !life.never_stale) most = std::max(most, *c.asks.stale_if_error);
  bool wanted = c.how == Caching::How::stale || c.asks.stale_if_error;
  if (!wanted || -c.kept->left(proxy_.world().clock.now()) > most) return false;
  c.how = Caching::How::failed;
  c.failed_status = status;
  return true;
}

/// Section 4.4: what a request has changed, at its own URI and at those of the same host that its
/// answer names.
void Session::invalidate_target() {
  auto& cache = pool_->cache();
  auto& query = caching_->query;
  cache.invalidate(query.host, query.target);
  for (std::string_view name : {"location", "content-location"}) {
    std::string_view at = answer_.headers.value(name);
    for (std::string_view scheme : {"http://", "https://"}) {
      bool here = at.size() > scheme.size() + query.host.size() &&
                  equal_ignoring_case(at.substr(0, scheme.size()), scheme) &&
                  equal_ignoring_case(at.substr(scheme.size(), query.host.size()), query.host);
      if (here) at.remove_prefix(scheme.size() + query.host.size());
    }
    if (at.starts_with('/') && !at.starts_with("//"))
      cache.invalidate(query.host, at.substr(0, at.find('#')));
  }
}

bool Session::writes_field(std::string_view name) const {
  return is_own_field(name) || gateway::tells_origin(name) || (visit_ && visit_->writes(name));
}

/// Looks at an answer's head before it is passed on: whether it is kept, and for whom.
void Session::begin_filling() {
  auto& c = *caching_;
  auto& cache = pool_->cache();
  if (is_unsafe(request_.method) && answer_.status >= 200 && answer_.status < 400)
    invalidate_target();
  if (!c.usable) return;
  auto says = answer_directives(answer_.headers);
  auto kind = storable(answer_, says, c.storing, cache.policy(),
                       [this](std::string_view name) { return writes_field(name); });
  auto& clock = proxy_.world().clock;
  CacheTimes times{clock.wall() - (clock.exact_now() - sent_), clock.wall(), clock.now()};
  auto life = cache_life(answer_.headers, answer_.status, answer_.headers.value("age"), says,
                         cache.policy(), times);
  if (request_.method == "HEAD") {
    // It tells that what is kept of a GET is good no more (section 4.3.5).
    if (c.kept && answer_.status == 200) cache.drop(*c.kept);
    return;
  }
  bool fresh = life.fresh > life.age;
  bool has_validator = answer_.headers.find("etag") || answer_.headers.find("last-modified");
  bool lasts = fresh || has_validator || life.while_revalidate > Duration(0);
  c.keeps = cache.policy().on && kind == Storable::yes && lasts;
  c.for_same = kind == Storable::nothing_said;
  bool shared = c.flight && ((kind == Storable::yes && fresh && !says.no_cache) || c.for_same);
  bool waited_for = shared && !c.flight->waiting.empty();
  auto& framing = answer_.framing;
  bool too_long = framing.kind == http::Framing::Kind::length &&
                  framing.length > cache.policy().entry_bytes_max;
  if (c.keeps && too_long) ++cache.counts.too_large;
  // What ends with the connection may be a part (section 3.3).
  if ((!c.keeps && !waited_for) || too_long || framing.kind == http::Framing::Kind::until_close) {
    // What was kept of it is no longer what the instance has.
    if (c.kept && answer_.status < 500) cache.drop(*c.kept);
    c.keeps = false;
    return land({});
  }
  c.filling = cached_head(c.query, answer_, life, times);
  if (!c.filling) {  // more tags than are kept: a purge would miss it
    ++cache.counts.no_room;
    return land({});
  }
  c.filling->authorized = c.storing.authorized;
  c.body.clear();
  c.stored = c.keeps;
  if (!shared) land({});
}

void Session::fill(std::string_view content) {
  auto& c = *caching_;
  if (!c.filling) return;
  auto& cache = pool_->cache();
  bool fits = c.body.size() + content.size() <= cache.policy().entry_bytes_max;
  if (!fits) ++cache.counts.too_large;
  if (!fits || !cache.take_room(content.size())) return stop_filling();
  c.room += content.size();
  c.body.append(content);
}

void Session::stop_filling() {
  auto& c = *caching_;
  pool_->cache().give_room(c.room);
  c.room = 0;
  c.filling = nullptr;
  if (c.body.capacity() > read_bytes) c.body = std::string();
  land({});
}

void Session::finish_filling() {
  auto& c = *caching_;
  if (!c.filling) return;
  auto& cache = pool_->cache();
  set_body(*c.filling, c.body);
  if (c.keeps) cache.keep(c.filling, c.mark);
  using How = Flights::Landed::How;
  land({How::shared, c.filling, c.for_same ? c.identity : 0});
  stop_filling();
}

/// The client is gone, but others wait for the answer.
Deferred<void> Session::fill_rest() {
  auto& c = *caching_;
  if (!c.filling || !c.flight || c.flight->waiting.empty()) co_return;
  while (c.filling && !answer_body_.done()) {
    if (upstream_pending_.empty()) {
      auto more = co_await upstream_->read(read_bytes).result();
      if (!more.ok() || more->empty()) co_return;
      upstream_pending_ = std::move(*more);
    }
    std::string_view came = upstream_pending_.view();
    auto size = answer_body_.scan(
        came, [&](std::size_t at, std::size_t count) { fill(came.substr(at, count)); });
    if (!size.ok()) co_return;
    upstream_pending_.use_up(*size);
  }
  finish_filling();
}

}  // namespace berth::proxy
