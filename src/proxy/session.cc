#include "proxy/session.h"

#include <cstring>
#include <tuple>

#include "async/clock.h"
#include "async/gather.h"
#include "base/strings.h"
#include "http/h1_writer.h"
#include "http/h2_session.h"
#include "http/pooled_bytes.h"
#include "proxy/gateway/hop_fields.h"
#include "proxy/proxy.h"

namespace berth::proxy {

namespace {

constexpr std::size_t copy_bytes = 65536;
constexpr std::size_t joined_bytes_max = 1024;  // of content, with the head in one piece

}  // namespace

Session::Session(Proxy& proxy, std::shared_ptr<Pool> pool,
                 std::shared_ptr<const gateway::Entrance> entrance,
                 const std::uint32_t& frontend_connections, std::unique_ptr<ByteStream> client,
                 Identity identity, Bytes first)
    : proxy_(proxy),
      vip_pool_(std::move(pool)),
      frontend_connections_(frontend_connections),
      client_(std::move(client)),
      out_(proxy.scratch()) {
  enlist(std::move(identity));
  if (!first.empty()) take_first(std::move(first));
  if (!entrance) return;
  visit_ = std::make_unique<gateway::Visit>(std::move(entrance), client_->peer_address());
}

Session::~Session() {
  // Ended in the middle: the proxy stops, or the client's connection broke.
  uploading_.reset();
  watching_.reset();
  if (caching_ && pool_) stop_filling();
  if (in_request_) {
    ended('K', phase());
    note_record();
  }
  release_endpoint();
  if (id_ != 0) proxy_.strike(enlisted_);
}

/// A limit passed: whatever is waited for fails, since its stream is closed.
void Session::fire() {
  if (!in_request_) return fire_idle();
  timed_out_ = true;
  // One who waits for 100 Continue waits for the instance.
  bool clients_turn = awaits_client_ && (passed_bytes_ || !request_.expects_continue());
  if (clients_turn && !answering_ && fault_ == Fault::none) fault_ = Fault::silent;
  if (upstream_) upstream_->abort();
  if (answering_) client_->abort();  // half an answer, or a client that reads no more
}

/// Between requests: silence is over by time, or has lasted so long that this Session can go.
void Session::fire_idle() {
  auto& clock = proxy_.world().clock;
  if (!waiting_.pending()) return;  // it has just been broken
  if (clock.now() >= idle_until_) {
    timed_out_ = true;
    client_->close();
  } else if (client_->protocol() == "h2") {  // one request of a connection of others
    clock.timers().arm(*this, idle_until_);
  } else {
    silent_ = true;
    waiting_.cancel();
  }
}

Deferred<void> Session::run() {
  for (;;) {
    auto got = co_await read_head().result();
    disarm();
    if (!got.ok()) {
      std::ignore = co_await refuse_head(got.error()).result();
      co_return;
    }
    if (!*got) co_return;
    // One after the other, so that what lasts, the passing on, holds no frames but its own.
    auto outcome = co_await begin_exchange().result();
    if (outcome.ok() && *outcome == Outcome::carry) outcome = co_await reach_instance().result();
    if (outcome.ok() && *outcome == Outcome::pass) outcome = co_await pass_answer().result();
    disarm();
    bool again = outcome.ok() && *outcome == Outcome::next;
    // What fails an exchange is the client's stream, which is gone or took nothing until its time
    // was over; or the proxy stops.
    if (!outcome.ok()) {
      bool stopped = outcome.error().is(Code::cancelled);
      ended(stopped ? 'K' : timed_out_ && answering_ ? 'c' : 'C', phase());
    }
    uploading_.reset();
    watching_.reset();
    note_record();
    release_endpoint();
    upstream_.reset();
    bool lingers = !again && outcome.ok() && client_->protocol() != "h2";
    if (lingers && !request_body_.done()) co_await linger();
    if (!again) co_return;
    let_go();
  }
}

/// Of the request that is over nothing holds on to received memory: an idle connection would keep a
/// whole block of it.
void Session::let_go() {
  request_ = {};
  answer_ = {};
  upstream_pending_ = first_body_ = Bytes();
  if (caching_) caching_->over();
  for (auto& each : tried_) each = nullptr;
  coding_ = {};
  varies_ = weakens_ = false;
}

/// Of a head that has begun; it has its time from its first byte on.
Deferred<Bytes> Session::read_more_of_head() {
  auto& clock = proxy_.world().clock;
  if (head_due_ == MonotonicTime{}) {
    Duration limit = visit_ ? visit_->entrance().head_timeout : proxy_.options().head_timeout;
    head_due_ = clock.now() + limit;
  }
  Duration left = std::max<Duration>(head_due_ - clock.now(), 1ns);
  return with_timeout(clock, left, client_->read());
}

/// False at the client's orderly end.
Deferred<bool> Session::read_head() {
  auto& clock = proxy_.world().clock;
  const http::HeadLimits limits;
  timed_out_ = false;
  for (;;) {
    std::size_t size = finder_.find(pending_.view());
    if (!pending_.empty() && begun_ == MonotonicTime{}) begun_ = clock.now();
    if (size > limits.head_bytes_max || (size == 0 && pending_.size() > limits.head_bytes_max)) {
      co_return Error(Code::overloaded, "the head is too long");
    }
    if (size > 0) {
      finder_.reset();
      head_due_ = {};
      head_bytes_ = size;
      auto parsed = http::parse_request(http::compact(pending_.slice(0, size)), limits);
      if (!parsed.ok() && http::h2_preface.starts_with(pending_.view().substr(0, size))) {
        began_h2_ = !visit_ || visit_->entrance().http2;
        if (began_h2_) co_return false;
      }
      pending_.use_up(size);
      request_ = co_await or_return(std::move(parsed));
      co_return true;
    }
    if (!pending_.empty()) {
      disarm();
      Bytes more = co_await read_more_of_head();
      if (more.empty()) co_return Error(Code::closed, "the client is gone");
      pending_ = joined(pending_, more);
      continue;
    }
    Duration idle = visit_ ? visit_->entrance().idle_timeout : proxy_.options().idle_timeout;
    idle_until_ = clock.now() + idle;
    clock.timers().arm(*this, std::min(idle_until_, clock.now() + park_after));
    waiting_ = client_->read();
    auto came = co_await waiting_.result_in_place();
    if (!came.ok() && silent_) co_return false;
    silent_ = false;  // it came at that very moment
    Bytes more = co_await or_return(std::move(came));
    if (more.empty()) co_return false;
    take_first(std::move(more));
  }
}

/// Of a request, after silence.
void Session::take_first(Bytes bytes) {
  pending_ = std::move(bytes);
  if (pending_.view().starts_with("\r\n")) pending_.use_up(2);
  begun_ = pending_.empty() ? MonotonicTime{} : proxy_.world().clock.now();
}

Deferred<Session::Outcome> Session::begin_exchange() {
  auto& clock = proxy_.world().clock;
  in_request_ = true;
  passed_bytes_ = answering_ = body_started_ = timed_out_ = closes_ = fresh_ = false;
  awaits_client_ = false;
  fault_ = Fault::none;
  pace_ = http::Pace(body_grace);
  content_bytes_ = 0;
  broken_by_.reset();
  if (caller_.empty()) {
    caller_ = vip_pool_ ? proxy_.callers().find(client_->peer_address(), client_->local_address())
                        : "gateway";
  }
  record_ = {};
  record_.accepted = clock.wall().nanoseconds - (clock.exact_now() - begun_).count();
  record_.request = (clock.now() - begun_).count();
  record_.bytes_in = head_bytes_;
  request_body_ = http::BodyScanner(request_.framing);
  if (vip_pool_ && vip_pool_->removed()) {  // was the service removed, it may be back
    if (auto back = proxy_.pool_at(client_->local_address())) vip_pool_ = std::move(back);
  }
  pool_ = vip_pool_;
  // Obsolete (RFC 9113 section 3.1), and a way around what is asked of requests here.
  if (request_.upgrade && request_.headers.has_token("upgrade", "h2c")) request_.upgrade = false;
  if (visit_) {
    Outcome found = co_await find_public();
    if (found != Outcome::carry) co_return found;
  }
  if (request_.method == "OPTIONS" || request_.method == "TRACE") {
    Outcome counted = co_await count_hops();
    if (counted != Outcome::carry) co_return counted;
  }
  record_.backend_requests = pool_->in_flight();
  begin_tries();
  if (undeclared()) {
    std::string need = "needs = [\"" + pool_->name() + "\"]";
    co_return co_await refuse(
        403, caller_ + " has not declared that it needs " + pool_->name() + ": " + need);
  }
  co_return Outcome::carry;
}

Deferred<Session::Outcome> Session::reach_instance() {
  return begin_caching() ? tries_with_cache() : carry();
}

/// To an instance, if the service's limits let it.
Deferred<Session::Outcome> Session::carry() {
  pool_->budget.earn(static_cast<double>(pool_->policy().retry.budget_permille) / 1000);
  if (auto refusal = admit(); refusal.status != 0) {
    retry_after_ = refusal.retry_after;
    return refuse(refusal.status, std::move(refusal.reason));
  }
  return has_key() ? tries_with_key() : tries();
}

Deferred<void> Session::read_answer() {
  const http::HeadLimits limits;
  http::HeadFinder finder;
  for (;;) {
    std::size_t size = finder.find(upstream_pending_.view());
    if (size == 0) {
      if (upstream_pending_.size() > limits.head_bytes_max) {
        co_await fail_with(Error(Code::invalid, "the answer's head is too long"));
      }
      Bytes more = co_await upstream_->read();
      if (more.empty())
        co_await fail_with(Error(Code::reset, "the connection ended without an answer"));
      upstream_pending_ = joined(upstream_pending_, more);
      continue;
    }
    answer_ = co_await or_return(http::parse_response(
        http::compact(upstream_pending_.slice(0, size)), request_.method, limits));
    upstream_pending_.use_up(size);
    if (answer_.status >= 200) break;
    if (answer_.status == 101) {
      auto* to = answer_.headers.find("upgrade");
      bool asked = request_.upgrade && (!to || request_.headers.has_token("upgrade", to->value));
      if (asked) break;
      co_await fail_with(Error(Code::invalid, "it went over to what nobody had asked for"));
    }
    if (request_.minor >= 1) co_await pass_interim();
    finder.reset();
  }
  answer_body_ = http::BodyScanner(answer_.framing);
}

void Session::build_request_head() {
  if (visit_) return build_public_head();
  out_.assign(request_.method).append(" ").append(request_.target).append(" HTTP/1.1\r\n");
  if (request_.authority.empty()) {
    // The Host field goes on with the others; HTTP/1.1 has one (RFC 9112 section 3.2).
    if (request_.minor == 0 && !request_.headers.find("host"))
      http::append_header(out_, "Host", pool_->name());
  } else {
    http::append_header(out_, "Host", request_.authority);
  }
  const http::Header* forwarded = nullptr;
  for (auto& header : request_.headers) {
    if (gateway::stays_here(header, request_) || is_own_field(header.name)) continue;
    if (!request_.authority.empty() && equal_ignoring_case(header.name, "host")) continue;
    if (equal_ignoring_case(header.name, "x-forwarded-for")) {
      forwarded = &header;
      continue;
    }
    http::append_header(out_, header.name, header.value);
  }
  if (refreshes_) {  // it says already for whom it is
    if (forwarded) http::append_header(out_, forwarded->name, forwarded->value);
    return end_request_head();
  }
  out_.append("X-Forwarded-For: ");
  if (forwarded) out_.append(forwarded->value).append(", ");
  out_.append(client_->peer_address().ip_text()).append("\r\n");
  end_request_head();
}

void Session::end_request_head() {
  append_own_fields();
  if (request_.upgrade) {
    http::append_header(out_, "Connection", "Upgrade");
    http::append_header(out_, "Upgrade", request_.headers.value("upgrade"));
  }
  out_ += "\r\n";
}

void Session::build_answer_head() {
  out_.assign("HTTP/1.1 ").append(std::to_string(answer_.status)).append(" ");
  out_.append(answer_.reason).append("\r\n");
  for (auto& header : answer_.headers) {
    if (leaves_out(header) || (visit_ && !visit_->keeps(header.name))) continue;
    if (weakens_ && !goes_with_coding(header.name)) continue;
    http::append_header(out_, header.name, header.value);
  }
  if (visit_) visit_->append_answer_fields(out_);
  append_coding_fields();
  append_sticky_cookie();
  if (caching_ && caching_->active) append_cache_status();
  // Said once: a client that was not told so may have sent its next request already. Answered
  // before all of the request has come: nobody knows whether the rest will.
  closes_ = !request_.keep_alive || proxy_.stopping() || !request_body_.done() || unchunks() ||
            answer_.framing.kind == http::Framing::Kind::until_close || watching_.valid();
  if (answer_.status == 101) {
    http::append_header(out_, "Connection", "Upgrade");
    if (auto* to = answer_.headers.find("upgrade")) http::append_header(out_, "Upgrade", to->value);
  } else if (closes_) {
    out_ += "Connection: close\r\n";
  } else if (request_.minor == 0) {
    out_ += "Connection: keep-alive\r\n";
  }
  out_ += "\r\n";
}

/// Of server-sent events, whose next one may be hours away: a client that has gone is noticed by
/// its end and not by the write that fails. Such a connection is not used again, so nothing that is
/// read of it is of interest. By HTTP/2 the stream's reset says it.
bool Session::watches_client() const {
  if (request_.method == "HEAD" || !request_body_.done() || client_->protocol() == "h2")
    return false;
  auto type = answer_.headers.value("content-type");
  return answer_.status == 200 &&
         equal_ignoring_case(trim(type.substr(0, type.find(';'))), "text/event-stream");
}

void Session::watch_client() {
  if (watches_client()) watching_ = see_client_go();
}

Deferred<void> Session::see_client_go() {
  for (;;) {
    auto more = co_await client_->read(copy_bytes).result();
    if (more.ok() && !more->empty()) continue;
    if (!more.ok() && more.error().is(Code::cancelled)) co_return;
    ended('C', 'D');
    if (upstream_) upstream_->abort();
    co_return;
  }
}

Deferred<Session::Outcome> Session::pass_answer() {
  if (keeps_) co_await keep_answer();
  if (caching_ && caching_->active) begin_filling();
  bool filling = caching_ && caching_->filling;
  record_.status = static_cast<std::uint16_t>(answer_.status);
  choose_coding();
  if (encodes()) co_return co_await pass_encoded();
  watch_client();
  build_answer_head();
  std::size_t head_bytes = out_.size();
  // Little content that is there goes in one piece with the head: copying it is cheaper.
  bool joins = !unchunks() && upstream_pending_.size() <= joined_bytes_max;
  BytesList pieces;
  if (!joins) pieces.add(http::pooled_copy(out_));
  bool first = true;
  while (first || !answer_body_.done()) {
    if (upstream_pending_.empty() && !first) {
      auto more = co_await upstream_->read(copy_bytes).result();
      Result<void> end = more.ok() && more->empty() ? answer_body_.end() : Result<void>();
      if (!more.ok() || !end.ok()) {
        ended(fault_ != Fault::none ? 'C' : timed_out_ ? 's' : 'S', 'D');
        broken_by_ = more.ok() ? end.error() : more.error();
        client_->abort();  // it must not take the part for the whole
        co_return Outcome::close;
      }
      if (more->empty()) break;
      upstream_pending_ = std::move(*more);
    }
    std::size_t size = 0;
    if (!upstream_pending_.empty() && !answer_body_.done()) {
      std::string_view came = upstream_pending_.view();
      bool whole = !unchunks();
      auto scanned = answer_body_.scan(came, [&](std::size_t at, std::size_t count) {
        if (!whole) pieces.add(upstream_pending_.slice(at, count));
        if (filling) fill(came.substr(at, count));
      });
      if (!scanned.ok()) co_return co_await break_off(std::move(scanned).error());
      size = *scanned;
      if (first && joins) {
        out_.append(came.substr(0, size));
      } else if (whole) {
        pieces.add(upstream_pending_.slice(0, size));
      }
      upstream_pending_.use_up(size);
    }
    if (first && joins) pieces.add(http::pooled_copy(out_));
    record_.bytes_out += size + (first ? head_bytes : 0);
    passed_bytes_ = answering_ = true;
    auto written = co_await client_->write(std::move(pieces)).result();
    if (!written.ok()) {
      if (filling) co_await fill_rest();
      co_return std::move(written).error();
    }
    pieces = BytesList();
    first = false;
    // Once it flows, the time for a request does not cut a long answer; silence does.
    if (!answer_body_.done()) extend_time();
  }
  if (filling) finish_filling();
  co_return co_await end_answer();
}

Deferred<Session::Outcome> Session::end_answer() {
  watching_.reset();
  if (answer_.status == 101) {
    co_await tunnel();
    co_return Outcome::close;
  }
  if (!request_body_.done()) {  // answered before all was sent: who keeps on reading gets the rest
    bool by_connection = upstream_ && upstream_->protocol() != "h2";
    if (by_connection && answer_.keep_alive && uploading_.pending()) {
      auto rest = with_timeout(proxy_.world().clock, linger_max, std::move(uploading_));
      std::ignore = co_await std::move(rest).result();
    }
    co_return Outcome::close;
  }
  if (answer_.keep_alive && upstream_pending_.empty() && !uploading_.pending())
    endpoint_->give_idle(std::move(upstream_), proxy_.world().clock.now());
  // Said once, by its head: a client that was not told so may have sent its next request already.
  co_return closes_ ? Outcome::close : Outcome::next;
}

/// Sends the rest of the request's body while the answer is awaited.
Deferred<void> Session::upload() {
  while (!request_body_.done()) {
    if (pending_.empty()) {
      awaits_client_ = true;
      MonotonicTime asked = proxy_.world().clock.now();
      auto more = co_await client_->read(copy_bytes).result();
      awaits_client_ = false;
      if (!more.ok() || more->empty()) {
        if (fault_ == Fault::none) fault_ = Fault::gone;
        upstream_->abort();
        co_return;
      }
      pending_ = std::move(*more);
      if (too_slow(proxy_.world().clock.now() - asked, pending_.size())) {
        fault_ = Fault::silent;
        upstream_->abort();
        co_return;
      }
    }
    body_started_ = true;
    auto size = request_body_.scan(pending_.view(),
                                   [&](std::size_t, std::size_t part) { content_bytes_ += part; });
    if (!size.ok()) fault_ = Fault::broken;
    if (!size.ok() || !within_body_limit()) {
      upstream_->abort();
      co_return;
    }
    record_.bytes_in += *size;
    Bytes part = pending_.slice(0, *size);
    pending_.use_up(*size);
    keep_sent(part);
    auto written = co_await upstream_->write(std::move(part)).result();
    if (!written.ok()) break;  // the answer, or its absence, will tell
    extend_time();
  }
  whole_body_ = body_kept_ && request_body_.done();
}

Deferred<void> Session::pump(ByteStream& from, ByteStream& to, Bytes first, std::uint64_t& count) {
  auto end_of = [&](ByteStream& stream) { ended(&stream == client_.get() ? 'C' : 'S', 'D'); };
  for (;;) {
    if (first.empty()) {
      auto more = co_await from.read(copy_bytes).result();
      if (!more.ok()) end_of(from);
      first = co_await or_return(std::move(more));
    }
    if (first.empty()) break;
    count += first.size();
    auto written = co_await to.write(std::exchange(first, Bytes())).result();
    if (!written.ok()) end_of(to);
    co_await or_return(std::move(written));
  }
  co_await to.shutdown_write();
}

Deferred<void> Session::tunnel() {
  disarm();
  auto both = together(
      pump(*client_, *upstream_, std::exchange(pending_, Bytes()), record_.bytes_in),
      pump(*upstream_, *client_, std::exchange(upstream_pending_, Bytes()), record_.bytes_out));
  std::ignore = co_await gather_results(std::move(both)).result();
}

/// An answer of our own, with the reason for people and in X-Berth-Reason.
Deferred<Session::Outcome> Session::refuse(int status, std::string reason) {
  if (stands_in(status)) co_return co_await give_kept();
  record_.status = static_cast<std::uint16_t>(status);
  answering_ = true;
  ended('P', 'R');
  for (char& c : reason) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  bool close = awaits_content() || !request_.keep_alive || request_.method.empty() ||
               (pool_ && pool_->removed());
  if (visit_) {
    visit_->retry_after(std::exchange(retry_after_, {}));
    out_.clear();
    visit_->append_own(out_, status, reason, close, request_.method != "HEAD");
    record_.bytes_out += out_.size();
    co_await client_->write(Bytes::copy(out_));
    co_return close ? Outcome::close : Outcome::next;
  }
  std::string text =
      std::to_string(status) + " " + std::string(http::reason_of(status)) + "\n" + reason + "\n";
  out_ = "HTTP/1.1 " + std::to_string(status) + " " + std::string(http::reason_of(status)) + "\r\n";
  http::append_header(out_, "content-type", "text/plain; charset=utf-8");
  http::append_header(out_, "content-length", std::to_string(text.size()));
  http::append_header(out_, "x-berth-reason", reason);
  if (Duration wait = std::exchange(retry_after_, {}); wait > Duration(0)) {
    auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
    http::append_header(out_, "retry-after", std::to_string(seconds));
  }
  if (close) http::append_header(out_, "connection", "close");
  out_ += "\r\n";
  if (request_.method != "HEAD") out_ += text;
  record_.bytes_out += out_.size();
  co_await client_->write(Bytes::copy(out_));
  co_return close ? Outcome::close : Outcome::next;
}

void Session::release_endpoint() {
  if (std::exchange(on_trial_, false)) pool_->breaker.forget();
  if (!endpoint_) return;
  pool_->end(*endpoint_);
  endpoint_ = nullptr;
}

void Session::note_record() {
  if (!in_request_) return;
  in_request_ = false;
  if (refreshes_) return;
  if (killed_) {
    record_.termination[1] = phase();
    record_.termination[0] = 'K';
  }
  record_.total = (proxy_.world().clock.exact_now() - begun_).count();
  begun_ = {};
  record_.client_ip = client_->peer_address().family() == Address::Family::ipv4
                          ? client_->peer_address().ipv4_value()
                          : 0;
  record_.client_port = client_->peer_address().port();
  record_.process_connections = static_cast<std::uint32_t>(proxy_.connections());
  record_.frontend_connections = frontend_connections_;
  record_.frontend = visit_ ? visit_->entrance().name : vip_pool_->name();
  if (pool_) record_.backend = pool_->name();
  if (endpoint_ && record_.server.empty()) record_.server = endpoint_->id;
  record_.caller = caller_.empty() ? "unknown" : std::string_view(caller_);
  record_.method = request_.method;
  record_.target = request_.target;
  if (visit_ && visit_->route()) record_.route = visit_->route()->name;
  proxy_.sink().note(record_);
  remark();
  record_ = {};
}

}  // namespace berth::proxy
