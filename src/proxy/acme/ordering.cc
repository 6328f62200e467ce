#include "proxy/acme/ordering.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "proxy/acme/certificate.h"

namespace berth::proxy::acme {
namespace {

constexpr std::string_view chain_type = "application/pem-certificate-chain";

/// A challenge that is answered as long as this lives.
class Answered {
 public:
  Answered(Challenges& challenges, std::string token, std::string authorization)
      : challenges_(challenges), token_(std::move(token)) {
    challenges_.put(token_, std::move(authorization));
  }
  Answered(const Answered&) = delete;
  ~Answered() { challenges_.remove(token_); }

 private:
  Challenges& challenges_;
  std::string token_;
};

/// One order. Lives in the frame of order_certificate.
class Ordering {
 public:
  Ordering(Clock& clock, Conversation& conversation, Challenges& challenges)
      : clock_(clock), conversation_(conversation), challenges_(challenges) {}

  Deferred<std::string> run(std::vector<std::string> names);

 private:
  Deferred<void> authorize(std::string url);
  Deferred<void> validate(std::string url, Authorization authorization);
  Deferred<Order> order_that_is(Status status, Conversation::Answer answer);
  Duration pause(const Conversation::Answer& answer) const;

  Clock& clock_;
  Conversation& conversation_;
  Challenges& challenges_;
  std::string url_;  // of the order
};

Duration Ordering::pause(const Conversation::Answer& answer) const {
  return std::clamp<Duration>(answer.retry_after.value_or(poll_first), poll_first, poll_most);
}

Error not_validated(const Authorization& authorization) {
  std::string text = authorization.name + " was not validated";
  if (authorization.problem) text += ": " + authorization.problem->text();
  return Error(Code::denied, std::move(text));
}

/// Section 7.5.1.
Deferred<void> Ordering::validate(std::string url, Authorization authorization) {
  Answered answered(challenges_, authorization.token,
                    conversation_.key().authorize(authorization.token));
  auto telling = conversation_.post(authorization.challenge_url, "{}");
  auto answer = co_await std::move(telling);
  for (;;) {
    co_await clock_.after(pause(answer));
    auto asking = conversation_.post(url, "");
    answer = co_await std::move(asking);
    auto now = co_await or_return(read_authorization(answer.content));
    if (now.status == Status::valid) co_return;
    bool failed = now.status != Status::pending || now.challenge == Status::invalid;
    if (failed) co_await fail_with(not_validated(now));
  }
}

Deferred<void> Ordering::authorize(std::string url) {
  auto asking = conversation_.post(url, "");
  auto answer = co_await std::move(asking);
  auto authorization = co_await or_return(read_authorization(answer.content));
  if (authorization.status == Status::valid) co_return;  // of an order before
  if (authorization.status != Status::pending) co_await fail_with(not_validated(authorization));
  if (authorization.challenge_url.empty()) {
    co_await fail_with(Error(Code::unsupported, "the directory does not validate " +
                                                    authorization.name + " by http-01"));
  }
  auto validating = validate(std::move(url), std::move(authorization));
  co_await std::move(validating);
}

/// Reads it until it is (or is further than) `status`.
Deferred<Order> Ordering::order_that_is(Status status, Conversation::Answer answer) {
  for (;;) {
    auto order = co_await or_return(read_order(answer.content));
    if (order.status == status || order.status == Status::valid) co_return std::move(order);
    if (order.status == Status::invalid || order.status == Status::over) {
      std::string why = order.problem ? ": " + order.problem->text() : "";
      co_return Error(Code::denied, "the directory gave the order up" + why);
    }
    co_await clock_.after(pause(answer));
    auto asking = conversation_.post(url_, "");
    answer = co_await std::move(asking);
  }
}

Deferred<std::string> Ordering::run(std::vector<std::string> names) {
  Json identifiers = Json::array();
  for (auto& name : names) {
    Json one = Json::object();
    one.add_member("type", "dns");
    one.add_member("value", name);
    identifiers.add(std::move(one));
  }
  Json wanted = Json::object();
  wanted.add_member("identifiers", std::move(identifiers));
  auto ordering = conversation_.post(conversation_.directory().new_order, wanted.text());
  auto answer = co_await std::move(ordering);
  url_ = answer.location;
  auto order = co_await or_return(read_order(answer.content));
  for (auto& url : order.authorizations) {
    auto authorizing = authorize(url);
    co_await std::move(authorizing);
  }
  auto reading = conversation_.post(url_, "");
  answer = co_await std::move(reading);
  auto becoming = order_that_is(Status::ready, std::move(answer));
  order = co_await std::move(becoming);
  auto request = SigningRequest::make(names);
  Json csr = Json::object();
  csr.add_member("csr", base64url_encode(request.der));
  auto finalizing = conversation_.post(order.finalize, csr.text());
  answer = co_await std::move(finalizing);
  auto issuing = order_that_is(Status::valid, std::move(answer));
  order = co_await std::move(issuing);
  auto downloading = conversation_.post(order.certificate, "", std::string(chain_type));
  answer = co_await std::move(downloading);
  co_return request.key + answer.content;
}

}  // namespace

Deferred<std::string> order_certificate(Clock& clock, Conversation& conversation,
                                        Challenges& challenges, std::vector<std::string> names) {
  auto made = std::make_unique<Ordering>(clock, conversation, challenges);
  auto running = with_timeout(clock, order_timeout, made->run(std::move(names)));
  auto text = co_await std::move(running).result();
  if (!text.ok() && text.error().is(Code::timed_out)) {
    co_return Error(Code::timed_out, "the order was not done within ten minutes");
  }
  co_return std::move(text);
}

}  // namespace berth::proxy::acme
