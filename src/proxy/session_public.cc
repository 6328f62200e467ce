#include <algorithm>
#include <tuple>

#include "async/clock.h"
#include "base/hash.h"
#include "base/strings.h"
#include "http/client_counts.h"
#include "http/read_away.h"
#include "proxy/grpc_answer.h"
#include "proxy/proxy.h"
#include "proxy/session.h"

// What a Session does at the gateway only: its Visit says what is allowed.

namespace berth::proxy {
namespace {

constexpr Duration keys_wait_max = 5s;  // for keys of tokens that are being fetched
constexpr Duration file_timeout = 30s;  // for each part of a file

}  // namespace

/// Finds the pool of the request's route; or answers it here, and tells how.
Deferred<Session::Outcome> Session::find_public() {
  using Next = gateway::Visit::Next;
  auto& clock = proxy_.world().clock;
  Next next = visit_->begin(proxy_.gateway(), request_, clock.wall());
  // Before anybody's secret is looked at, so that none is found by trying.
  if (Duration wait = client_limit(); wait > Duration(0)) {
    visit_->limit(wait);
    co_return co_await refuse(429, "more requests of one client than this route takes");
  }
  if (next == Next::wait_for_keys) {
    auto renewing = with_timeout(clock, keys_wait_max, visit_->renew_keys());
    std::ignore = co_await std::move(renewing).result();
    next = visit_->begin(proxy_.gateway(), request_, clock.wall(), true);
  }
  if (next == Next::answer) {
    if (visit_->status() < 400) {  // HAProxy's code for what it answers itself
      record_.termination[0] = 'L';
      record_.termination[1] = 'R';
    }
    std::string reason = visit_->reason();
    co_return co_await refuse(visit_->status(), std::move(reason));
  }
  if (visit_->route()->files) co_return co_await answer_with_file();
  pool_ = proxy_.pool_called(visit_->service());
  if (pool_) co_return Outcome::carry;
  co_return co_await refuse(503, "there is no service " + visit_->service());
}

Duration Session::client_limit() {
  const gateway::Route* route = visit_->route();
  if (!route || route->limit.per_second == 0) return Duration(0);
  auto client = http::client_of(visit_->origin().client);
  if (!client) return Duration(0);
  auto rate = CellRate::of(route->limit.per_second, route->limit.burst);
  std::uint64_t key = hash64(route->name, *client);
  return proxy_.client_rates().take_of_key(rate, key, proxy_.world().clock.now());
}

/// Who asks, behind the proxies that are trusted.
std::string Session::client_ip() const {
  return visit_ ? visit_->origin().client_ip : client_->peer_address().ip_text();
}

/// Max-Forwards of OPTIONS and TRACE (RFC 9110 section 7.6.2): at 0 the answer is ours.
Deferred<Session::Outcome> Session::count_hops() {
  auto* field = request_.headers.find("max-forwards");
  if (!field) co_return Outcome::carry;
  auto left = parse_integer<std::uint32_t>(field->value);
  if (!left.ok()) co_return Outcome::carry;
  if (*left > 0) {
    request_.headers.set("Max-Forwards", std::to_string(*left - 1));
    co_return Outcome::carry;
  }
  ended('L', 'R');
  bool traced = request_.method == "TRACE";
  std::string reason = "Max-Forwards is 0, and this proxy is not the last";
  co_return co_await refuse(traced ? 405 : 200, std::move(reason));
}

Duration Session::request_time() const {
  Duration own = visit_ ? visit_->timeout() : Duration(0);
  if (own > Duration(0)) return own;
  return pool_ ? pool_->policy().timeout : file_timeout;
}

/// True once a stranger's content comes so slowly that he seems to want the connection more than
/// the answer ("slow POST"). What is answered already, or is a stream of gRPC, may be a talk.
bool Session::too_slow(Duration waited, std::size_t bytes) {
  std::uint64_t least = visit_ ? visit_->entrance().body_bytes_per_second_min : 0;
  if (least == 0 || answering_ || is_grpc(request_)) return false;
  pace_.add(waited, bytes, least);
  return pace_.used_up();
}

bool Session::within_body_limit() {
  std::uint64_t most = visit_ ? visit_->body_bytes_max() : 0;
  if (most > 0 && content_bytes_ > most) fault_ = Fault::too_long;
  return fault_ == Fault::none;
}

/// The answer came before the request's end: closing now would reset what the client has not read
/// of it yet (RFC 9112 section 9.6).
Deferred<void> Session::linger() {
  auto reading = with_timeout(proxy_.world().clock, linger_max, http::read_away(*client_));
  std::ignore = co_await std::move(reading).result();
}

void Session::build_public_head() {
  out_.clear();
  visit_->append_request_head(out_, request_, is_own_field);
  end_request_head();
}

/// Keeps the request among those of its minute that are worth it, without what is secret.
void Session::remark() {
  auto* route = visit_ ? visit_->route() : nullptr;
  auto secret = [route](std::string_view name) {
    if (!route) return false;
    return std::ranges::any_of(route->authentications, [&](auto& each) {
      return equal_ignoring_case(name, each->field) || name == each->parameter;
    });
  };
  auto& kept = proxy_.remarkable();
  kept.note(record_, client_->peer_address(), request_.headers, answer_.headers, secret);
}

void Session::enlist(Identity identity) {
  caller_ = std::move(identity.caller);
  if (identity.id != 0) {
    id_ = identity.id;
    since_ = identity.since;
    enlisted_ = identity.enlisted;
    *enlisted_ = this;
    return;
  }
  id_ = proxy_.next_session_id();
  since_ = proxy_.world().clock.now();
  enlisted_ = proxy_.enlist(*this);
}

Session::Identity Session::take_identity() {
  return {std::exchange(id_, 0), since_, enlisted_, std::move(caller_)};
}

OpenSession::Shown Session::shown() const {
  Shown out;
  out.id = id_;
  out.client = client_->peer_address();
  out.frontend = visit_ ? visit_->entrance().name : vip_pool_->name();
  out.asking = in_request_;
  out.age = proxy_.world().clock.now() - (in_request_ ? begun_ : since_);
  if (!in_request_) return out;
  if (pool_) out.service = pool_->name();
  if (endpoint_) out.server = endpoint_->id;
  out.method = request_.method;
  out.target = request_.target;
  return out;
}

void Session::kill() {
  killed_ = true;
  timed_out_ = true;  // no other instance is tried
  if (upstream_) upstream_->abort();
  client_->abort();
}

}  // namespace berth::proxy
