#include <algorithm>

#include "async/clock.h"
#include "base/hash.h"
#include "http/h1_writer.h"
#include "http/pooled_bytes.h"
#include "proxy/gateway/hop_fields.h"
#include "proxy/proxy.h"
#include "proxy/session.h"

// What of a session is about Idempotency-Key: the first answer is kept and given to repeats
// (draft-ietf-httpapi-idempotency-key-header-07).

namespace berth::proxy {

using gateway::hop_by_hop;

namespace {

constexpr std::size_t key_bytes_max = 255;
constexpr std::size_t read_bytes = 65536;

/// Gives the key up unless the answer was kept.
struct HeldKey {
  HeldKey(KeptAnswers& answers, std::uint64_t key) : answers(answers), key(key) {}
  HeldKey(const HeldKey&) = delete;
  ~HeldKey() { answers.give_up(key); }
  KeptAnswers& answers;
  std::uint64_t key;
};

}  // namespace

bool Session::has_key() const {
  return pool_->policy().idempotency_for > Duration(0) && !http::is_idempotent(request_.method) &&
         request_.headers.find("idempotency-key") != nullptr;
}

/// Who asks and what for: the same key of another caller or user is another one.
std::uint64_t Session::key_hash() const {
  std::uint64_t key = hash64(pool_->name());
  key = hash64(caller_, key);
  key = hash64(request_.headers.value("authorization"), key);
  return hash64(request_.headers.value("idempotency-key"), key);
}

/// Reads the whole content into pending_ without taking it. The hash of method, target and content;
/// nothing if it is larger than what is kept, or broken.
Deferred<std::optional<std::uint64_t>> Session::fingerprint() {
  auto& clock = proxy_.world().clock;
  std::string content(request_.method);
  content.append(" ").append(request_.target).append("\n");
  if (request_.expects_continue() && request_.minor >= 1 && pending_.empty()) {
    Bytes go_on = Bytes::literal("HTTP/1.1 100 Continue\r\n\r\n");
    co_await client_->write(std::move(go_on));
  }
  http::BodyScanner look = request_body_;
  std::size_t looked = 0;
  for (;;) {
    std::string_view rest = pending_.view().substr(looked);
    auto size = look.scan(
        rest, [&](std::size_t at, std::size_t count) { content.append(rest.substr(at, count)); });
    if (!size.ok()) co_return std::optional<std::uint64_t>();
    looked += *size;
    if (look.done()) co_return std::optional<std::uint64_t>(hash64(content));
    if (looked > kept_bytes_max) co_return std::optional<std::uint64_t>();
    Duration left = std::max<Duration>(deadline_ - clock.now(), 1ns);
    Bytes more = co_await with_timeout(clock, left, client_->read(read_bytes));
    if (more.empty()) co_await or_return(Result<void>(Error(Code::closed, "the client is gone")));
    pending_ = joined(pending_, more);
  }
}

Deferred<Session::Outcome> Session::tries_with_key() {
  auto& clock = proxy_.world().clock;
  auto& answers = proxy_.answers();
  if (request_.headers.value("idempotency-key").size() > key_bytes_max)
    co_return co_await refuse(400, "an Idempotency-Key has 255 characters at most");
  co_await answers.opened();
  auto read = co_await fingerprint().result();
  if (!read.ok()) {
    bool late = read.error().is(Code::timed_out) || timed_out_;
    ended(late ? 'c' : 'C', 'R');
    fault_ = late ? Fault::silent : Fault::gone;
    co_return co_await refuse(late ? 408 : 400, "the content did not come to its end");
  }
  auto print = *read;
  if (!print)
    co_return co_await refuse(413, "a request with an Idempotency-Key may have 64 KiB of content");
  std::uint64_t key = key_hash();
  for (bool fresh = false; !fresh;) {
    const KeptAnswer* kept = nullptr;
    switch (answers.begin(key, *print, kept)) {
      case KeptAnswers::Found::fresh:
        fresh = true;
        break;
      case KeptAnswers::Found::kept:
        co_return co_await replay(*kept);
      case KeptAnswers::Found::other:
        co_return co_await refuse(422, "this Idempotency-Key was used for another request");
      case KeptAnswers::Found::under_way: {
        Duration left = deadline_ - clock.now();
        if (left <= Duration(0))
          co_return co_await refuse(409, "a request with this Idempotency-Key is under way");
        std::ignore = co_await with_timeout(clock, left, answers.wait(key)).result();
      }
    }
  }
  HeldKey held(answers, key);
  keeps_ = KeptAnswer{key, *print, 0, "", ""};
  auto outcome = co_await tries().result();
  if (outcome.ok() && *outcome == Outcome::pass) outcome = co_await pass_answer().result();
  keeps_.reset();
  co_return std::move(outcome);
}

/// Reads the whole answer, if it is small enough, and keeps it before any of it is passed on. An
/// answer of 5xx is no outcome: a repeat tries again.
Deferred<void> Session::keep_answer() {
  if (!keeps_ || answer_.status >= 500 || answer_.status == 101 ||
      answer_.framing.kind == http::Framing::Kind::until_close) {
    co_return;
  }
  http::BodyScanner look = answer_body_;
  std::size_t looked = 0;
  for (;;) {
    auto size = look.scan(upstream_pending_.view().substr(looked), [](std::size_t, std::size_t) {});
    if (!size.ok()) co_return;  // passing it on will tell
    looked += *size;
    if (look.done()) break;
    if (looked > kept_bytes_max) co_return;
    auto more = co_await upstream_->read(read_bytes).result();
    if (!more.ok() || more->empty()) co_return;
    upstream_pending_ = joined(upstream_pending_, *more);
  }
  KeptAnswer kept = std::move(*keeps_);
  keeps_.reset();
  kept.head =
      "HTTP/1.1 " + std::to_string(answer_.status) + " " + std::string(answer_.reason) + "\r\n";
  for (auto& header : answer_.headers) {
    if (!hop_by_hop(header, answer_.headers))
      http::append_header(kept.head, header.name, header.value);
  }
  kept.head += "\r\n";
  kept.body = upstream_pending_.view().substr(0, looked);
  kept.expires = (proxy_.world().clock.wall() + pool_->policy().idempotency_for).nanoseconds;
  co_await proxy_.answers().keep(std::move(kept));
}

/// The first answer again, marked as such.
Deferred<Session::Outcome> Session::replay(const KeptAnswer& kept) {
  Bytes head = Bytes::copy(kept.head);
  Bytes body = Bytes::copy(kept.body);
  answer_ = co_await or_return(http::parse_response(std::move(head), request_.method, {}));
  answer_.headers.add_view("Idempotent-Replayed", "true");
  std::size_t size =
      co_await or_return(request_body_.scan(pending_.view(), [](std::size_t, std::size_t) {}));
  pending_.use_up(size);
  record_.bytes_in += size;
  record_.status = static_cast<std::uint16_t>(answer_.status);
  record_.termination[0] = 'L';
  record_.termination[1] = 'R';
  build_answer_head();
  BytesList pieces(http::pooled_copy(out_));
  if (unchunks()) {
    http::BodyScanner chunks(answer_.framing);
    co_await or_return(chunks.scan(body.view(), [&](std::size_t at, std::size_t count) {
      pieces.add(body.slice(at, count));
    }));
  } else {
    pieces.add(std::move(body));
  }
  record_.bytes_out += pieces.size();
  co_await client_->write(std::move(pieces));
  co_return closes_ || proxy_.stopping() ? Outcome::close : Outcome::next;
}

}  // namespace berth::proxy
