#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/clock.h"
#include "async/network.h"
#include "async/scope.h"
#include "http/body.h"
#include "http/h1_reader.h"
#include "http/h1_writer.h"
#include "http/h2_limits.h"
#include "http/message.h"
#include "http/response_headers.h"

namespace berth::http {

/// A request on its way to whoever answers it; lives until the answer was sent.
struct ServerRequest {
  RequestHead head;
  Address peer;
  BodySource* content = nullptr;  // of the connection; read at most once to its end
  /// Of the router: ":name" and what stands there.
  std::vector<std::pair<std::string_view, std::string>,
              FrameAllocator<std::pair<std::string_view, std::string>>>
      parameters;

  std::string_view parameter(std::string_view name) const;
  /// The decoded value of a query parameter; empty if it is not there.
  std::string query(std::string_view name) const;
  /// The whole body; overloaded beyond `bytes_max` (413).
  Deferred<std::string> body(std::size_t bytes_max = 1 << 20);
};

/// Goes on with a connection of HTTP/1.1 after a 101, and what was read of it already.
using Upgraded = std::move_only_function<Deferred<void>(std::unique_ptr<ByteStream>, Bytes)>;

struct ServerResponse {
  int status = 200;
  ResponseHeaders headers;
  Body body;
  Upgraded upgraded;  // with status 101 only

  static ServerResponse json(std::string text, int status = 200);
  static ServerResponse text(std::string text, int status = 200);
  /// RFC 9457: {"type":"about:blank","title":...,"status":...,"detail":...}.
  static ServerResponse problem(int status, std::string_view detail);
  /// The problem for an Error, by its code.
  static ServerResponse problem(const Error& error);
};

struct ServerOptions {
  std::size_t connections_max = 4096;  // beyond, a new one is answered 503 and closed
  Duration head_timeout = 10s;         // from a head's first wait to its end
  Duration idle_timeout = 60s;         // between requests
  HeadLimits head;
  H2Limits h2;
};

/// Answers HTTP/1.1 and HTTP/2 on its listeners with one function, which need not know of the
/// difference; who begins with HTTP/2's preface gets HTTP/2 (RFC 9113 section 3.3). Requests of a
/// connection are answered in order in HTTP/1.1, at once in HTTP/2. What the handler fails with is
/// answered as a problem. Belongs to one reactor.
class Server {
 public:
  using Handler = std::function<Deferred<ServerResponse>(ServerRequest&)>;

  Server(Clock& clock, Handler handler, ServerOptions options = {})
      : clock_(clock), handler_(std::move(handler)), options_(options) {}

  void serve(std::unique_ptr<Listener> listener);
  std::size_t connections() const { return connections_; }
  /// Stops listening, cancels what is being answered, and waits for its end.
  Deferred<void> close();

 private:
  struct Next {
    bool keep_alive = false;
    Upgraded upgraded;
  };

  Deferred<void> accept_all(Listener& listener);
  Deferred<void> converse_counted(std::unique_ptr<ByteStream> stream);
  Deferred<void> converse(std::unique_ptr<ByteStream>& stream);
  Deferred<Next> answer_one(ByteStream& stream, H1Reader& reader, HeadBuffer& out,
                            RequestHead head);

  Clock& clock_;
  Handler handler_;
  ServerOptions options_;
  std::size_t connections_ = 0;
  std::vector<std::unique_ptr<Listener>> listeners_;
  Scope scope_;
};

}  // namespace berth::http
