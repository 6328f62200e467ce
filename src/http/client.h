#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/clock.h"
#include "async/network.h"
#include "http/body.h"
#include "http/h1_reader.h"
#include "http/message.h"

namespace berth::http {

struct Request {
  std::string method = "GET";
  std::string target = "/";
  std::string host;  // empty: the address
  std::vector<std::pair<std::string, std::string>> headers;
  Body body;
};

namespace detail {
class ClientPool;
struct ClientConnection;
}  // namespace detail

/// The answer to a request. Its body is read part by part or as a whole; when it was read to its
/// end the connection goes back to the client's pool, otherwise it is closed with this object.
class Response {
 public:
  Response(std::unique_ptr<detail::ClientConnection> connection, ResponseHead head);
  Response(Response&&) noexcept;
  Response& operator=(Response&&) noexcept;
  ~Response();

  int status() const { return head_.status; }
  bool good() const { return head_.status >= 200 && head_.status < 300; }
  const Headers& headers() const { return head_.headers; }
  /// The next part of the content; empty at the end.
  Deferred<Bytes> read();
  /// All of it; overloaded beyond `bytes_max`.
  Deferred<std::string> text(std::size_t bytes_max = 16 << 20);
  /// After status 101: the connection, and what the peer had already sent on it.
  std::pair<std::unique_ptr<ByteStream>, Bytes> take_stream();

 private:
  std::unique_ptr<detail::ClientConnection> connection_;
  ResponseHead head_;
};

struct ClientOptions {
  Duration connect_timeout = 5s;
  Duration idle_timeout = 30s;
  std::size_t idle_per_address_max = 16;
};

/// Sends HTTP/1.1 requests and keeps idle connections for the next. One reactor; responses may
/// outlive it. A request that failed on a kept connection before any byte of its answer came is
/// sent again on a new one, if its method may be repeated and its body is at hand. Errors name the
/// address and how far the request came.
class Client {
 public:
  Client(Clock& clock, Network& network, ClientOptions options = {});
  ~Client();

  /// Resolves when the answer's head is there. `timeout` is for that; reading the body is the
  /// caller's to bound.
  Deferred<Response> send(Address address, Request request, Duration timeout = 30s);
  Deferred<Response> get(Address address, std::string target, Duration timeout = 30s);
  /// By URL as parse_url reads it (http/url.h). Redirects are not followed.
  Deferred<Response> get(std::string_view url, Duration timeout = 30s);
  Deferred<Response> post(Address address, std::string target, std::string content_type,
                          std::string body, Duration timeout = 30s);

 private:
  std::shared_ptr<detail::ClientPool> pool_;
};

}  // namespace berth::http
