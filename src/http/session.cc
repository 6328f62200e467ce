#include "http/session.h"

#include <algorithm>

#include "base/strings.h"
#include "http/h1_writer.h"
#include "http/redirect.h"
#include "http/retry_budget.h"
#include "http/session_body.h"

namespace berth::http {
namespace {

constexpr std::size_t read_away_bytes_max = 64 << 10;

using Pairs = std::vector<std::pair<std::string, std::string>>;

bool has(const Pairs& headers, std::string_view name) {
  return std::ranges::any_of(headers,
                             [&](auto& each) { return equal_ignoring_case(each.first, name); });
}

/// What a client writes itself: given twice it would be read differently by different servers.
bool is_reserved(std::string_view name) {
  return equal_ignoring_case(name, "host") || equal_ignoring_case(name, "content-length") ||
         equal_ignoring_case(name, "transfer-encoding");
}

Result<void> check_headers(const Pairs& headers) {
  for (auto& [name, value] : headers) {
    if (is_reserved(name)) {
      return Error(Code::invalid, "the header '" + name + "' is set by the client alone");
    }
  }
  return {};
}

SessionOptions with_names(const World& world, SessionOptions options) {
  if (!options.client.resolver) options.client.resolver = world.resolver;
  return options;
}

bool may_be_repeated(const Ask& ask) {
  return is_idempotent(ask.method) && ask.content.repeatable();
}

bool is_passing(const Error& error) {
  switch (error.code()) {
    case Code::refused:
    case Code::reset:
    case Code::closed:
    case Code::io:
    case Code::timed_out:
    case Code::unavailable:
      return true;
    default:
      return false;
  }
}

bool is_passing(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

Request request_of(const Ask& ask, const SessionOptions& options, Body body) {
  Request request;
  request.method = ask.method;
  request.headers = ask.headers;
  for (auto& header : options.headers) {
    if (!has(ask.headers, header.first)) request.headers.push_back(header);
  }
  if (!ask.authorization.empty() && !has(ask.headers, "authorization")) {
    request.headers.emplace_back("authorization", ask.authorization);
  }
  bool own = has(request.headers, "accept-encoding") || has(request.headers, "range");
  if (options.decode && !own) request.headers.emplace_back("accept-encoding", "gzip, zstd");
  if (!ask.content.type().empty() && !has(request.headers, "content-type")) {
    request.headers.emplace_back("content-type", ask.content.type());
  }
  request.body = std::move(body);
  return request;
}

}  // namespace

struct Session::Inside {
  Inside(Clock& clock, Random& random, SessionOptions options)
      : clock(clock), random(random), options(std::move(options)), jar(this->options.cookies) {}

  Clock& clock;
  Random& random;
  const SessionOptions options;
  std::unique_ptr<Client> client;
  Transport transport;
  CookieJar jar;
  RetryBudget budget;
};

/// One request of a session with its redirects and repeats; owned by the frame of `run`.
class Session::Exchange {
 public:
  Exchange(std::shared_ptr<Inside> inside, Ask ask, RequestOptions options)
      : inside_(std::move(inside)), ask_(std::move(ask)), options_(std::move(options)) {
    timeouts_ = options_.timeouts.value_or(inside_->options.timeouts);
    deadline_ = inside_->clock.now() + timeouts_.whole;
  }

  static Deferred<Response> run(std::unique_ptr<Exchange> exchange) {
    co_return co_await exchange->follow();
  }

 private:
  Deferred<Response> follow();
  Deferred<Response> attempts();
  Deferred<Response> attempt();
  Deferred<bool> wait_to_repeat(Result<Response>& answer, int attempt);
  Response finished(Response response);
  bool limited() const { return timeouts_.whole > Duration::zero(); }
  Duration left() const { return deadline_ - inside_->clock.now(); }
  std::string what() const { return ask_.method + " " + ask_.url.text(); }

