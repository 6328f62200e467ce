#include "proxy/h2_front.h"

#include <cstring>
#include <utility>

#include "async/world.h"
#include "http/body_scanner.h"
#include "http/h1_parser.h"
#include "http/h2_conversation.h"
#include "http/paced_stream.h"
#include "proxy/bridge.h"
#include "proxy/session.h"

namespace berth::proxy {
namespace {

/// One request: its Session, and the answer as it comes out of it.
class Exchange final : public http::BodySource {
 public:
  Exchange(Proxy& proxy, std::shared_ptr<const gateway::Entrance> entrance,
           const std::uint32_t& frontend_connections, http::ServerRequest& request)
      : bridge_(std::make_shared<Bridge>(request)),
        method_(request.head.method),
        session_(proxy, nullptr, std::move(entrance), frontend_connections,
                 Bridge::session_end(bridge_)) {
    running_ = session_.run().finally([bridge = bridge_] { bridge->end(); });
  }

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
      if (head.status < 200) continue;
      scanner_ = http::BodyScanner(head.framing);
      co_return std::move(head);
    }
  }

  Deferred<Bytes> read() override {
    while (!scanner_.done()) {
      if (received_.empty()) {
        received_ = co_await bridge_->take();
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
      Bytes part = received_.slice(begin, size);
      received_.remove_prefix(taken);
      if (!part.empty()) co_return std::move(part);
    }
    co_await finish();
    co_return Bytes();
  }

  /// Lets the Session end by itself, so that it can keep its connection and note its record.
  Deferred<void> finish() {
    for (;;) {
      auto more = co_await bridge_->take().result();
      if (!more.ok() || more->empty()) co_return;
    }
  }

 private:
  std::shared_ptr<Bridge> bridge_;
  std::string method_;
  Session session_;
  Deferred<void> running_;
  Bytes received_;
  http::BodyScanner scanner_;
};

http::ServerOptions options_for(const gateway::Entrance& entrance) {
  http::ServerOptions options;
  options.idle_timeout = entrance.idle_timeout;
  options.head_timeout = entrance.head_timeout;
  return options;
}

}  // namespace

H2Front::H2Front(Proxy& proxy, std::shared_ptr<const gateway::Entrance> entrance,
                 const std::uint32_t& frontend_connections)
    : proxy_(proxy),
      entrance_(std::move(entrance)),
      frontend_connections_(frontend_connections),
      options_(options_for(*entrance_)),
      shared_(proxy.world().clock, options_) {}

Deferred<void> H2Front::run(std::unique_ptr<ByteStream> stream) {
  auto& clock = proxy_.world().clock;
  http::PacedStream paced(clock, *stream, options_.rate_grace, options_.send_bytes_per_second_min,
                          [] {});
  http::Handler handler = [this](http::ServerRequest& request) { return answer(request); };
  http::H2Conversation conversation(clock, paced, handler, options_, shared_);
  co_await conversation.run(Bytes());
}

Deferred<http::ServerResponse> H2Front::answer(http::ServerRequest& request) {
  request.slow_content_allowed = true;  // the Session has times of its own
  auto exchange = std::make_unique<Exchange>(proxy_, entrance_, frontend_connections_, request);
  auto head = co_await exchange->head().result();
  if (!head.ok()) {
    if (head.error().is(Code::cancelled)) co_return std::move(head).error();
    co_return http::ServerResponse::problem(502, head.error().text());
  }
  http::ServerResponse response;
  response.status = head->status;
  for (auto& header : head->headers) {
    response.headers.emplace_back(header.name, header.value);
  }
  if (!http::may_have_content(head->status) || request.head.method == "HEAD") {
    co_await exchange->finish();
    co_return std::move(response);
  }
  if (head->framing.kind == http::Framing::Kind::length) {
    response.body = http::Body(std::move(exchange), head->framing.length);
  } else {
    response.body = http::Body(std::move(exchange));
  }
  co_return std::move(response);
}

}  // namespace berth::proxy
