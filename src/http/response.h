#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/deferred.h"
#include "async/network.h"
#include "base/json.h"
#include "http/message.h"

namespace berth::http {

/// Where the content of an answer comes from: a connection, something that decodes another one's
/// content, a test.
class ResponseBody {
 public:
  virtual ~ResponseBody() = default;
  /// The next part; empty at the end. One at a time.
  virtual Deferred<Bytes> read() = 0;
  /// What read() would answer, where it can be told without a wait; else nothing.
  virtual std::optional<Result<Bytes>> at_hand() { return std::nullopt; }
  /// What the connection has become, and what was read of it already; null: nothing else.
  virtual std::pair<std::unique_ptr<ByteStream>, Bytes> take_stream(
      [[maybe_unused]] std::unique_ptr<ResponseBody> self) {
    return {};
  }
  /// After the end: the fields that follow the content (RFC 9110 section 6.5), in HTTP/2; once.
  virtual std::vector<std::pair<std::string, std::string>> trailers() { return {}; }
  /// The Response goes: what may be used again goes back to where it came from.
  virtual void let_go([[maybe_unused]] std::unique_ptr<ResponseBody> self) {}
};

/// The answer to a request. Its body is read part by part or as a whole; when it was read to its
/// end the connection goes back to the client's pool, otherwise it is closed with this object: by
/// HTTP/2 only its stream. One pointer, so that it goes from hand to hand cheaply.
class Response {
 public:
  Response(ResponseHead head, std::unique_ptr<ResponseBody> body);
  Response(Response&&) noexcept;
  Response& operator=(Response&&) noexcept;
  ~Response();

  int status() const { return inside_->head.status; }
  /// Of HTTP: 1 or 2.
  int major_version() const { return inside_->head.major; }
  bool good() const { return status() >= 200 && status() < 300; }
  const Headers& headers() const { return inside_->head.headers; }
  /// The next part of the content; empty at the end.
  Deferred<Bytes> read();
  /// All of it; overloaded beyond `bytes_max`.
  Deferred<std::string> text(std::size_t bytes_max = 16 << 20);
  /// All of it as JSON; invalid says where it is not.
  Deferred<Json> json(std::size_t bytes_max = 16 << 20);
  /// Once the content was read to its end: the fields that follow it, by HTTP/2 only; once.
  std::vector<std::pair<std::string, std::string>> trailers() { return inside_->body->trailers(); }
  /// After the upgrade that was asked for: the connection, by HTTP/2 the stream, and what the peer
  /// had already sent on it.
  std::pair<std::unique_ptr<ByteStream>, Bytes> take_stream();

  /// What answered, after redirects; empty where a connection's address was asked.
  const std::string& url() const { return inside_->url; }

  // For what stands between a client and who asked.
  void set_url(std::string url) { inside_->url = std::move(url); }
  ResponseHead& head() { return inside_->head; }
  std::unique_ptr<ResponseBody> take_body() { return std::move(inside_->body); }
  void set_body(std::unique_ptr<ResponseBody> body) { inside_->body = std::move(body); }

 private:
  struct Inside {
    static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
    static void operator delete(void* memory, std::size_t bytes) { free_frame(memory, bytes); }

    ResponseHead head;
    std::unique_ptr<ResponseBody> body;
    std::string url;
  };
  std::unique_ptr<Inside> inside_;
};

/// The whole content of `response`, which goes then: for `then(http::text_of)`.
inline Deferred<std::string> text_of(Response response) { co_return co_await response.text(); }
inline Deferred<Json> json_of(Response response) { co_return co_await response.json(); }

/// Reads `response` to its end, so that its connection may be used again, but no more than
/// `bytes_max`. Errors are of no interest then.
Deferred<void> read_away(Response& response, std::size_t bytes_max);

}  // namespace berth::http
