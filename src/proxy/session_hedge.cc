#include <algorithm>

#include "async/clock.h"
#include "async/gather.h"
#include "proxy/proxy.h"
#include "proxy/second_attempt.h"
#include "proxy/session.h"

// What of a session is about hedging: a request that has no answer after a while is sent to another
// instance too, and the first good answer counts.
//
//     first attempt --------------------------------> answer: it wins, the second is cut
//           after a delay: second attempt -----------> answer: it wins, the first is cut
//     one fails while the other is under way: the other decides; both fail: the first's failure

namespace berth::proxy {

bool Session::may_hedge() const {
  auto& hedge = pool_->policy().hedge;
  if (hedge.after == Duration(0) && !hedge.p95) return false;
  return pool_->policy().protocol == catalog::Protocol::http_1_1 && !pool_->negotiates() &&
         http::is_idempotent(request_.method) && !request_.upgrade &&
         request_.framing.kind == http::Framing::Kind::none && facts_.attempt == 0 &&
         record_.retries < pool_->policy().retries && pool_->endpoints().size() > 1;
}

/// Zero: too little is known of how long answers take.
Duration Session::hedge_delay() const {
  auto& hedge = pool_->policy().hedge;
  return hedge.p95 ? std::max(hedge.after, pool_->latencies.p95()) : hedge.after;
}

Deferred<void> Session::first_attempt(SecondAttempt& second) {
  auto tried = co_await attempt().result();
  bool good = tried.ok() && answer_.status < 500;
  if (!good && second.under_way && !killed_ && !passed_bytes_) {
    second.first_failed = failure_of(tried);
    co_await second.over.wait();
  }
  co_await or_return(std::move(tried));
}

/// Ends only with a good answer: else it waits until the first has ended.
Deferred<void> Session::hedge(SecondAttempt& second, Duration delay) {
  auto& clock = proxy_.world().clock;
  if (delay > Duration(0)) co_await clock.after(delay);
  if (delay > Duration(0) && begin_second(second)) {
    build_request_head();
    MonotonicTime due = deadline_;
    Duration one = pool_->policy().retry.try_timeout;
    if (one > Duration(0)) due = std::min(due, clock.now() + one);
    auto running =
        second.run(out_, std::string(request_.method), proxy_.options().upstream_idle_max, due);
    auto tried = co_await std::move(running).result();
    second.under_way = false;
    if (tried.ok() && second.answer.status < 500) co_return;
    bool lost = !tried.ok() && tried.error().is(Code::cancelled);
    if (!lost && (tried.ok() || !second.reused)) {
      Failure failure = tried.ok()                          ? Failure::status
                        : tried.error().is(Code::timed_out) ? Failure::timeout
                        : second.sent == MonotonicTime{}    ? Failure::refused
                                                            : Failure::reset;
      pool_->note(*second.endpoint, failure, second.response, clock.now());
    }
    second.over.set();
  }
  co_await second.never.wait();
}

/// Another instance, if there is one with room and the budget of retries has something left.
bool Session::begin_second(SecondAttempt& second) {
  auto& world = proxy_.world();
  MonotonicTime now = world.clock.now();
  if (!endpoint_ || killed_ || passed_bytes_ || now >= deadline_) return false;
  if (!pool_->lets_in(facts_.urgency) || !pool_->queue.empty()) return false;
  auto others = wish();
  others.sticky = {};
  std::array<std::shared_ptr<Endpoint>, Pool::tried_max> tried = tried_;
  tried[tried_count_ % tried.size()] = endpoint_;
  others.tried = {tried.data(), std::min(tried_count_ + 1, tried.size())};
  auto pick = pool_->pick(others, world.random, now);
  if (pick.choice != Pool::Choice::found || pick.endpoint == endpoint_) return false;
  if (!pool_->budget.spend(now)) {
    ++pool_->hedges.refused;
    return false;
  }
  ++pool_->hedges.sent;
  ++record_.retries;
  second.begin(std::move(pick.endpoint));
  second_ = second.endpoint;
  return true;
}

/// An attempt, and after a while a second one beside it.
Deferred<void> Session::attempt_hedged() {
  auto& clock = proxy_.world().clock;
  MonotonicTime began = clock.exact_now();
  SecondAttempt second(proxy_.world(), pool_);
  auto both = together(first_attempt(second), hedge(second, hedge_delay()));
  auto first = co_await race(std::move(both));
  second_ = nullptr;
  if (first.index == 1) take_over(second);
  if (first.result.ok() && answer_.status < 500) pool_->latencies.note(clock.exact_now() - began);
  co_await or_return(std::move(first.result));
}

/// The second attempt's answer is the request's; the first one's connection is cut.
void Session::take_over(SecondAttempt& second) {
  ++pool_->hedges.won;
  if (second.first_failed != Failure::none) note_outcome(second.first_failed);
  upstream_ = std::move(second.stream);
  upstream_pending_ = std::move(second.pending);
  answer_ = std::move(second.answer);
  answer_body_ = http::BodyScanner(answer_.framing);
  reused_ = second.reused;
  sent_ = second.sent;
  record_.connecting = second.connecting.count();
  record_.response = second.response.count();
  tried_[tried_count_++ % tried_.size()] = endpoint_;
  pool_->end(*endpoint_);
  endpoint_ = second.endpoint;
  second.taken_over();
  record_.server_requests = endpoint_->in_flight;
  timed_out_ = false;
  auto& clock = proxy_.world().clock;
  clock.timers().arm(*this, std::max(deadline_, clock.now()));
}

}  // namespace berth::proxy
