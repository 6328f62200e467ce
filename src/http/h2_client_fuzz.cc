#include <deque>
#include <string>

#include "async/manual_clock.h"
#include "http/asking.h"
#include "http/h2_client_connection.h"
#include "http/h2_client_stream.h"
#include "http/h2_exchange.h"

namespace {

using namespace berth;
using namespace berth::http;

/// A server that has sent `parts` and then ends, and takes all that it is told.
class Script final : public ByteStream {
 public:
  Script(Clock& clock, std::deque<std::string> parts) : clock_(clock), parts_(std::move(parts)) {}
  Deferred<Bytes> read(std::size_t bytes_max) override {
    // Nothing comes before the requests are there.
    if (!std::exchange(begun_, true)) {
      return clock_.after(1ms).then([this, bytes_max] { return read(bytes_max); });
    }
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
  Clock& clock_;
  std::deque<std::string> parts_;
  bool begun_ = false;
  bool closed_ = false;
};

Deferred<void> ask(std::shared_ptr<http::detail::H2ClientConnection> connection, Clock& clock,
                   std::string method) {
  Request request;
  request.method = std::move(method);
  if (request.method == "POST") request.body = Body("content");
  http::detail::Route route(Address::loopback(80));
  http::detail::Progress progress(clock, {});
  http::detail::Asking asking{clock, request, route, progress, 1s, 1s};
  if (!connection->usable()) co_return;
  auto answer =
      co_await http::detail::ask_by_h2(connection->open(), asking, Body(request.body.text), 10)
          .result();
  if (!answer.ok()) co_return;
  if (answer->status() < 200 || answer->status() > 999) __builtin_trap();
  auto text = co_await answer->text(100'000).result();
  if (text.ok()) std::ignore = answer->trailers();
}

}  // namespace

// Whatever a server sends, each request ends once the server has.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::size_t step = 1 + data[0] * 16;
  std::deque<std::string> parts;
  // Half of the inputs begin as a server must, so that they get further.
  if (data[0] & 1) parts.emplace_back("\0\0\0\4\0\0\0\0\0", 9);
  for (std::size_t at = 0; at < text.size(); at += step) parts.emplace_back(text.substr(at, step));
  ManualClock clock;
  HeadLimits head;
  head.head_bytes_max = 4096;
  auto connection = std::make_shared<http::detail::H2ClientConnection>(
      clock, std::make_unique<Script>(clock, std::move(parts)), head, H2ClientLimits());
  std::deque<Deferred<void>> works;
  for (auto* method : {"GET", "POST", "HEAD"}) works.push_back(ask(connection, clock, method));
  for (int i = 0; i < 20; ++i) clock.advance(10s);
  for (auto& work : works) {
    if (work.pending()) __builtin_trap();
    std::ignore = work.take();
  }
  return 0;
}
