#include "proxy/bridge.h"

#include <array>
#include <utility>

#include "base/strings.h"
#include "http/h1_writer.h"
#include "http/pooled_bytes.h"
#include "http/websocket_handshake.h"
#include "proxy/chunks.h"

namespace berth::proxy {
namespace {

constexpr std::size_t taken_max = 32;  // pieces that were taken and keep their places

/// Fields that say how HTTP/1.1 frames its messages are made here; expectations have been answered.
bool left_out(std::string_view name) {
  return equal_ignoring_case(name, "content-length") ||
         equal_ignoring_case(name, "transfer-encoding") || equal_ignoring_case(name, "expect") ||
         equal_ignoring_case(name, "connection") || equal_ignoring_case(name, "upgrade");
}

}  // namespace

class Bridge::End final : public ByteStream {
 public:
  explicit End(std::shared_ptr<Bridge> bridge) : bridge_(std::move(bridge)) {}
  ~End() override { bridge_->end(); }

  static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
  static void operator delete(void* memory, std::size_t bytes) { free_frame(memory, bytes); }

  Deferred<Bytes> read(std::size_t bytes_max) override { return bridge_->read(bytes_max); }
  Deferred<void> write(BytesList bytes) override { return bridge_->write(std::move(bytes)); }
  Deferred<void> shutdown_write() override {
    bridge_->end();
    return ready();
  }
  void close() override { bridge_->end(); }
  void abort() override { bridge_->abort(); }
  Address local_address() const override { return bridge_->local_; }
  Address peer_address() const override { return bridge_->request_.peer; }
  bool broken() const override { return bridge_->broken_; }
  std::string_view protocol() const override { return "h2"; }

 private:
  std::shared_ptr<Bridge> bridge_;
};

Bridge::Bridge(http::ServerRequest& request, Address local, Random& random, std::string& scratch)
    : request_(request), local_(std::move(local)) {
  auto& head = request.head;
  scratch.assign(head.method).append(" ").append(head.target).append(" HTTP/1.1\r\n");
  for (auto& header : head.headers) {
    bool good = http::writable_value(header.value) && !left_out(header.name);
    if (good) http::append_header(scratch, header.name, header.value);
  }
  if (head.framing.kind == http::Framing::Kind::length) {
    http::append_header(scratch, "content-length", std::to_string(head.framing.length));
  }
  chunked_ = head.framing.kind == http::Framing::Kind::chunked;
  if (chunked_) http::append_header(scratch, "transfer-encoding", "chunked");
  if (!head.protocol.empty()) {
    std::array<char, 16> bytes;
    random.secret_bytes(bytes.data(), bytes.size());
    key_ = http::websocket_key({bytes.data(), bytes.size()});
    http::append_header(scratch, "connection", "Upgrade");
    http::append_header(scratch, "upgrade", head.protocol);
    http::append_header(scratch, "sec-websocket-key", key_);
  }
  scratch += "\r\n";
  head_ = http::pooled_copy(scratch);
  content_over_ = head.framing.kind == http::Framing::Kind::none || !request.content;
}

std::unique_ptr<ByteStream> Bridge::session_end(std::shared_ptr<Bridge> bridge) {
  return std::make_unique<End>(std::move(bridge));
}

Deferred<Bytes> Bridge::read(std::size_t bytes_max) {
  if (broken_) return failed<Bytes>(Error(Code::reset, "the stream was broken off"));
  if (!head_read_) {
    head_read_ = true;
    return ready(std::move(head_));
  }
  if (!key_.empty()) return read_tunnel(bytes_max);
  if (content_over_) return ready(Bytes());
  return read_content();
}

Deferred<Bytes> Bridge::read_tunnel(std::size_t bytes_max) {
  while (!tunnel_) {
    if (broken_ || ended_) co_return Error(Code::reset, "the stream was broken off");
    co_await became_.wait();
  }
  co_return co_await tunnel_->read(bytes_max);
}

void Bridge::become(ByteStream& tunnel) {
  tunnel_ = &tunnel;
  while (!became_.empty()) became_.wake();
}

Deferred<Bytes> Bridge::read_content() {
  Bytes part = co_await request_.content->read();
  content_over_ = part.empty();
  if (!chunked_) co_return std::move(part);
  if (content_over_) co_return last_chunk(request_.content->trailers());
  co_return chunk(part);
}

Deferred<void> Bridge::write(BytesList bytes) {
  for (auto& piece : bytes) {
    answer_bytes_ += piece.size();
    if (!piece.empty()) answer_.push_back(std::move(piece));
  }
  while (!taking_.empty()) taking_.wake();
  if (answer_bytes_ <= waiting_bytes_max && !broken_) return ready();
  return until_taken();
}

Deferred<void> Bridge::until_taken() {
  while (answer_bytes_ > waiting_bytes_max && !broken_) co_await room_.wait();
  if (broken_) co_await fail_with(Error(Code::reset, "the stream was broken off"));
}

Deferred<Bytes> Bridge::take() {
  if (has_come()) return ready(take_first());
  return take_later();
}

Deferred<Bytes> Bridge::take_later() {
  while (!has_come()) {
    if (broken_) co_return Error(Code::reset, "the answer was broken off");
    if (ended_) co_return Bytes();
    co_await taking_.wait();
  }
  co_return take_first();
}

Bytes Bridge::take_first() {
  Bytes piece = std::move(answer_[answer_next_]);
  ++answer_next_;
  if (answer_next_ == answer_.size() || answer_next_ >= taken_max) {
    answer_.erase(answer_.begin(), answer_.begin() + static_cast<std::ptrdiff_t>(answer_next_));
    answer_next_ = 0;
  }
  answer_bytes_ -= piece.size();
  while (!room_.empty()) room_.wake();
  return piece;
}

void Bridge::end() {
  ended_ = true;
  while (!became_.empty()) became_.wake();
  while (!taking_.empty()) taking_.wake();
}

void Bridge::abort() {
  broken_ = true;
  while (!became_.empty()) became_.wake();
  while (!taking_.empty()) taking_.wake();
  while (!room_.empty()) room_.wake();
}

}  // namespace berth::proxy
