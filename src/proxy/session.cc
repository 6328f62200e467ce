#include "proxy/session.h"

#include <cstring>
#include <tuple>

#include "async/clock.h"
#include "async/gather.h"
#include "base/strings.h"
#include "http/h1_writer.h"
#include "http/h2_session.h"
#include "proxy/gateway/hop_fields.h"
#include "proxy/proxy.h"

namespace berth::proxy {

using gateway::hop_by_hop;

namespace {

constexpr std::size_t copy_bytes = 65536;

}  // namespace

Session::Session(Proxy& proxy, std::shared_ptr<Pool> pool,
                 std::shared_ptr<const gateway::Entrance> entrance,
                 const std::uint32_t& frontend_connections, std::unique_ptr<ByteStream> client)
    : proxy_(proxy),
      vip_pool_(std::move(pool)),
      frontend_connections_(frontend_connections),
      client_(std::move(client)),
      out_(proxy.scratch()) {
  enlist();
  if (!entrance) return;
  visit_ = std::make_unique<gateway::Visit>(std::move(entrance), client_->peer_address());
}

Session::~Session() {
  // Ended in the middle: the proxy stops, or the client's connection broke.
  uploading_.reset();
  if (in_request_) note_record();
  release_endpoint();
  proxy_.strike(enlisted_);
}

/// A limit passed: whatever is waited for fails, since its stream is closed.
void Session::fire() {
  timed_out_ = true;
  if (!in_request_) {
    client_->close();
    return;
  }
  if (upstream_) upstream_->abort();
  if (passed_bytes_) client_->abort();  // half an answer, or a client that reads no more
}

Deferred<void> Session::run() {
  for (;;) {
    auto got = co_await read_head().result();
    disarm();
    if (!got.ok()) {
      if (!got.error().is(Code::invalid) && !got.error().is(Code::overloaded)) co_return;
      record_ = {};
      request_ = {};
      begun_ = proxy_.world().clock.exact_now();
      in_request_ = true;
      pool_ = vip_pool_;
      if (visit_) visit_->forget();
      int status = got.error().is(Code::invalid) ? 400 : 431;
      co_await refuse(status, std::string(got.error().message()));
      note_record();
      co_return;
    }
    if (!*got) co_return;
    auto outcome = co_await exchange().result();
    disarm();
    bool again = outcome.ok() && *outcome == Outcome::next;
    if (!again && record_.termination[0] == '-' && !outcome.ok()) {
      record_.termination[0] = 'C';
      record_.termination[1] = 'D';
    }
    uploading_.reset();
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
  if (pending_.empty()) pending_ = Bytes();  // an empty slice holds its block too
  for (auto& each : tried_) each = nullptr;
}

/// False at the client's orderly end.
Deferred<bool> Session::read_head() {
  auto& clock = proxy_.world().clock;
  const http::HeadLimits limits;
  timed_out_ = false;
  for (;;) {
    std::size_t size = finder_.find(pending_.view());
    if (size > limits.head_bytes_max || (size == 0 && pending_.size() > limits.head_bytes_max)) {
      co_return Error(Code::overloaded, "the head is too long");
    }
    if (size > 0) {
      if (begun_ == MonotonicTime{}) begun_ = clock.now();
      finder_.reset();
      auto parsed = http::parse_request(pending_.slice(0, size), limits);
      if (!parsed.ok() && http::h2_preface.starts_with(pending_.view().substr(0, size))) {
        began_h2_ = !visit_ || visit_->entrance().http2;
        if (began_h2_) co_return false;
      }
      pending_.remove_prefix(size);
      request_ = co_await or_return(std::move(parsed));
      co_return true;
    }
    Duration idle = visit_ ? visit_->entrance().idle_timeout : proxy_.options().idle_timeout;
    Duration head = visit_ ? visit_->entrance().head_timeout : proxy_.options().head_timeout;
    Duration limit = pending_.empty() ? idle : head;
    if (pending_.empty() || !armed()) clock.timers().arm(*this, clock.now() + limit);
    Bytes more = co_await client_->read();
    if (more.empty()) co_return false;
    if (pending_.empty()) {
      begun_ = clock.now();
      pending_ = std::move(more);
      if (pending_.view().starts_with("\r\n")) pending_.remove_prefix(2);
    } else {
      pending_ = joined(pending_, more);
    }
  }
}

Deferred<Session::Outcome> Session::exchange() {
  auto& clock = proxy_.world().clock;
  in_request_ = true;
  passed_bytes_ = body_started_ = timed_out_ = too_long_ = false;
  content_bytes_ = 0;
  broken_by_.reset();
  if (caller_.empty()) {
    caller_ = vip_pool_ ? proxy_.callers().find(client_->peer_address(), client_->local_address())
                        : "gateway";
  }
  record_ = {};
  record_.accepted = clock.wall().nanoseconds - (clock.exact_now() - begun_).count();
  record_.request = (clock.now() - begun_).count();
  record_.bytes_in = request_.target.size() + 32;
  request_body_ = http::BodyScanner(request_.framing);
  if (vip_pool_ && vip_pool_->removed()) {  // was the service removed, it may be back
    if (auto back = proxy_.pool_at(client_->local_address())) vip_pool_ = std::move(back);
  }
  pool_ = vip_pool_;
  if (visit_) {
    auto answered = co_await find_public();
    if (answered) co_return *answered;
  }
  record_.backend_requests = pool_->in_flight();
  begin_tries();
  if (auto refusal = admit(); refusal.status != 0) {
    retry_after_ = refusal.retry_after;
    co_return co_await refuse(refusal.status, std::move(refusal.reason));
  }
  if (has_key()) co_return co_await tries_with_key();
  co_return co_await tries();
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
    answer_ = co_await or_return(
        http::parse_response(upstream_pending_.slice(0, size), request_.method, limits));
    Bytes head = upstream_pending_.slice(0, size);
    upstream_pending_.remove_prefix(size);
    if (answer_.status >= 200 || answer_.status == 101) break;
    passed_bytes_ = true;  // 100 Continue and its like are for the client
    co_await client_->write(std::move(head));
    finder.reset();
  }
  answer_body_ = http::BodyScanner(answer_.framing);
}

void Session::build_request_head() {
  if (visit_) return build_public_head();
  out_.assign(request_.method).append(" ").append(request_.target).append(" HTTP/1.1\r\n");
  if (request_.authority.empty()) {
    // the Host field goes on with the others
  } else {
    http::append_header(out_, "Host", request_.authority);
  }
  const http::Header* forwarded = nullptr;
  for (auto& header : request_.headers) {
    if (hop_by_hop(header, request_.headers) || is_own_field(header.name)) continue;
    if (!request_.authority.empty() && equal_ignoring_case(header.name, "host")) continue;
    if (equal_ignoring_case(header.name, "x-forwarded-for")) {
      forwarded = &header;
      continue;
    }
    http::append_header(out_, header.name, header.value);
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
  // Said once: a client that was not told so may have sent its next request already.
  closes_ = !request_.keep_alive || proxy_.stopping() ||
            answer_.framing.kind == http::Framing::Kind::until_close;
  out_.assign("HTTP/1.1 ").append(std::to_string(answer_.status)).append(" ");
  out_.append(answer_.reason).append("\r\n");
  for (auto& header : answer_.headers) {
    if (hop_by_hop(header, answer_.headers) || (visit_ && !visit_->keeps(header.name))) continue;
    http::append_header(out_, header.name, header.value);
  }
  if (visit_) visit_->append_answer_fields(out_);
  append_sticky_cookie();
  if (answer_.status == 101) {
    http::append_header(out_, "Connection", "Upgrade");
    http::append_header(out_, "Upgrade", answer_.headers.value("upgrade"));
  } else if (closes_) {
    out_ += "Connection: close\r\n";
  } else if (request_.minor == 0) {
    out_ += "Connection: keep-alive\r\n";
  }
  out_ += "\r\n";
}

Deferred<Session::Outcome> Session::pass_answer() {
  auto& clock = proxy_.world().clock;
  if (keeps_) co_await keep_answer();
  record_.status = static_cast<std::uint16_t>(answer_.status);
  http::HeadBuffers::Lease buffer(proxy_.heads());
  build_answer_head();
  std::size_t head_bytes = out_.size();
  (*buffer).append(out_);
  BytesList pieces((*buffer).take());
  bool first = true;
  while (first || !answer_body_.done()) {
    if (upstream_pending_.empty() && !first) {
      auto more = co_await upstream_->read(copy_bytes).result();
      Result<void> end = more.ok() && more->empty() ? answer_body_.end() : Result<void>();
      if (!more.ok() || !end.ok()) {
        record_.termination[0] = timed_out_ ? 's' : 'S';
        record_.termination[1] = 'D';
        broken_by_ = more.ok() ? end.error() : more.error();
        client_->abort();  // it must not take the part for the whole
        co_return Outcome::close;
      }
      if (more->empty()) break;
      upstream_pending_ = std::move(*more);
    }
    std::size_t size = 0;
    if (!upstream_pending_.empty() && !answer_body_.done()) {
      size = co_await or_return(
          answer_body_.scan(upstream_pending_.view(), [](std::size_t, std::size_t) {}));
      pieces.add(upstream_pending_.slice(0, size));
      upstream_pending_.remove_prefix(size);
    }
    record_.bytes_out += size + (first ? head_bytes : 0);
    passed_bytes_ = true;
    co_await client_->write(std::move(pieces));
    pieces = BytesList();
    first = false;
    // Once it flows, the time for a request does not cut a long answer; silence does.
    if (!answer_body_.done()) extend_time();
  }
  if (answer_.status == 101) {
    co_await tunnel();
    co_return Outcome::close;
  }
  if (!request_body_.done()) co_return Outcome::close;  // answered before all was sent
  if (answer_.keep_alive && upstream_pending_.empty())
    endpoint_->give_idle(std::move(upstream_), clock.now());
  co_return closes_ ? Outcome::close : Outcome::next;
}

/// Sends the rest of the request's body while the answer is awaited.
Deferred<void> Session::upload() {
  while (!request_body_.done()) {
    if (pending_.empty()) {
      auto more = co_await client_->read(copy_bytes).result();
      if (!more.ok() || more->empty()) {
        record_.termination[0] = 'C';
        record_.termination[1] = 'D';
        upstream_->abort();
        co_return;
      }
      pending_ = std::move(*more);
    }
    auto size = request_body_.scan(pending_.view(),
                                   [&](std::size_t, std::size_t part) { content_bytes_ += part; });
    if (!size.ok() || !within_body_limit()) {
      upstream_->abort();
      co_return;
    }
    record_.bytes_in += *size;
    Bytes part = pending_.slice(0, *size);
    pending_.remove_prefix(*size);
    keep_sent(part);
    auto written = co_await upstream_->write(std::move(part)).result();
    if (!written.ok()) break;  // the answer, or its absence, will tell
    extend_time();
  }
  whole_body_ = body_kept_ && request_body_.done();
}

Deferred<void> Session::pump(ByteStream& from, ByteStream& to, Bytes first, std::uint64_t& count) {
  for (;;) {
    if (first.empty()) first = co_await from.read(copy_bytes);
    if (first.empty()) break;
    count += first.size();
    co_await to.write(std::exchange(first, Bytes()));
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
  record_.status = static_cast<std::uint16_t>(status);
  if (record_.termination[0] == '-') {
    record_.termination[0] = 'P';
    record_.termination[1] = 'R';
  }
  for (char& c : reason) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  bool close = !request_body_.done() || !request_.keep_alive || request_.method.empty() ||
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
  if (killed_) record_.termination[0] = 'K';
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
  if (endpoint_) record_.server = endpoint_->id;
  record_.caller = caller_.empty() ? "unknown" : std::string_view(caller_);
  record_.method = request_.method;
  record_.target = request_.target;
  proxy_.sink().note(record_);
  record_ = {};
}

}  // namespace berth::proxy
