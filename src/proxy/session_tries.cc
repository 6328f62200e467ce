#include <algorithm>
#include <tuple>

#include "async/clock.h"
#include "base/units.h"
#include "http/h1_writer.h"
#include "http/pooled_bytes.h"
#include "proxy/h2_upstream.h"
#include "proxy/proxy.h"
#include "proxy/session.h"

// What of a session is about one request's tries: whether it is let in, which instance is asked,
// what came of it, and whether it is sent again.

namespace berth::proxy {

using catalog::RetryPolicy;

/// Begins what is known of the present request for its pool.
void Session::begin_tries() {
  facts_ = read_facts(request_.headers);
  if (!vip_pool_) {
    // From outside nobody is more urgent than usual, and no hop before this one is known.
    facts_.urgency = std::max(facts_.urgency, RequestFacts::urgency_usual);
    facts_.attempt = 0;
  }
  Duration whole = request_time();
  if (facts_.time_left) whole = std::min(whole, *facts_.time_left);
  deadline_ = begun_ + whole;
  whole_body_ = body_kept_ = on_trial_ = false;
  first_body_ = Bytes();
  for (auto& each : tried_) each = nullptr;
  tried_count_ = 0;
  proxy_.world().clock.timers().arm(*this, deadline_);
}

/// Only those who said so may call it.
bool Session::undeclared() const {
  auto& policy = pool_->policy();
  return policy.only_declared && vip_pool_ &&
         std::ranges::find(policy.callers, caller_) == policy.callers.end();
}

/// What rates, breaker and deadline say before anything is sent.
Session::Refusal Session::admit() {
  auto& clock = proxy_.world().clock;
  auto& policy = pool_->policy();
  MonotonicTime now = clock.now();
  if (deadline_ <= now) return {504, "its deadline was over before it could be sent", {}};
  if (policy.limit.per_second > 0 || policy.limit.key_per_second > 0) {
    Duration wait = pool_->rate(request_, client_ip(), caller_, now);
    if (wait > Duration(0))
      return {429, "more requests than " + pool_->name() + " takes in this time", wait};
  }
  if (!pool_->breaker.lets_through(policy.breaker, now)) {
    Duration left = std::max<Duration>(pool_->breaker.left(now), 1ms);
    return {503,
            "too many requests to " + pool_->name() + " fail: none is sent for another " +
                format_duration(left),
            left};
  }
  on_trial_ = pool_->breaker.state() == Breaker::State::half_open;
  return {};
}

Pool::Wish Session::wish() const {
  auto& balance = pool_->policy().balance;
  Pool::Wish wish;
  if (pool_->hashes()) wish.key = pool_->hash_key().of(request_, client_ip(), caller_);
  if (!balance.subset_header.empty()) wish.tags = request_.headers.value(balance.subset_header);
  if (!balance.sticky_cookie.empty())
    wish.sticky = cookie_value(request_.headers, balance.sticky_cookie).value_or("");
  wish.tried = {tried_.data(), std::min(tried_count_, tried_.size())};
  return wish;
}

Deferred<void> Session::choose() {
  auto& world = proxy_.world();
  auto& clock = world.clock;
  MonotonicTime began{};  // of waiting: a request that need not wait reads no clock
  RequestQueue::Place place(pool_->queue, facts_.urgency);
  for (;;) {
    auto choice = Pool::Choice::full;
    if (pool_->lets_in(facts_.urgency) && !pool_->queue.before(place)) {
      auto pick = pool_->pick(wish(), world.random, clock.now());
      choice = pick.choice;
      endpoint_ = std::move(pick.endpoint);
    } else if (pool_->has_room()) {
      pool_->queue.wake();  // whoever stands before this one may have room meanwhile
    }
    if (choice == Pool::Choice::found) {
      RequestQueue::done(place);
      pool_->begin(*endpoint_);
      record_.waiting = std::max<std::int64_t>(record_.waiting, 0);
      if (began != MonotonicTime{}) record_.waiting += (clock.exact_now() - began).count();
      record_.server_requests = endpoint_->in_flight;
      co_return;
    }
    if (began == MonotonicTime{}) began = clock.exact_now();
    Duration waited = std::max<Duration>(clock.now() - began, 0ns);
    Duration limit = std::min(pool_->policy().queue_timeout - waited, deadline_ - clock.now());
    if (limit <= Duration(0) || pool_->removed()) {
      bool nobody = choice == Pool::Choice::none && deadline_ > clock.now();
      nobody ? ended('S', 'C') : ended('s', 'Q');
      co_await fail_with(why_not(choice));
    }
    record_.backend_queue = static_cast<std::uint32_t>(pool_->queue.size() + 1);
    auto woken =
        co_await pool_->queue.wait(place, pool_->policy().queue_max, clock, limit).result();
    if (woken.ok() || woken.error().is(Code::timed_out)) continue;
    if (woken.error().is(Code::overloaded))
      co_await fail_with(Error(Code::overloaded, "the queue of " + pool_->name() + " is full"));
    co_await fail_with(std::move(woken).error());
  }
}

Error Session::why_not(Pool::Choice choice) const {
  if (deadline_ <= proxy_.world().clock.now())
    return Error(Code::timed_out, "its time was over while it waited for " + pool_->name());
  if (choice == Pool::Choice::none) return Error(Code::unavailable, pool_->why_none(wish()));
  if (!pool_->lets_in(facts_.urgency))
    return Error(Code::overloaded, pool_->name() + " has as many requests in flight as it may (" +
                                       std::to_string(pool_->in_flight_limit(facts_.urgency)) +
                                       ")");
  return Error(Code::overloaded, "every instance of " + pool_->name() + " is busy");
}

/// Connects, sends the request and reads the answer's head.
Deferred<void> Session::attempt() {
  auto& clock = proxy_.world().clock;
  auto& policy = pool_->policy();
  MonotonicTime began = clock.exact_now();
  record_.connecting = -1;
  timed_out_ = deadline_ <= clock.now();
  if (policy.retry.try_timeout > Duration(0)) {
    MonotonicTime due = std::min(deadline_, clock.now() + policy.retry.try_timeout);
    clock.timers().arm(*this, due);
  }
  reused_ = false;
  bool at_hand = false;  // the connection: no time goes by
  bool fresh = std::exchange(fresh_, false);
  bool shared = pool_->negotiates() && endpoint_->links.spoken();
  if (policy.protocol == catalog::Protocol::h2 || shared) {
    co_await open_stream();
  } else {
    if (!fresh) upstream_ = endpoint_->take_idle(clock.now(), proxy_.options().upstream_idle_max);
    at_hand = reused_ = upstream_ != nullptr;
    if (!upstream_) {
      upstream_ = co_await with_timeout(clock, policy.connect_timeout, connect_anew());
      if (upstream_->protocol() == "h2") share_connection();
    }
  }
  if (timed_out_) co_await fail_with(Error::timed_out());
  sent_ = at_hand ? began : clock.exact_now();
  record_.connecting = (sent_ - began).count();
  upstream_pending_ = Bytes();
  co_await send_request();
  co_await read_answer();
  record_.response = (clock.exact_now() - sent_).count();
}

Deferred<std::unique_ptr<ByteStream>> Session::connect_anew() {
  gateway::InstanceTls::Protocols protocols{"http/1.1"};
  if (pool_->negotiates()) protocols.insert(protocols.begin(), "h2");
  return gateway::connect_to_instance(proxy_.world(), endpoint_->address, pool_->tls(),
                                      std::move(protocols));
}

/// The instance chose HTTP/2: its connection is for other requests too.
void Session::share_connection() {
  auto& clock = proxy_.world().clock;
  auto place = endpoint_->links.adopt(clock, std::move(upstream_));
  reused_ = place.reused;
  upstream_ = std::make_unique<H2Upstream>(clock, std::move(place.stream));
}

/// A stream on a connection that requests share.
Deferred<void> Session::open_stream() {
  auto& world = proxy_.world();
  auto opening = endpoint_->links.open(world, endpoint_->address, pool_->shared_tls());
  auto place =
      co_await with_timeout(world.clock, pool_->policy().connect_timeout, std::move(opening));
  reused_ = place.reused;
  upstream_ = std::make_unique<H2Upstream>(world.clock, std::move(place.stream));
}

/// What was sent of the body may be sent again, as long as it is little.
void Session::keep_sent(const Bytes& part) {
  body_kept_ = body_kept_ && first_body_.size() + part.size() <= sent_bytes_max;
  first_body_ = body_kept_ ? joined(first_body_, part) : Bytes();
}

/// The head, and of the body what has come; the rest follows in the background.
Deferred<void> Session::send_request() {
  build_request_head();
  BytesList pieces(http::pooled_copy(out_));
  if (!body_started_) body_kept_ = true;
  if (whole_body_) {
    pieces.add(first_body_);
  } else if (!request_body_.done() && !pending_.empty()) {
    // What has come of the body goes with the head; small bodies need no second write.
    body_started_ = true;
    auto scanned = request_body_.scan(
        pending_.view(), [&](std::size_t, std::size_t part) { content_bytes_ += part; });
    if (!scanned.ok()) fault_ = Fault::broken;
    if (!scanned.ok() || !within_body_limit()) co_await fail_with(Error::overloaded());
    std::size_t size = *scanned;
    record_.bytes_in += size;
    Bytes part = pending_.slice(0, size);
    pending_.use_up(size);
    pieces.add(part);
    whole_body_ = request_body_.done();  // then it can be sent again
    if (whole_body_) {
      first_body_ = std::move(part);
    } else {
      keep_sent(part);
    }
  }
  if (record_.retries == 0 && !pool_->policy().mirror_to.empty()) mirror(pieces[0].view());
  co_await upstream_->write(std::move(pieces));
  if (!request_body_.done()) {
    // The time of one try is the instance's, not that of a client who is slow to send.
    if (!request_.expects_continue()) proxy_.world().clock.timers().arm(*this, deadline_);
    uploading_ = upload();
  }
}

/// A copy of the head and of the content, if all of it is at hand, to the
/// second service.
void Session::mirror(std::string_view head) {
  auto& policy = pool_->policy();
  if (proxy_.world().random.below(1000) >= policy.mirror_permille) return;
  if (request_.upgrade || (request_.framing.kind != http::Framing::Kind::none && !whole_body_))
    return;
  auto to = proxy_.pool_called(policy.mirror_to);
  if (!to) return;
  std::string copy(head.substr(0, head.size() - 2));
  copy += "X-Berth-Mirror: 1\r\n\r\n";
  copy.append(first_body_.view());
  proxy_.mirror().send(std::move(to), std::string(request_.method), Bytes::copy(copy),
                       proxy_.options().upstream_idle_max);
}

/// Writes the fields that say to the next hop what this request may still take and has taken.
void Session::append_own_fields() {
  Duration left = deadline_ - proxy_.world().clock.now();
  std::int64_t ms = std::max<std::int64_t>(1, left.count() / 1'000'000);
  out_.append("X-Berth-Deadline: ").append(std::to_string(ms)).append("\r\n");
  if (facts_.grpc_timeout) {
    out_.append("grpc-timeout: ");
    append_grpc_timeout(out_, left);
    out_.append("\r\n");
  }
  if (std::uint32_t attempt = facts_.attempt + record_.retries; attempt > 0)
    out_.append("X-Berth-Attempt: ").append(std::to_string(attempt)).append("\r\n");
}

/// A client that does not have the cookie of the instance that answers gets it.
void Session::append_sticky_cookie() {
  auto& name = pool_->policy().balance.sticky_cookie;
  if (name.empty() || !endpoint_) return;
  std::string value = Pool::sticky_value(*endpoint_);
  if (cookie_value(request_.headers, name) == value) return;
  out_.append("Set-Cookie: ").append(name).append("=").append(value);
  out_.append("; Path=/; HttpOnly; SameSite=Lax\r\n");
}

/// While a body flows the policy's time does not cut it, silence for so long does; a deadline that
/// the caller named stays.
void Session::extend_time() {
  if (facts_.time_left) return;
  auto& clock = proxy_.world().clock;
  clock.timers().arm(*this, clock.now() + request_time());
}

Failure Session::failure_of(const Result<void>& tried) const {
  if (tried.ok()) return answer_.status >= 500 ? Failure::status : Failure::none;
  if (timed_out_) return Failure::timeout;
  // On a shared connection: the instance has done nothing for it.
  if (tried.error().is(Code::refused) || tried.error().is(Code::unavailable)) {
    return Failure::refused;
  }
  return record_.connecting < 0 ? Failure::refused : Failure::reset;
}

void Session::note_outcome(Failure failure) {
  on_trial_ = false;
  MonotonicTime now = proxy_.world().clock.now();
  if (pool_->note(*endpoint_, failure, Duration(record_.response), now)) {
    proxy_.log().warning("an instance is given no requests for a while",
                         {{"instance", endpoint_->id}, {"why", endpoint_->outlier.why(now)}});
  }
}

/// Whether a failed try is followed by another; `pause` before it.
bool Session::tries_again(Failure failure, Duration& pause) {
  auto& policy = pool_->policy();
  if (killed_ || passed_bytes_ || (body_started_ && !whole_body_)) return false;
  std::uint8_t reason = 0;
  if (failure == Failure::refused) reason = RetryPolicy::refused;
  if (failure == Failure::reset) reason = RetryPolicy::reset;
  if (failure == Failure::timeout) reason = RetryPolicy::timeout;
  if (failure == Failure::status) {
    if (answer_.status == 502) reason = RetryPolicy::status_502;
    if (answer_.status == 503) reason = RetryPolicy::status_503;
    if (answer_.status == 504) reason = RetryPolicy::status_504;
    // Another proxy of ours gave it: that one has tried what could be tried.
    if (answer_.headers.find("x-berth-reason")) return false;
  }
  if ((policy.retry.on & reason) == 0 || record_.retries >= policy.retries) return false;
  if (failure != Failure::refused) {
    bool may_repeat =
        http::is_idempotent(request_.method) ||
        std::ranges::find(policy.retry.methods, request_.method) != policy.retry.methods.end();
    // A hop before this one sends again itself: two hops would multiply.
    if (!may_repeat || facts_.attempt > 0) return false;
  }
  auto& world = proxy_.world();
  MonotonicTime now = world.clock.now();
  pause = Duration(0);
  bool another =
      failure == Failure::refused && record_.retries == 0 && pool_->endpoints().size() > 1;
  if (!another) {
    // Full jitter (Brooker, "Exponential backoff and jitter", 2015).
    Duration most = std::min(policy.retry.backoff * (std::int64_t{1} << record_.retries),
                             std::max(policy.retry.backoff, policy.retry.backoff_max));
    pause = Duration(
        static_cast<std::int64_t>(static_cast<double>(most.count()) * world.random.unit()));
  }
  if (now + pause >= deadline_ || !pool_->budget.spend(now)) return false;
  ++record_.retries;
  return true;
}

/// Of a try whose answer is not passed on: if all of it has come already, its connection is used
/// again.
void Session::keep_connection() {
  bool sent = request_body_.done() && !uploading_.pending();
  uploading_.reset();
  if (!upstream_ || !answer_.keep_alive || !sent) return;
  auto size = answer_body_.scan(upstream_pending_.view(), [](std::size_t, std::size_t) {});
  if (size.ok() && answer_body_.done() && *size == upstream_pending_.size())
    endpoint_->give_idle(std::move(upstream_), proxy_.world().clock.now());
}

/// Lets go of a try that failed.
void Session::leave_try(bool answered) {
  auto& clock = proxy_.world().clock;
  if (answered) keep_connection();
  uploading_.reset();
  awaits_client_ = false;
  upstream_.reset();
  tried_[tried_count_++ % tried_.size()] = endpoint_;
  release_endpoint();
  timed_out_ = false;
  clock.timers().arm(*this, std::max(deadline_, clock.now()));
}

/// Tries until there is an answer to pass on, or nothing more is to be tried.
Deferred<Session::Outcome> Session::tries() {
  auto& clock = proxy_.world().clock;
  for (;;) {
    auto chosen = co_await choose().result();
    if (!chosen.ok()) {
      bool late = chosen.error().is(Code::timed_out);
      ended('S', 'Q');
      std::string reason(chosen.error().message());
      co_return co_await refuse(late ? 504 : 503, std::move(reason));
    }
    auto trying = may_hedge() ? attempt_hedged() : attempt();
    auto tried = co_await std::move(trying).result();
    if (!tried.ok() && tried.error().is(Code::cancelled)) co_return std::move(tried).error();
    if (!tried.ok() && fault_ != Fault::none) co_return co_await refuse_fault();
    Failure failure = failure_of(tried);
    // A kept connection that the instance had closed says nothing about it: no retry is spent. The
    // next try is by a new one, so this happens once a try.
    bool gone = failure == Failure::reset && !tried.error().is(Code::invalid) &&
                upstream_pending_.empty() && http::is_idempotent(request_.method);
    if (!tried.ok() && tried.error().is(Code::unavailable)) gone = true;  // it was not sent
    bool stale = gone && reused_ && (!body_started_ || whole_body_) && !passed_bytes_;
    if (stale) {
      endpoint_->close_idle();
      leave_try(false);
      tried_count_ = 0;
      for (auto& each : tried_) each = nullptr;
      fresh_ = true;
      continue;
    }
    note_outcome(failure);
    Duration pause{};
    if (failure == Failure::none || !tries_again(failure, pause)) {
      Instead instead = tried.ok() ? look_at_answer() : Instead::pass_on;
      if (instead == Instead::give_kept) co_return co_await give_kept();
      if (instead == Instead::ask_again) {
        leave_try(true);
        continue;
      }
      if (tried.ok()) co_return Outcome::pass;
      co_return co_await refuse_failed(std::move(tried).error());
    }
    leave_try(tried.ok());
    if (pause > Duration(0)) co_await clock.after(pause);
  }
}

Deferred<Session::Outcome> Session::refuse_failed(Error error) {
  uploading_.reset();
  upstream_.reset();
  bool connected = record_.connecting >= 0;
  char who = timed_out_ ? 's' : error.is(Code::invalid) ? 'P' : 'S';
  if (!connected && error.is(Code::timed_out)) who = 's';
  ended(who, connected ? 'H' : 'C');
  broken_by_ = error;
  std::string reason = timed_out_ ? endpoint_->id + " did not answer within the time for a request"
                                  : endpoint_->id + ": " + error.text();
  if (record_.retries > 0) reason += ", after " + std::to_string(record_.retries) + " more tries";
  int status = timed_out_ ? 504 : connected ? 502 : 503;
  return refuse(status, std::move(reason));
}

}  // namespace berth::proxy
