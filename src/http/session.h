#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/random.h"
#include "async/world.h"
#include "http/authorization.h"
#include "http/client.h"
#include "http/content.h"
#include "http/content_decoder.h"
#include "http/cookie_jar.h"

namespace berth::http {

/// When a request is sent again: if its method is idempotent (RFC 9110 section 9.2.2), its content
/// repeatable, and it found no connection, got no answer, or got 429, 502, 503 or 504. The waits
/// double from `wait_first` to `wait_most`, each shortened at random ("full jitter"); a Retry-After
/// in seconds lengthens one, and beyond `wait_most` ends the repeating.
struct Retries {
  int retries_max = 2;  // per request, beyond the first attempt
  Duration wait_first = 100ms;
  Duration wait_most = 5s;
  double budget = 0.2;  // of all requests of the session, beyond a few a second
};

struct SessionOptions {
  /// `whole` counts redirects, repeats and the reading of the content.
  Timeouts timeouts{5s, 30s, 5min};
  int redirects_max = 10;
  Retries retries;
  bool decode = true;  // ask for gzip and zstd, and decode them
  ExpansionLimit expansion;
  CookieLimits cookies;
  std::vector<std::pair<std::string, std::string>> headers = {{"user-agent", "Berth"}};
  ClientOptions client;  // resolver, TLS, proxy, pool; its connect_timeout is not used
};

/// What one request has beyond its method and URL. Empty: as the session has it.
struct RequestOptions {
  std::vector<std::pair<std::string, std::string>> query;  // added to the URL's, encoded
  std::vector<std::pair<std::string, std::string>>
      headers;  // instead of the session's of that name
  Content content;
  std::string authorization;  // basic("me", "secret"), bearer("token")
  std::optional<Timeouts> timeouts;
  std::optional<int> redirects_max;  // 0: a redirect is an answer as any other
  std::optional<int> retries_max;
  Address connect_to;  // a Unix socket, say, whatever the URL's host is
  std::optional<Version> version;
};

/// Sends one request as it is; a Client does, or a test (http/stub.h).
using Transport = std::function<Deferred<Response>(Url, Request, SendOptions)>;

/// An HTTP client for people, after treq: cookies, redirects, repeats, content codings, time limits
/// over all of it. The answer comes whatever its status is; its content is read from the Response,
/// which may outlive the session. One reactor. Errors say what was asked and how far it came; codes
/// are those of Client::send, and invalid (a URL or header), timed_out (also while reading),
/// conflict (redirects), overloaded (content that expands beyond the limit).
///
///     http::Session session(world);
///     auto users = co_await session.get("http://users/", {.query = {{"name", "ada"}}});
///     Json first = co_await users.json();
///     co_await session.post("http://users/", {.content = http::Content::json(first)});
class Session {
 public:
  /// Names are resolved by the world's resolver, unless the options have one.
  explicit Session(World& world, SessionOptions options = {});
  Session(Clock& clock, Network& network, Random& random, SessionOptions options = {});
  /// Without sockets: `transport` answers.
  Session(Clock& clock, Random& random, Transport transport, SessionOptions options = {});
  ~Session();

  Deferred<Response> request(std::string method, std::string_view url, RequestOptions options = {});
  Deferred<Response> get(std::string_view url, RequestOptions options = {});
  Deferred<Response> head(std::string_view url, RequestOptions options = {});
  Deferred<Response> post(std::string_view url, RequestOptions options = {});
  Deferred<Response> put(std::string_view url, RequestOptions options = {});
  Deferred<Response> patch(std::string_view url, RequestOptions options = {});
  Deferred<Response> del(std::string_view url, RequestOptions options = {});

  CookieJar& cookies();
  /// The client below; null over a transport of one's own.
  Client* client();

 private:
  struct Inside;
  class Exchange;
  std::shared_ptr<Inside> inside_;
};

}  // namespace berth::http
