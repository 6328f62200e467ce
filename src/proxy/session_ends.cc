#include <tuple>

#include "async/clock.h"
#include "base/strings.h"
#include "http/h1_writer.h"
#include "proxy/gateway/hop_fields.h"
#include "proxy/proxy.h"
#include "proxy/session.h"

// What of a session is about ends that are not the usual one, which code its record then has
// (docs/termination.md), and about what of an answer a client may not get.

namespace berth::proxy {

using gateway::hop_by_hop;

/// What is no head: answered, and the connection ends. One that broke between requests is nothing
/// to tell of.
Deferred<void> Session::refuse_head(const Error& error) {
  bool bad = error.is(Code::invalid) || error.is(Code::overloaded);
  if (killed_ || error.is(Code::cancelled) || (!bad && pending_.empty())) co_return;
  std::string reason(bad ? error.message() : "the connection ended within a head");
  int status = error.is(Code::overloaded) ? 431 : 400;
  record_ = {};
  request_ = {};
  if (error.is(Code::timed_out)) {
    status = 408;
    reason = "the head did not come within its time";
  }
  auto& clock = proxy_.world().clock;
  record_.accepted = clock.wall().nanoseconds - (clock.exact_now() - begun_).count();
  record_.bytes_in = pending_.size();
  in_request_ = true;
  pool_ = vip_pool_;
  if (visit_) visit_->forget();
  if (!bad) ended(status == 408 ? 'c' : 'C', 'R');
  std::ignore = co_await refuse(status, std::move(reason)).result();
  note_record();
}

/// The client's own doing: nothing is said against the instance.
Deferred<Session::Outcome> Session::refuse_fault() {
  uploading_.reset();
  upstream_.reset();
  switch (fault_) {
    case Fault::silent:
      ended('c', 'D');
      return refuse(408, "the rest of the content did not come within its time");
    case Fault::too_long:
      return refuse(413, "the body is longer than this route takes");
    case Fault::broken:
      return refuse(400, "the content's chunks are none");
    default:
      ended('C', passed_bytes_ ? 'H' : 'D');
      return refuse(400, "the connection ended within the content");
  }
}

/// The answer's chunks are none.
Deferred<Session::Outcome> Session::break_off(Error error) {
  if (!answering_) co_return co_await refuse_failed(std::move(error));
  ended('P', 'D');
  client_->abort();
  co_return Outcome::close;
}

/// False if all of the request's content is at hand, and is then left out: the connection can go
/// on.
bool Session::awaits_content() {
  if (request_body_.done()) return false;
  if (fault_ != Fault::none || pending_.empty() || request_.expects_continue()) return true;
  auto size = request_body_.scan(pending_.view(), [](std::size_t, std::size_t) {});
  if (!size.ok()) return true;
  record_.bytes_in += *size;
  pending_.use_up(*size);
  return !request_body_.done();
}

/// Who ended it and where, unless that is known already.
void Session::ended(char who, char where) {
  if (record_.termination[0] != '-') return;
  record_.termination[0] = who;
  record_.termination[1] = where;
}

/// HAProxy's letter for how far it has come.
char Session::phase() const {
  if (answering_) return 'D';
  if (record_.connecting >= 0) return 'H';
  if (endpoint_) return 'C';
  return pool_ ? 'Q' : 'R';
}

/// 100 Continue and its like are for the client (RFC 9110 section 15.2), if it knows of them.
Deferred<void> Session::pass_interim() {
  passed_bytes_ = true;
  std::string head = "HTTP/1.1 " + std::to_string(answer_.status) + " ";
  head.append(answer_.reason).append("\r\n");
  for (auto& header : answer_.headers) {
    if (!leaves_out(header)) http::append_header(head, header.name, header.value);
  }
  head += "\r\n";
  record_.bytes_out += head.size();
  auto written = co_await client_->write(Bytes::copy(head)).result();
  if (!written.ok() && fault_ == Fault::none) fault_ = Fault::gone;
  co_await or_return(std::move(written));
}

/// Fields of an answer that are for this hop only, or that its status or the client's version must
/// not have (RFC 9112 section 6.1, RFC 9110 section 8.6).
bool Session::leaves_out(const http::Header& field) const {
  if (hop_by_hop(field, answer_.headers)) return true;
  bool bare = answer_.status < 200 || answer_.status == 204;
  if (bare && equal_ignoring_case(field.name, "content-length")) return true;
  return (bare || request_.minor == 0) && equal_ignoring_case(field.name, "transfer-encoding");
}

/// A client of HTTP/1.0 cannot read chunks: it gets their content, and the connection's end.
bool Session::unchunks() const {
  return request_.minor == 0 && answer_.framing.kind == http::Framing::Kind::chunked;
}

}  // namespace berth::proxy
