#include "http/h2_tunnel.h"

#include <algorithm>
#include <optional>

#include "http/h2_session.h"

namespace berth::http {
namespace {

Error closed_here() { return Error(Code::closed, "the connection was closed here"); }
Error ended_by_peer() { return Error(Code::reset, "the peer ended the stream"); }

/// The first `bytes_max` of `bytes`, which keeps the rest.
Bytes take_front(Bytes& bytes, std::size_t bytes_max) {
  Bytes front = bytes.slice(0, bytes_max);
  bytes.remove_prefix(front.size());
  if (bytes.empty()) bytes = Bytes();
  return front;
}

}  // namespace

H2Tunnel::H2Tunnel(H2Stream& stream, std::unique_ptr<ResponseBody> owner, Address local,
                   Address peer)
    : ends_(std::make_shared<Ends>(&stream)),
      owner_(std::move(owner)),
      local_(std::move(local)),
      peer_(std::move(peer)) {}

H2Tunnel::~H2Tunnel() {
  abort();
  ends_->stream = nullptr;
}

Deferred<Bytes> H2Tunnel::read(std::size_t bytes_max) { return read_later(ends_, bytes_max); }

Deferred<Bytes> H2Tunnel::read_later(std::shared_ptr<Ends> ends, std::size_t bytes_max) {
  for (;;) {
    if (ends->closed) co_return closed_here();
    if (!ends->early.empty()) co_return take_front(ends->early, bytes_max);
    if (auto part = ends->stream->next_part()) {
      if (!part->ok() || part->value().empty()) co_return std::move(*part);
      ends->early = std::move(*part).value();
      continue;
    }
    co_await ends->stream->comes();
  }
}

Deferred<void> H2Tunnel::write(BytesList bytes) { return write_all(ends_, std::move(bytes)); }

Deferred<void> H2Tunnel::write_all(std::shared_ptr<Ends> ends, BytesList bytes) {
  struct Whole {  // or cut
    Ends& ends;
    bool done = false;
    ~Whole() {
      if (!done) ends.cut = true;
    }
  } whole{*ends};
  for (Bytes& piece : bytes) {
    if (ends->closed || ends->written || ends->cut) co_await fail_with(closed_here());
    if (ends->stream->closed()) co_await fail_with(ended_by_peer());
    if (piece.empty()) continue;
    ends->stream->offer(std::move(piece));
    co_await ends->stream->accepted();
    if (ends->closed) co_await fail_with(closed_here());
    if (ends->stream->stalled()) co_await fail_with(ended_by_peer());
  }
  whole.done = true;
}

Deferred<void> H2Tunnel::shutdown_write() {
  if (ends_->closed || ends_->written || ends_->cut) return failed<void>(closed_here());
  ends_->written = true;
  ends_->stream->offer_end();
  return ready();
}

void H2Tunnel::close() {
  if (ends_->closed) return;
  if (ends_->cut) return abort();
  ends_->closed = true;
  ends_->stream->offer_end();
  if (owner_) {
    owner_.reset();
  } else {
    ends_->stream->let_end();
  }
}

void H2Tunnel::abort() {
  if (ends_->closed) return;
  ends_->closed = true;
  if (owner_) {
    owner_.reset();
  } else {
    ends_->stream->cut();
  }
}

bool H2Tunnel::broken() const {
  return ends_->closed || ends_->stream->closed() || ends_->stream->remote_ended();
}

}  // namespace berth::http
