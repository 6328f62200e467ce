#include "sim/bad_links.h"

#include <optional>

namespace berth::sim {
namespace {

constexpr std::size_t exchange_bytes = 200;  // about those of an answer here: each byte is hit
constexpr Duration late_most = 300ms;
constexpr Duration byte_takes = 2ms;

}  // namespace

class BadLinks::Link final : public ByteStream {
 public:
  Link(BadLinks& links, Address peer, std::unique_ptr<ByteStream> real)
      : links_(links), peer_(peer), real_(std::move(real)) {}

  Deferred<Bytes> read(std::size_t bytes_max) override {
    Way way = links_.way_of(peer_);
    if (way == Way::good || way == Way::deaf) return real_->read(bytes_max);
    return read_badly(way, bytes_max);
  }
  Deferred<void> write(BytesList bytes) override {
    if (links_.way_of(peer_) != Way::deaf) return real_->write(std::move(bytes));
    return write_badly(std::move(bytes));
  }
  Deferred<void> shutdown_write() override { return real_->shutdown_write(); }
  void close() override { real_->close(); }
  void abort() override { real_->abort(); }
  Address local_address() const override { return real_->local_address(); }
  Address peer_address() const override { return real_->peer_address(); }
  bool broken() const override { return real_->broken(); }

 private:
  Deferred<Bytes> read_badly(Way way, std::size_t bytes_max) {
    if (over_) {
      if (way == Way::cut) co_return Bytes();
      co_return Error(Code::reset, "a bad link");
    }
    Bytes got = co_await real_->read(way == Way::slow ? 1 : bytes_max);
    if (got.empty()) co_return std::move(got);
    ++links_.met_;
    if (way == Way::late) {
      auto wait = static_cast<std::int64_t>(links_.random_.unit() * double(late_most.count()));
      co_await links_.clock_.after(Duration(wait));
    } else if (way == Way::slow) {
      co_await links_.clock_.after(byte_takes);
    } else if (way == Way::spoilt) {
      co_return Bytes::copy("\x16\x03\x01 no answer at all\r\n\r\n");
    } else {
      got = shortened(std::move(got));
      if (over_ && got.empty() && way == Way::reset) co_return Error(Code::reset, "a bad link");
    }
    co_return std::move(got);
  }

  /// What is left before the byte at which it breaks off.
  Bytes shortened(Bytes got) {
    if (!left_) left_ = links_.random_.below(exchange_bytes);
    if (got.size() <= *left_) {
      *left_ -= got.size();
      return got;
    }
    over_ = true;
    real_->abort();
    return got.slice(0, *left_);
  }

  Deferred<void> write_badly(BytesList bytes) {
    ++links_.met_;
    BytesList begun;
    std::size_t left = links_.random_.below(bytes.size() + 1);
    for (auto& piece : bytes) {
      std::size_t size = std::min(left, piece.size());
      if (size > 0) begun.add(piece.slice(0, size));
      left -= size;
    }
    if (begun.size() > 0) co_await real_->write(std::move(begun));
    real_->abort();
    co_await fail_with(Error(Code::reset, "a bad link"));
  }

  BadLinks& links_;
  const Address peer_;
  std::unique_ptr<ByteStream> real_;
  std::optional<std::size_t> left_;  // until it breaks off; nothing: not drawn yet
  bool over_ = false;
};

Deferred<std::unique_ptr<ByteStream>> BadLinks::connect(const Address& peer) {
  return connect_to(peer);
}

Deferred<std::unique_ptr<ByteStream>> BadLinks::connect_to(Address peer) {
  auto stream = co_await real_.connect(peer);
  co_return std::unique_ptr<ByteStream>(new Link(*this, peer, std::move(stream)));
}

}  // namespace berth::sim