  std::shared_ptr<Inside> inside_;
  Ask ask_;
  RequestOptions options_;
  Timeouts timeouts_;
  MonotonicTime deadline_;
};

Deferred<Response> Session::Exchange::follow() {
  int redirects_max = options_.redirects_max.value_or(inside_->options.redirects_max);
  std::string came_from;
  for (int redirects = 0;; ++redirects) {
    auto answer = co_await attempts().result();
    if (!answer.ok()) {
      if (redirects == 0) co_return std::move(answer).error();
      co_return std::move(answer).error().during("following a redirect from " + came_from);
    }
    std::string url = ask_.url.text();
    if (redirects_max == 0) co_return finished(std::move(*answer));
    auto goes_on = follow_redirect(ask_, answer->status(), answer->headers().value("location"));
    if (!goes_on.ok()) co_return std::move(goes_on).error();
    if (!*goes_on) co_return finished(std::move(*answer));
    if (redirects == redirects_max) {
      co_return Error(Code::conflict, "GET " + url + ": redirected more than " +
                                          std::to_string(redirects_max) + " times, at last to " +
                                          ask_.url.text());
    }
    came_from = std::move(url);
    Deferred<void> rest = read_away(*answer, read_away_bytes_max);
    std::ignore =
        co_await with_timeout(inside_->clock, timeouts_.connect, std::move(rest)).result();
  }
}

Deferred<Response> Session::Exchange::attempts() {
  int retries_max = options_.retries_max.value_or(inside_->options.retries.retries_max);
  inside_->budget.earn(inside_->options.retries.budget);
  for (int retries = 0;; ++retries) {
    auto answer = co_await attempt().result();
    bool failed = answer.ok() ? is_passing(answer->status()) : is_passing(answer.error());
    if (failed && retries < retries_max && may_be_repeated(ask_)) {
      if (co_await wait_to_repeat(answer, retries)) continue;
    }
    if (answer.ok()) co_return std::move(*answer);
    if (retries == 0) co_return std::move(answer).error();
    co_return std::move(answer).error().during("repeating it, attempt " +
                                               std::to_string(retries + 1));
  }
}

Deferred<bool> Session::Exchange::wait_to_repeat(Result<Response>& answer, int attempt) {
  const Retries& retries = inside_->options.retries;
  Duration wait = retries.wait_first;
  for (int i = 0; i < attempt && wait < retries.wait_most; ++i) wait = wait * 2;
  wait = std::min(wait, retries.wait_most);
  auto share = static_cast<std::uint64_t>(wait.count()) + 1;
  wait = Duration(static_cast<std::int64_t>(inside_->random.below(share)));
  if (answer.ok()) {
    auto after = parse_integer<std::int64_t>(answer->headers().value("retry-after"), 0, 1'000'000);
    if (after.ok()) wait = std::max<Duration>(wait, std::chrono::seconds(*after));
  }
  if (wait > retries.wait_most || (limited() && wait >= left())) co_return false;
  if (!inside_->budget.spend(inside_->clock.now())) co_return false;
  if (answer.ok()) {
    Deferred<void> rest = read_away(*answer, read_away_bytes_max);
    std::ignore =
        co_await with_timeout(inside_->clock, timeouts_.connect, std::move(rest)).result();
    answer = Error(Code::unavailable, "it is asked again");
  }
  co_await inside_->clock.after(wait);
  co_return true;
}

Deferred<Response> Session::Exchange::attempt() {
  Body body;
  if (!ask_.content.empty()) {
    auto opened = co_await ask_.content.open().result();
    if (!opened.ok()) co_return std::move(opened).error().during("sending " + what());
    body = std::move(*opened);
  }
  Request request = request_of(ask_, inside_->options, std::move(body));
  std::string cookies = inside_->jar.field_for(ask_.url, inside_->clock.wall());
  if (!cookies.empty() && !has(request.headers, "cookie")) {
    request.headers.emplace_back("cookie", std::move(cookies));
  }
  SendOptions send;
  send.timeouts = timeouts_;
  if (limited()) send.timeouts.whole = std::max(left(), Duration(1));
  send.connect_to = options_.connect_to;
  send.version = options_.version;
  Response response = co_await inside_->transport(ask_.url, std::move(request), std::move(send));
  inside_->jar.receive(ask_.url, response.headers(), inside_->clock.wall());
  co_return std::move(response);
}

Response Session::Exchange::finished(Response response) {
  response.set_url(ask_.url.text());
  if (response.status() == 101) return response;
  std::unique_ptr<ContentDecoder> decoder;
  ResponseHead& head = response.head();
  if (inside_->options.decode && !has(ask_.headers, "accept-encoding") && ask_.method != "HEAD") {
    decoder =
        ContentDecoder::make(head.headers.value("content-encoding"), inside_->options.expansion);
  }
  if (decoder) {
    head.headers.remove("content-encoding");
    head.headers.remove("content-length");
  }
  if (!decoder && !limited()) return response;
  response.set_body(std::make_unique<detail::SessionBody>(response.take_body(), std::move(decoder),
                                                          inside_->clock, deadline_,
                                                          timeouts_.whole, what()));
  return response;
}

Session::Session(World& world, SessionOptions options)
    : Session(world.clock, world.network, world.random, with_names(world, std::move(options))) {}

Session::Session(Clock& clock, Network& network, Random& random, SessionOptions options)
    : inside_(std::make_shared<Inside>(clock, random, std::move(options))) {
  inside_->client = std::make_unique<Client>(clock, network, inside_->options.client);
  inside_->transport = [client = inside_->client.get()](Url url, Request request,
                                                        SendOptions send) {
    return client->send(url, std::move(request), std::move(send));
  };
}

Session::Session(Clock& clock, Random& random, Transport transport, SessionOptions options)
    : inside_(std::make_shared<Inside>(clock, random, std::move(options))) {
  inside_->transport = std::move(transport);
}

Session::~Session() = default;

CookieJar& Session::cookies() { return inside_->jar; }
Client* Session::client() { return inside_->client.get(); }

Deferred<Response> Session::request(std::string method, std::string_view url,
                                    RequestOptions options) {
  auto parsed = parse_url(url);
  if (!parsed.ok()) return failed<Response>(std::move(parsed).error());
  for (const Pairs* headers : {&std::as_const(options.headers), &inside_->options.headers}) {
    auto good = check_headers(*headers);
    if (!good.ok()) return failed<Response>(std::move(good).error());
  }
  Ask ask;
  ask.method = std::move(method);
  ask.url = std::move(*parsed);
  ask.url.target = add_query(std::move(ask.url.target), options.query);
  ask.headers = std::move(options.headers);
  ask.content = std::move(options.content);
  ask.authorization = std::move(options.authorization);
  return Exchange::run(std::make_unique<Exchange>(inside_, std::move(ask), std::move(options)));
}

Deferred<Response> Session::get(std::string_view url, RequestOptions options) {
  return request("GET", url, std::move(options));
}
Deferred<Response> Session::head(std::string_view url, RequestOptions options) {
  return request("HEAD", url, std::move(options));
}
Deferred<Response> Session::post(std::string_view url, RequestOptions options) {
  return request("POST", url, std::move(options));
}
Deferred<Response> Session::put(std::string_view url, RequestOptions options) {
  return request("PUT", url, std::move(options));
}
Deferred<Response> Session::patch(std::string_view url, RequestOptions options) {
  return request("PATCH", url, std::move(options));
}
Deferred<Response> Session::del(std::string_view url, RequestOptions options) {
  return request("DELETE", url, std::move(options));
}

}  // namespace berth::http
