#include "proxy/h2_front.h"

#include <cstring>
#include <tuple>
#include <utility>

#include "async/world.h"
#include "http/body_scanner.h"
#include "http/h1_parser.h"
#include "http/h2_conversation.h"
#include "http/paced_stream.h"
#include "http/websocket_handshake.h"
#include "proxy/bridge.h"
#include "proxy/chunks.h"
#include "proxy/grpc_answer.h"
#include "proxy/session.h"

namespace berth::proxy {
namespace {

constexpr Duration goaway_notice = 200ms;
constexpr std::uint64_t text_bytes_max = 16 << 10;  // of an answer that is given in one piece

/// One request: its Session, and the answer as it comes out of it.
class Exchange final : public http::BodySource {
 public:
  Exchange(Proxy& proxy, std::shared_ptr<Pool> pool,
           std::shared_ptr<const gateway::Entrance> entrance,
           const std::uint32_t& frontend_connections, std::shared_ptr<Bridge> bridge,
           std::string_view method, const std::string& caller)
      : bridge_(std::move(bridge)),
        method_(method),
        session_(proxy, std::move(pool), std::move(entrance), frontend_connections,
                 Bridge::session_end(bridge_)) {
    if (!caller.empty()) session_.set_caller(caller);
    running_ = session_.run().finally([kept = bridge_] { kept->end(); });
  }

  static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
  static void operator delete(void* memory, std::size_t bytes) { free_frame(memory, bytes); }

  /// Interim answers (1xx) are left out.
  Deferred<http::ResponseHead> head() {
    http::HeadFinder finder;
    for (;;) {
      std::size_t size = finder.find(received_.view());
      if (size == 0) {
        Bytes more = co_await bridge_->take();
        if (more.empty()) co_return Error(Code::reset, "there was no answer");
        received_ = joined(received_, more);
        continue;
      }
      auto parsed = http::parse_response(received_.slice(0, size), method_);
      received_.remove_prefix(size);
      finder.reset();
      auto head = co_await or_return(std::move(parsed));
      bool upgraded = head.status == 101 && !bridge_->websocket_key().empty();
      if (head.status < 200 && !upgraded) continue;
      scanner_ = http::BodyScanner(head.framing);
      chunked_ = head.framing.kind == http::Framing::Kind::chunked;
      co_return std::move(head);
    }
  }

  Deferred<Bytes> read() override {
    while (!scanner_.done()) {
      if (received_.empty()) {
        auto more = co_await bridge_->take().result();
        if (!more.ok()) co_return why_broken(std::move(more).error());
        received_ = std::move(*more);
        if (received_.empty()) {
          co_await or_return(scanner_.end());
          break;
        }
      }
      std::size_t begin = 0;
      std::size_t size = 0;
      auto found = [&](std::size_t at, std::size_t count) { begin = at, size = count; };
      auto used = scanner_.scan_one(received_.view(), found);
      std::size_t taken = co_await or_return(std::move(used));
      if (chunked_) tap_.add(received_.view().substr(0, size > 0 ? begin : taken));
      Bytes part = received_.slice(begin, size);
      received_.remove_prefix(taken);
      if (!part.empty()) co_return std::move(part);
    }
    co_await finish();
    co_return Bytes();
  }

  /// All of the content, where it is little and has come with the head: it goes as one frame with
  /// its stream's end then, and needs nobody who waits for more.
  std::optional<Bytes> at_once(std::uint64_t length) {
    if (length > text_bytes_max) return std::nullopt;
    while (received_.size() < length && bridge_->has_come()) {
      received_ = joined(received_, bridge_->take_first());
    }
    if (received_.size() != length) return std::nullopt;
    return std::exchange(received_, Bytes());
  }

  std::vector<std::pair<std::string, std::string>> trailers() override { return tap_.take(); }

  /// After a 101: bytes both ways, until both halves have ended or one side breaks.
  Deferred<void> talk(std::unique_ptr<ByteStream> tunnel) {
    bridge_->become(*tunnel);
    Bytes part = std::exchange(received_, Bytes());
    bool good = true;
    while (good) {
      if (!part.empty())
        good = (co_await tunnel->write(std::exchange(part, Bytes())).result()).ok();
      if (!good) break;
      auto more = co_await bridge_->take().result();
      good = more.ok();
      if (!good) break;
      if (more->empty()) break;
      part = std::move(*more);
    }
    if (good) good = (co_await tunnel->shutdown_write().result()).ok();
    if (good) std::ignore = co_await std::move(running_).result();
    running_.reset();  // it reads of the tunnel no more
    if (good) {
      tunnel->close();
    } else {
      tunnel->abort();
    }
  }

  const std::optional<Error>& broken_by() const { return session_.broken_by(); }

