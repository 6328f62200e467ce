#include "proxy/acme/conversation.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/json.h"
#include "base/strings.h"
#include "http/cookie.h"
#include "http/url.h"

namespace berth::proxy::acme {
namespace {

constexpr std::size_t nonce_bytes_max = 1024;
constexpr Duration wait_most = 7 * 24h;  // that a directory may ask for

/// RFC 8555 section 6.7.
Code code_of(std::string_view type, int status) {
  if (type == "rateLimited" || status == 429) return Code::overloaded;
  if (type == "unauthorized" || type == "rejectedIdentifier" || type == "userActionRequired" ||
      type == "caa" || type == "externalAccountRequired") {
    return Code::denied;
  }
  return status >= 500 ? Code::unavailable : Code::invalid;
}

Error error_of(const std::string& url, const Problem& problem, int status) {
  std::string text = url + " answered " + std::to_string(status);
  if (auto detail = problem.text(); !detail.empty()) text += ": " + detail;
  return Error(code_of(problem.type, status), std::move(text));
}

}  // namespace

Conversation::Conversation(Clock& clock, http::Transport ask, const AccountKey& key,
                           std::string directory)
    : clock_(clock), ask_(std::move(ask)), key_(key), at_(std::move(directory)) {}

/// What a directory that is reached by TLS names is reached by TLS as well.
Result<http::Url> Conversation::allowed(const std::string& url) const {
  auto parsed = http::parse_url(url);
  if (!parsed.ok()) return std::move(parsed).error().during("reading an answer of " + at_);
  if (!parsed->secure && at_.starts_with("https:")) {
    return Error(Code::invalid, at_ + " leads to " + url + ", which is not encrypted");
  }
  return parsed;
}

/// Seconds or a date (RFC 9110 section 10.2.3).
std::optional<Duration> Conversation::wait_of(std::string_view field) const {
  if (field.empty()) return std::nullopt;
  Duration wait{};
  if (auto whole = parse_integer<std::int64_t>(field, 0, 1'000'000'000); whole.ok()) {
    wait = std::chrono::seconds(*whole);
  } else if (auto date = http::parse_cookie_date(field)) {
    wait = *date - clock_.wall();
  } else {
    return std::nullopt;
  }
  return std::clamp<Duration>(wait, 0s, wait_most);
}

/// One exchange; its nonce is kept.
Deferred<Conversation::Answer> Conversation::send(std::string method, std::string url,
                                                  std::string content, std::string accept) {
  auto where = co_await or_return(allowed(url));
  http::Request request;
  request.method = std::move(method);
  request.headers.emplace_back("User-Agent", "Berth");
  if (!accept.empty()) request.headers.emplace_back("Accept", std::move(accept));
  if (!content.empty()) {
    request.headers.emplace_back("Content-Type", "application/jose+json");
    request.body = http::Body(std::move(content));
  }
  http::SendOptions options;
  options.timeouts.whole = answer_timeout;
  auto asking = ask_(std::move(where), std::move(request), options);
  auto response = co_await std::move(asking);
  Answer answer;
  answer.status = response.status();
  answer.location = std::string(response.headers().value("location"));
  answer.retry_after = wait_of(response.headers().value("retry-after"));
  std::string_view fresh = response.headers().value("replay-nonce");
  if (!fresh.empty() && fresh.size() <= nonce_bytes_max) nonce_ = std::string(fresh);
  auto reading = with_timeout(clock_, answer_timeout, response.text(answer_bytes_max));
  answer.content = co_await std::move(reading);
  co_return std::move(answer);
}

/// Section 7.2.
Deferred<std::string> Conversation::nonce() {
  if (nonce_.empty()) {
    auto asking = send("HEAD", directory_.new_nonce, "", "");
    std::ignore = co_await std::move(asking);
  }
  if (nonce_.empty()) {
    co_return Error(Code::invalid, directory_.new_nonce + " gives no Replay-Nonce");
  }
  co_return std::exchange(nonce_, "");
}

Deferred<Conversation::Answer> Conversation::post(std::string url, std::string payload,
                                                  std::string accept) {
  for (int attempt = 1;; ++attempt) {
    std::string fresh = co_await nonce();
    std::string content = key_.sign(url, fresh, account_, payload);
    auto sending = send("POST", url, std::move(content), accept);
    Answer answer = co_await std::move(sending);
    if (answer.status >= 200 && answer.status < 300) co_return std::move(answer);
    Problem problem = read_problem(answer.content);
    if (problem.type == "badNonce" && attempt < attempts_max) continue;
    told_to_wait_ = answer.retry_after;
    co_return error_of(url, problem, answer.status);
  }
}

Deferred<void> Conversation::begin(std::vector<std::string> contacts) {
  auto asking = send("GET", at_, "", "");
  Answer answer = co_await std::move(asking);
  if (answer.status != 200) {
    told_to_wait_ = answer.retry_after;
    co_await fail_with(error_of(at_, read_problem(answer.content), answer.status));
  }
  directory_ = co_await or_return(read_directory(answer.content));
  if (directory_.external_account_needed) {
    co_await fail_with(
        Error(Code::unsupported, at_ + " wants accounts to be bound to one that is there already "
                                       "(externalAccountRequired), which Berth does not do yet"));
  }
  Json account = Json::object();
  account.add_member("termsOfServiceAgreed", true);
  if (!contacts.empty()) account.add_member("contact", Json::array_of(std::move(contacts)));
  auto making = post(directory_.new_account, account.text());
  Answer made = co_await std::move(making);
  if (made.location.empty()) {
    co_await fail_with(Error(Code::invalid, directory_.new_account + " tells no account"));
  }
  account_ = std::move(made.location);
}

}  // namespace berth::proxy::acme
