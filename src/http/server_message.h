#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/network.h"
#include "base/json.h"
#include "http/body.h"
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
  /// The whole body as JSON; invalid where it is none (400, with line and column), or where the
  /// client says it is something else (415).
  Deferred<Json> json(std::size_t bytes_max = 1 << 20);

  /// Set by the handler: content that comes now and then, of a stream both ways, is waited for as
  /// long as the client likes.
  bool slow_content_allowed = false;
  /// The status for an error of reading the content, where that is the client's fault; else 0.
  int content_fault = 0;
};

/// Goes on with a connection of HTTP/1.1 after a 101, and what was read of it already, or with a
/// stream of HTTP/2 after the 200 to an extended CONNECT.
using Upgraded = std::move_only_function<Deferred<void>(std::unique_ptr<ByteStream>, Bytes)>;

struct ServerResponse {
  int status = 200;
  ResponseHeaders headers;
  Body body;
  Upgraded upgraded;  // with status 101, or 200 where the request has a protocol

  static ServerResponse json(std::string text, int status = 200);
  static ServerResponse json_value(const Json& value, int status = 200);
  /// A string, or Bytes that many answers share.
  static ServerResponse text(Body text, int status = 200);
  /// RFC 9457: {"type":"about:blank","title":...,"status":...,"detail":...}.
  static ServerResponse problem(int status, std::string_view detail);
  /// The problem for an Error, by its code.
  static ServerResponse problem(const Error& error);
  /// The same for what a handler of `request` failed with, which may be the client's fault.
  static ServerResponse problem(const ServerRequest& request, const Error& error);
};

using Handler = std::function<Deferred<ServerResponse>(ServerRequest&)>;

}  // namespace berth::http