  /// Lets the Session end by itself, so that it can keep its connection and note its record.
  Deferred<void> finish() {
    for (;;) {
      auto more = co_await bridge_->take().result();
      if (!more.ok() || more->empty()) co_return;
    }
  }

 private:
  /// The error whose code the stream is reset with.
  Error why_broken(Error error) const {
    auto& why = session_.broken_by();
    if (!why) return error;
    return why->is(Code::closed) ? Error::cancelled() : *why;  // the instance said CANCEL
  }

  std::shared_ptr<Bridge> bridge_;
  std::string method_;
  Session session_;
  Deferred<void> running_;
  Bytes received_;
  http::BodyScanner scanner_;
  TrailerTap tap_;
  bool chunked_ = false;
};

http::ServerOptions options_for(const gateway::Entrance* entrance, const ProxyOptions& others) {
  http::ServerOptions options;
  options.idle_timeout = entrance ? entrance->idle_timeout : others.idle_timeout;
  options.head_timeout = entrance ? entrance->head_timeout : others.head_timeout;
  return options;
}

}  // namespace

H2Front::H2Front(Proxy& proxy, std::shared_ptr<Pool> pool,
                 std::shared_ptr<const gateway::Entrance> entrance,
                 const std::uint32_t& frontend_connections)
    : proxy_(proxy),
      pool_(std::move(pool)),
      entrance_(std::move(entrance)),
      frontend_connections_(frontend_connections),
      options_(options_for(entrance_.get(), proxy.options())),
      shared_(proxy.world().clock, options_) {}

Deferred<void> H2Front::run(std::unique_ptr<ByteStream> stream, Bytes early) {
  auto& clock = proxy_.world().clock;
  local_ = stream->local_address();
  if (pool_) caller_ = proxy_.callers().find(stream->peer_address(), local_);
  http::PacedStream paced(clock, *stream, options_.rate_grace, options_.send_bytes_per_second_min,
                          [] {});
  http::Handler handler = [this](http::ServerRequest& request) { return answer(request); };
  http::H2Conversation conversation(clock, paced, handler, options_, shared_);
  auto running = conversation.run(std::move(early));
  Deferred<void> leaving = leave(conversation);
  co_await std::move(running);
}

/// Tells the peer to ask elsewhere once the proxy stops.
Deferred<void> H2Front::leave(http::H2Conversation& conversation) {
  co_await proxy_.stopped();
  co_await conversation.go_away(goaway_notice);
}

Deferred<http::ServerResponse> H2Front::answer(http::ServerRequest& request) {
  request.slow_content_allowed = true;  // the Session has times of its own
  auto bridge = std::allocate_shared<Bridge>(FrameAllocator<Bridge>(), request, local_,
                                             proxy_.world().random, proxy_.scratch());
  auto exchange = std::make_unique<Exchange>(proxy_, pool_, entrance_, frontend_connections_,
                                             bridge, request.head.method, caller_);
  auto head = co_await exchange->head().result();
  if (!head.ok()) {
    if (head.error().is(Code::cancelled)) co_return std::move(head).error();
    co_return http::ServerResponse::problem(502, head.error().text());
  }
  if (is_grpc(request.head) && head->headers.find("x-berth-reason")) {
    co_await exchange->finish();
    co_return grpc_answer(*head, exchange->broken_by());
  }
  http::ServerResponse response;
  response.status = head->status;
  for (auto& header : head->headers) {
    response.headers.emplace_back(header.name, header.value);
  }
  if (head->status == 101) {
    if (head->headers.value("sec-websocket-accept") !=
        http::websocket_accept(bridge->websocket_key())) {
      co_return http::ServerResponse::problem(502, "the instance took another WebSocket's key");
    }
    response.status = 200;
    response.headers.remove("sec-websocket-accept");
    response.upgraded = [exchange = std::move(exchange)](std::unique_ptr<ByteStream> tunnel,
                                                         Bytes) mutable {
      return exchange->talk(std::move(tunnel));
    };
    co_return std::move(response);
  }
  // As by gRPC's "Trailers-Only", the head is the end then.
  using Kind = http::Framing::Kind;
  bool none = head->framing.kind == Kind::none ||
              (head->framing.kind == Kind::length && head->framing.length == 0);
  if (none || !http::may_have_content(head->status) || request.head.method == "HEAD") {
    co_await exchange->finish();
    co_return std::move(response);
  }
  if (head->framing.kind == http::Framing::Kind::length) {
    // What a client still sends could hold the Session up.
    bool asked = request.head.framing.kind == Kind::none;
    auto content = asked ? exchange->at_once(head->framing.length) : std::nullopt;
    if (content) {
      response.body.text = std::move(*content);
      co_await exchange->finish();
      co_return std::move(response);
    }
    response.body = http::Body(std::move(exchange), head->framing.length);
  } else {
    response.body = http::Body(std::move(exchange));
  }
  co_return std::move(response);
}

}  // namespace berth::proxy
