#include "tls/listener.h"

#include <tuple>
#include <utility>

#include "tls/handshake.h"

namespace berth::tls {
Listener::Listener(ServerContext context, Clock& clock, std::unique_ptr<berth::Listener> below,
                   Log log, ListenerOptions options)
    : context_(std::move(context)),
      clock_(clock),
      below_(std::move(below)),
      log_(log),
      room_(options.handshakes_max) {
  works_.add(accept_all());
}

Deferred<std::unique_ptr<ByteStream>> Listener::accept() {
  if (!secured_.empty()) {
    auto stream = std::move(secured_.front().stream);
    secured_.pop_front();
    return ready(std::move(stream));
  }
  if (ended_) return failed<std::unique_ptr<ByteStream>>(*ended_);
  return waiting_.wait();
}

void Listener::close() {
  end(Error(Code::closed, "the listener is closed"));
  std::ignore = works_.close();
  for (Secured& each : secured_) each.stream->abort();
  secured_.clear();
  below_->close();
}

void Listener::end(Error error) {
  if (!ended_) ended_ = std::move(error);
  waiting_.fail_all(*ended_);
}

Deferred<void> Listener::accept_all() {
  for (;;) {
    auto permit = co_await room_.acquire();
    auto stream = co_await below_->accept().result();
    if (!stream.ok()) {
      end(std::move(stream).error());
      co_return;
    }
    works_.add(shake_hands(std::move(permit), std::move(*stream)));
  }
}

Deferred<void> Listener::shake_hands(Semaphore::Permit permit, std::unique_ptr<ByteStream> stream) {
  auto secured = co_await tls::accept(context_, clock_, std::move(stream)).result();
  if (works_.closing()) co_return;
  if (!secured.ok()) {
    ++failed_;
    tell(secured.error());
  } else if (waiting_.empty()) {
    secured_.push_back({std::move(permit), std::move(*secured)});
  } else {
    waiting_.wake(std::move(*secured));
  }
}

void Listener::tell(const Error& error) {
  if (clock_.now() < tell_after_) {
    ++untold_;
    return;
  }
  log_.warning("a TLS handshake failed",
               {{"error", error}, {"untold_before", std::exchange(untold_, 0)}});
  tell_after_ = clock_.now() + 1s;
}

}  // namespace berth::tls
