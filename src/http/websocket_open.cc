#include <algorithm>
#include <array>
#include <tuple>

#include "async/shield.h"
#include "base/strings.h"
#include "http/url.h"
#include "http/websocket.h"
#include "http/websocket_handshake.h"

namespace berth::http {
namespace {

ServerResponse refuse(int status, std::string_view why) {
  return ServerResponse::problem(status, why);
}

/// The protocols that a client names, in all its fields.
bool names_protocol(const Headers& headers, std::string_view protocol) {
  for (auto& [name, value] : headers) {
    if (!equal_ignoring_case(name, "sec-websocket-protocol")) continue;
    for (auto each : split(value, ',')) {
      if (trim(each) == protocol) return true;
    }
  }
  return false;
}

/// "https://shop.example:8443" and "shop.example:8443": the same host.
bool same_origin(std::string_view origin, std::string_view host) {
  auto scheme_end = origin.find("://");
  return scheme_end != origin.npos && equal_ignoring_case(origin.substr(scheme_end + 3), host);
}

/// Whether it asks for a WebSocket by HTTP/2 (RFC 8441 section 5).
bool by_h2(const RequestHead& head) { return head.protocol == "websocket"; }

/// Why the handshake is refused, or nothing.
std::optional<ServerResponse> refusal(const RequestHead& head, const WebSocketOptions& options) {
  auto& headers = head.headers;
  bool asked = by_h2(head) || (head.upgrade && headers.has_token("upgrade", "websocket"));
  if (!asked) {
    auto answer = refuse(426, "this path speaks WebSocket only");
    answer.headers.emplace_back("upgrade", "websocket");
    answer.headers.emplace_back("connection", "upgrade");
    return answer;
  }
  bool too_old = !by_h2(head) && head.minor < 1;
  if (head.method != "GET" || too_old || head.framing.kind != Framing::Kind::none) {
    return refuse(400, "a WebSocket begins with a GET in HTTP/1.1 that has no body");
  }
  if (trim(headers.value("sec-websocket-version")) != "13") {
    auto answer = refuse(426, "this server speaks version 13 of WebSocket");
    answer.headers.emplace_back("sec-websocket-version", "13");
    return answer;
  }
  if (!by_h2(head) && !websocket_key_allowed(trim(headers.value("sec-websocket-key")))) {
    return refuse(400, "a Sec-WebSocket-Key that is not 16 bytes in base64");
  }
  auto* origin = headers.find("origin");
  if (options.same_origin && origin && !same_origin(origin->value, headers.value("host"))) {
    return refuse(403, "a page of another site may not open a WebSocket here");
  }
  return std::nullopt;
}

Deferred<void> talk_over(Clock& clock, std::unique_ptr<ByteStream> stream, Bytes early,
                         std::optional<DeflateTerms> terms, std::string protocol,
                         WebSocketOptions options, WebSocketTalk talk) {
  WebSocket socket(clock, std::move(stream), std::move(early), WebSocketSide::server, terms,
                   options, nullptr);
  socket.set_protocol(std::move(protocol));
  auto ended = co_await talk(socket).result();
  auto code = ended.ok()                          ? close_code::normal
              : ended.error().is(Code::cancelled) ? close_code::going_away
                                                  : close_code::internal_error;
  co_await shielded(socket.close(code));
  co_await or_return(std::move(ended));
}

Request handshake(const std::string& key, const WebSocketOptions& options) {
  Request request;
  request.upgrade = "websocket";
  request.headers = {{"sec-websocket-version", "13"}, {"sec-websocket-key", key}};
  std::string protocols;
  for (auto& each : options.protocols) protocols += (protocols.empty() ? "" : ", ") + each;
  if (!protocols.empty()) request.headers.emplace_back("sec-websocket-protocol", protocols);
  if (options.deflate) {
    request.headers.emplace_back("sec-websocket-extensions", deflate_offer(options.keep_context));
  }
  return request;
}

/// That it is the answer to this handshake, by HTTP/1.1.
Result<void> check_upgrade(const Headers& headers, const std::string& key) {
  if (!equal_ignoring_case(trim(headers.value("upgrade")), "websocket") ||
      !headers.has_token("connection", "upgrade")) {
    return Error(Code::invalid, "the peer changed to another protocol than WebSocket");
  }
  if (trim(headers.value("sec-websocket-accept")) != websocket_accept(key)) {
    return Error(Code::invalid, "the peer's Sec-WebSocket-Accept is not for this key");
  }
  return {};
}

/// What the server has agreed to; the connection fails where it may not have (section 4.1).
Result<std::optional<DeflateTerms>> check_terms(const Headers& headers,
                                                const WebSocketOptions& options) {
  if (auto* protocol = headers.find("sec-websocket-protocol")) {
    if (std::ranges::find(options.protocols, protocol->value) == options.protocols.end()) {
      return Error(Code::invalid, "the peer chose a WebSocket protocol that was not offered");
    }
  }
  auto extensions = TRY(read_websocket_extensions(headers));
  return read_deflate_answer(extensions, options.deflate, options.keep_context);
}

Deferred<Response> ask_for(Client& client, const Url& url, const std::string& key,
                           const WebSocketOptions& options) {
  SendOptions send;
  send.version = options.version;
  if (options.version != Version::negotiated) {
    co_return co_await client.send(url, handshake(key, options), std::move(send));
  }
  auto answer = co_await client.send(url, handshake(key, options), send).result();
  // It speaks HTTP/2, and takes no WebSockets by it.
  if (answer.ok() || !answer.error().is(Code::unsupported)) co_return std::move(answer);
  send.version = Version::http_1_1;
  co_return co_await client.send(url, handshake(key, options), std::move(send));
}

}  // namespace

ServerResponse accept_websocket(const ServerRequest& request, Clock& clock, WebSocketTalk talk,
                                const WebSocketOptions& options) {
  auto& headers = request.head.headers;
  if (auto refused = refusal(request.head, options)) return std::move(*refused);
  auto offers = read_websocket_extensions(headers);
  if (!offers.ok()) return ServerResponse::problem(offers.error());
  std::optional<DeflateTerms> terms;
  if (options.deflate) terms = accept_deflate_offer(*offers, options.keep_context);

  ServerResponse answer;
  if (!by_h2(request.head)) {
    answer.status = 101;
    answer.headers.emplace_back("connection", "Upgrade");
    answer.headers.emplace_back("upgrade", "websocket");
    answer.headers.emplace_back("sec-websocket-accept",
                                websocket_accept(trim(headers.value("sec-websocket-key"))));
  }
  if (terms) answer.headers.emplace_back("sec-websocket-extensions", deflate_answer(*terms));
  std::string protocol;
  for (auto& each : options.protocols) {
    if (protocol.empty() && names_protocol(headers, each)) protocol = each;
  }
  if (!protocol.empty()) answer.headers.emplace_back("sec-websocket-protocol", protocol);
  answer.upgraded = [&clock, terms, protocol, options, talk = std::move(talk)](
                        std::unique_ptr<ByteStream> stream, Bytes early) mutable {
    return talk_over(clock, std::move(stream), std::move(early), terms, protocol, options,
                     std::move(talk));
  };
  return answer;
}

Deferred<std::unique_ptr<WebSocket>> open_websocket(Client& client, Clock& clock, Random& random,
                                                    std::string url, WebSocketOptions options) {
  bool plain = url.starts_with("ws://");
  if (!plain && !url.starts_with("wss://")) {
    co_return Error(Code::invalid, "a WebSocket's URL begins with ws:// or wss://");
  }
  Url to = co_await or_return(parse_url((plain ? "http" : "https") + url.substr(plain ? 2 : 3)));
  std::array<char, 16> bytes;
  random.secret_bytes(bytes.data(), bytes.size());
  std::string key = websocket_key({bytes.data(), bytes.size()});
  Response answer = co_await ask_for(client, to, key, options);
  bool by_stream = answer.major_version() == 2;
  if (by_stream ? !answer.good() : answer.status() != 101) {
    co_return Error(Code::refused, url + " answered " + std::to_string(answer.status()) +
                                       " instead of opening a WebSocket");
  }
  if (!by_stream) co_await or_return(check_upgrade(answer.headers(), key));
  auto terms = co_await or_return(check_terms(answer.headers(), options));
  std::string protocol(answer.headers().value("sec-websocket-protocol"));
  auto [stream, early] = answer.take_stream();
  auto socket = std::make_unique<WebSocket>(clock, std::move(stream), std::move(early),
                                            WebSocketSide::client, terms, options, &random);
  socket->set_protocol(std::move(protocol));
  co_return std::move(socket);
}

}  // namespace berth::http
