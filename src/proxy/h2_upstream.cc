#include "proxy/h2_upstream.h"

#include <utility>

#include "base/strings.h"
#include "http/h1_writer.h"
#include "http/h2_client_connection.h"
#include "http/websocket_handshake.h"

namespace berth::proxy {

struct H2Upstream::Content {
  std::deque<Bytes> parts;
  std::size_t bytes = 0;
  bool over = false;  // all of it has come
  bool gone = false;  // nobody takes any more
  Fields trailers;
  http::Bell came;
  http::Bell taken;
};

class H2Upstream::Source final : public http::BodySource {
 public:
  explicit Source(std::shared_ptr<Content> content) : content_(std::move(content)) {}
  ~Source() override {
    content_->gone = true;
    content_->taken.ring();
  }
  Deferred<Bytes> read() override {
    while (content_->parts.empty()) {
      if (content_->over) co_return Bytes();
      co_await content_->came.wait();
    }
    Bytes part = std::move(content_->parts.front());
    content_->parts.pop_front();
    content_->bytes -= part.size();
    content_->taken.ring();
    co_return std::move(part);
  }
  std::vector<std::pair<std::string, std::string>> trailers() override {
    return std::move(content_->trailers);
  }

 private:
  std::shared_ptr<Content> content_;
};

H2Upstream::H2Upstream(Clock& clock, std::unique_ptr<http::detail::H2ClientStream> stream)
    : clock_(clock), stream_(std::move(stream)), content_(std::make_shared<Content>()) {}

H2Upstream::~H2Upstream() {
  if (stream_) stream_->set_listener(nullptr);
}

void H2Upstream::abort() {
  if (tunnel_) return tunnel_->abort();
  stream_->give_up(Error(Code::closed, "the stream was closed here"));
}

Address H2Upstream::local_address() const {
  return tunnel_ ? tunnel_->local_address() : stream_->connection().stream().local_address();
}
Address H2Upstream::peer_address() const {
  return tunnel_ ? tunnel_->peer_address() : stream_->connection().stream().peer_address();
}

// The request ----------------------------------------------------------------------------------

Deferred<void> H2Upstream::write(BytesList bytes) {
  if (tunnel_) {
    co_await tunnel_->write(std::move(bytes));
    co_return;
  }
  for (Bytes& piece : bytes) {
    if (has_head_) {
      co_await or_return(take_content(std::move(piece)));
      continue;
    }
    early_ = joined(early_, piece);
    std::size_t size = finder_.find(early_.view());
    if (size == 0) continue;
    co_await or_return(take_head(early_.slice(0, size)));
    Bytes rest = early_.slice(size);
    early_ = Bytes();
    co_await or_return(take_content(std::move(rest)));
  }
  if (has_head_ && !asked_ && request_.upgrade) co_await ask_for_tunnel();
  if (has_head_ && !asked_) ask();
  while (content_->bytes > waiting_bytes_max && !content_->gone) co_await content_->taken.wait();
  if (content_->gone && !scanner_.done()) {
    co_await fail_with(Error(Code::reset, "the instance takes no more of the request"));
  }
}

Result<void> H2Upstream::take_head(Bytes head) {
  request_ = TRY(http::parse_request(std::move(head)));
  if (request_.upgrade && !equal_ignoring_case(request_.headers.value("upgrade"), "websocket")) {
    return Error(Code::unsupported, "HTTP/2 has no upgrade but that of WebSockets");
  }
  scanner_ = http::BodyScanner(request_.framing);
  continue_due_ = request_.expects_continue();
  has_head_ = true;
  return {};
}

Result<void> H2Upstream::take_content(Bytes part) {
  while (!part.empty() && !scanner_.done()) {
    std::size_t begin = 0;
    std::size_t size = 0;
    std::size_t taken = TRY(scanner_.scan_one(
        part.view(), [&](std::size_t at, std::size_t count) { begin = at, size = count; }));
    if (request_.framing.kind == http::Framing::Kind::chunked) {
      tap_.add(part.view().substr(0, size > 0 ? begin : taken));
    }
    if (size > 0) {
      content_->bytes += size;
      content_->parts.push_back(part.slice(begin, size));
    }
    part.remove_prefix(taken);
  }
  if (scanner_.done() && !content_->over) {
    content_->trailers = tap_.take();
    content_->over = true;
  }
  content_->came.ring();
  return {};
}

Deferred<void> H2Upstream::ask_for_tunnel() {
  bool allowed = co_await stream_->tunnels_allowed();
  if (!allowed && !stream_->closed()) {
    co_await fail_with(Error(Code::unsupported, "the instance takes no WebSockets over HTTP/2"));
  }
  stream_->become_tunnel();
}

/// Sends the head; small content that is there already goes with it.
void H2Upstream::ask() {
  asked_ = true;
  auto& fields = stream_->connection().fields;
  fields.clear();
  bool tunnel = request_.upgrade;
  fields.add(":method", tunnel ? std::string_view("CONNECT") : request_.method);
  if (tunnel) fields.add(":protocol", std::string_view("websocket"));
  bool secured = !stream_->connection().stream().protocol().empty();  // by ALPN
  fields.add(":scheme", std::string_view(secured ? "https" : "http"));
  std::string_view host = request_.headers.value("host");
  if (!request_.authority.empty()) host = request_.authority;
  if (host.empty()) {
    fields.add(":authority", peer_address().text());
  } else {
    fields.add(":authority", host);
  }
  fields.add(":path", request_.target);
  bool trailers_told = false;
  for (auto& header : request_.headers) {
    if (equal_ignoring_case(header.name, "host") || equal_ignoring_case(header.name, "expect")) {
      continue;
    }
    // The key is of HTTP/1.1 (RFC 8441 section 5).
    if (tunnel && equal_ignoring_case(header.name, "sec-websocket-key")) continue;
    bool added = fields.add_header(header.name, header.value);
    if (added && equal_ignoring_case(header.name, "te")) trailers_told = true;
  }
  if (!trailers_told && !tunnel) fields.add("te", std::string_view("trailers"));
  http::Body body;
  bool plain = content_->over && content_->trailers.empty() && content_->parts.size() <= 1;
  if (!plain) {
    body = http::Body(std::make_unique<Source>(content_));
  } else if (!content_->parts.empty()) {
    body = http::Body(std::move(content_->parts.front()));
    content_->parts.clear();
    content_->bytes = 0;
  }
  stream_->ask(fields, std::move(body), clock_, Duration(0));
}

// The answer -----------------------------------------------------------------------------------

Deferred<Bytes> H2Upstream::read(std::size_t bytes_max) {
  if (tunnel_) return tunnel_->read(bytes_max);
  if (std::exchange(continue_due_, false)) {
    return ready(Bytes::literal("HTTP/1.1 100 Continue\r\n\r\n"));
  }
  if (!head_given_) return read_head();
  if (over_) return ready(Bytes());
  return read_content();
}

Deferred<Bytes> H2Upstream::read_head() {
  while (!stream_->answered()) {
    if (stream_->closed()) co_return why_ended();
    stream_->set_listener(this);
    co_await changed_.wait();
  }
  co_return answer_head();
}

Bytes H2Upstream::answer_head() {
  auto head = stream_->take_answer();
  head_given_ = true;
  bool tunnel = request_.upgrade && head.status < 300;
  std::string text;
  if (tunnel) {
    append_tunnel_head(text);
  } else {
    text = "HTTP/1.1 " + std::to_string(head.status) + " ";
    text.append(head.reason).append("\r\n");
  }
  for (auto& header : head.headers) {
    if (http::writable_value(header.value)) http::append_header(text, header.name, header.value);
  }
  if (tunnel) {
    auto* stream = stream_.get();
    tunnel_ = stream->take_stream(std::move(stream_)).first;
    return Bytes::copy(text + "\r\n");
  }
  bool has_none = request_.method == "HEAD" || !http::may_have_content(head.status);
  bool ended = head.framing.kind == http::Framing::Kind::none;
  bool told = head.headers.find("content-length") != nullptr;
  chunked_ = !has_none && !ended && !told;
  over_ = has_none || (ended && !chunked_);
  if (chunked_) http::append_header(text, "transfer-encoding", "chunked");
  if (ended && !has_none && !told) http::append_header(text, "content-length", "0");
  text += "\r\n";
  return Bytes::copy(text);
}

/// What the instance would have said by HTTP/1.1 (RFC 6455 section 4.2.2).
void H2Upstream::append_tunnel_head(std::string& text) {
  text = "HTTP/1.1 101 Switching Protocols\r\n";
  http::append_header(text, "connection", "Upgrade");
  http::append_header(text, "upgrade", "websocket");
  auto key = trim(request_.headers.value("sec-websocket-key"));
  http::append_header(text, "sec-websocket-accept", http::websocket_accept(key));
}

Deferred<Bytes> H2Upstream::read_content() {
  auto part = co_await stream_->read().result();
  if (!part.ok()) co_return why_ended();
  if (!part->empty()) {
    if (!chunked_) co_return std::move(*part);
    co_return chunk(*part);
  }
  over_ = true;
  if (!chunked_) co_return Bytes();
  co_return last_chunk(stream_->trailers());
}

Error H2Upstream::why_ended() const {
  switch (stream_->reset_code()) {
    case NGHTTP2_CANCEL:
      return Error(Code::closed, "the instance cancelled the stream");
    case NGHTTP2_ENHANCE_YOUR_CALM:
      return Error(Code::overloaded, "the instance asks for calm (ENHANCE_YOUR_CALM)");
    case NGHTTP2_INADEQUATE_SECURITY:
      return Error(Code::denied, "the instance asks for more security (INADEQUATE_SECURITY)");
    default:
      return stream_->why_ended();
  }
}

}  // namespace berth::proxy
