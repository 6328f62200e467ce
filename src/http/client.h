#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/clock.h"
#include "async/network.h"
#include "async/resolver.h"
#include "http/body.h"
#include "http/h2_limits.h"
#include "http/response.h"
#include "http/url.h"

namespace berth::http {

struct Request {
  std::string method = "GET";
  std::string target = "/";
  std::string host;  // empty: the address
  std::vector<std::pair<std::string, std::string>> headers;
  Body body;
  /// What the connection is to become, "websocket": by HTTP/1.1 an Upgrade (RFC 9110 section 7.8),
  /// by HTTP/2 an extended CONNECT of one stream (RFC 8441), whatever the method says.
  std::string upgrade = {};
};

/// How long a request may take; zero: as long as it likes.
struct Timeouts {
  Duration connect = 5s;      // waiting for room in the pool, name, connection, tunnel, TLS
  Duration first_byte = 30s;  // from the request's last byte to the end of the answer's head
  Duration whole = 0s;        // all of it, to the end of the answer's head
};

/// An HTTP proxy (RFC 9110 section 7.6, 9.3.6): http goes to it with an absolute target, https
/// through a tunnel that it opens.
struct Proxy {
  Url url;                           // of it; its path is of no account
  std::string authorization;         // its Proxy-Authorization: basic("me", "secret")
  std::vector<std::string> without;  // hosts, with what is below them, that are reached directly
};

/// By which version of HTTP a request goes.
enum class Version : std::uint8_t {
  negotiated,  // https: HTTP/2 where the server agrees to it by ALPN, else 1.1; http: 1.1
  http_1_1,
  http_2,  // http: by prior knowledge (RFC 9113 section 3.3); https: this or not at all
};

/// TLS, given by whoever has it: takes a connection to `host` and the protocols to offer by ALPN,
/// answers with the one that encrypts, whose protocol() is what was agreed upon.
using Secure = std::function<Deferred<std::unique_ptr<ByteStream>>(
    std::unique_ptr<ByteStream> stream, std::string host, std::vector<std::string> protocols)>;

struct ClientOptions {
  Duration connect_timeout = 5s;  // of requests to an address
  Duration idle_timeout = 30s;    // a connection that is not used for so long is closed
  std::size_t idle_per_address_max = 16;
  std::size_t connections_per_address_max = 1024;  // at once; the next request waits
  std::size_t connections_max = 4096;              // in all; idle ones make room
  std::size_t waiting_max = 4096;                  // requests that wait for one; then overloaded
  Resolver* resolver = nullptr;                    // without it: IP addresses and localhost
  Secure secure;                                   // without it https is unsupported
  std::optional<Proxy> proxy;
  Version version = Version::negotiated;  // of requests that do not say it
  HeadLimits head;                        // of answers
  H2ClientLimits h2;
};

struct SendOptions {
  Timeouts timeouts;
  /// Where to connect to, whatever the URL's host is, past any proxy: a Unix socket, a test's
  /// server. Family none: where the URL says.
  Address connect_to;
  std::optional<Version> version;  // nothing: as the client's options say
};

namespace detail {
class ClientPool;
}  // namespace detail

/// Sends requests, one by one as they are (http/session.h has redirects, cookies and the like), by
/// HTTP/1.1 or HTTP/2, and keeps idle connections for the next. All requests to one origin share
/// one connection of HTTP/2; what it has no room for waits. One reactor; responses may outlive it.
/// A request that failed on a kept connection before any byte of its answer came is sent again on a
/// new one, if its method may be repeated and its body is at hand; one that a server of HTTP/2 has
/// told not to have begun (RFC 9113 section 8.7) whatever its method is, up to three times. A body
/// with a source, or of more than 64 KiB, is sent while the answer is waited for and read. Errors
/// say what was asked and how far it came.
class Client {
 public:
  Client(Clock& clock, Network& network, ClientOptions options = {});
  ~Client();

  /// Resolves when the answer's head is there. `timeout` is for that; reading the body is the
  /// caller's to bound.
  Deferred<Response> send(Address address, Request request, Duration timeout = 30s);
  /// To the host of `url`, by its scheme, through the proxy if there is one. The request's target
  /// and host are set from the URL. unsupported: https without ClientOptions::secure, a name
  /// without a resolver.
  Deferred<Response> send(const Url& url, Request request, SendOptions options = {});
  Deferred<Response> get(Address address, std::string target, Duration timeout = 30s);
  /// By URL as parse_url reads it (http/url.h). Redirects are not followed.
  Deferred<Response> get(std::string_view url, Duration timeout = 30s);
  Deferred<Response> post(Address address, std::string target, std::string content_type,
                          std::string body, Duration timeout = 30s);

  /// Connections that carry a request or its answer, and those that wait for the next.
  std::size_t busy() const;
  std::size_t idle() const;

 private:
  std::shared_ptr<detail::ClientPool> pool_;
};

}  // namespace berth::http
