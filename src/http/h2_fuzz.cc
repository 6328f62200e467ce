#include <deque>
#include <string>

#include "async/manual_clock.h"
#include "http/h2_conversation.h"
#include "http/websocket.h"

namespace {

using namespace berth;
using namespace berth::http;

/// A peer that has sent `input` and then ends, and takes all that it is told.
class Script final : public ByteStream {
 public:
  explicit Script(std::deque<std::string> parts) : parts_(std::move(parts)) {}
  Deferred<Bytes> read(std::size_t) override {
    if (closed_) return failed<Bytes>(Error(Code::closed, "closed"));
    if (parts_.empty()) return ready(Bytes());
    Bytes part = Bytes::copy(parts_.front());
    parts_.pop_front();
    return ready(std::move(part));
  }
  Deferred<void> write(BytesList) override { return ready(); }
  Deferred<void> shutdown_write() override { return ready(); }
  void close() override { closed_ = true; }
  void abort() override { closed_ = true; }
  Address local_address() const override { return {}; }
  Address peer_address() const override { return {}; }
  bool broken() const override { return false; }

 private:
  std::deque<std::string> parts_;
  bool closed_ = false;
};

Deferred<void> echo(WebSocket& socket) {
  while (auto message = co_await socket.receive()) co_await socket.send(std::move(*message));
}

Deferred<ServerResponse> answer(Clock& clock, ServerRequest& request) {
  if (request.head.target.empty() || request.head.method.empty()) __builtin_trap();
  if (!request.head.protocol.empty()) co_return accept_websocket(request, clock, echo);
  if (request.head.target.size() % 2) co_return ServerResponse::text("early");
  co_return ServerResponse::text(co_await request.body(10'000));
}

}  // namespace

// Whatever comes, the conversation ends once its peer has, and no handler is left.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::size_t step = 1 + data[0] * 16;
  std::deque<std::string> parts{std::string(h2_preface)};
  // Half of the inputs begin as a client must, so that they get further.
  if (data[0] & 1) parts.emplace_back("\0\0\0\4\0\0\0\0\0", 9);
  for (std::size_t at = 0; at < text.size(); at += step) parts.emplace_back(text.substr(at, step));
  ManualClock clock;
  Script stream(std::move(parts));
  ServerOptions options;
  options.head.head_bytes_max = 4096;
  Handler handler = [&](ServerRequest& request) { return answer(clock, request); };
  ServerShared shared(clock, options);
  H2Conversation conversation(clock, stream, handler, options, shared);
  auto running = conversation.run(Bytes());
  for (int i = 0; i < 20 && running.pending(); ++i) clock.advance(10s);
  if (running.pending()) __builtin_trap();
  std::ignore = running.take();
  return 0;
}
