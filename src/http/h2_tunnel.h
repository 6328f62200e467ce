#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "async/network.h"
#include "http/h2_stream.h"
#include "http/response.h"

namespace berth::http {

/// A stream of HTTP/2 as a ByteStream, after an extended CONNECT (RFC 8441): DATA both ways under
/// the stream's flow control, END_STREAM for the end of a half, RST_STREAM with CANCEL for a reset.
/// A write is done once the peer's window has taken it. On the server's side the connection owns
/// the stream, on the client's side `owner` is it. Destroying it resets what has not ended.
class H2Tunnel final : public ByteStream {
 public:
  H2Tunnel(H2Stream& stream, std::unique_ptr<ResponseBody> owner, Address local, Address peer);
  ~H2Tunnel() override;

  Deferred<Bytes> read(std::size_t bytes_max) override;
  Deferred<void> write(BytesList bytes) override;
  Deferred<void> shutdown_write() override;
  void close() override;
  void abort() override;
  Address local_address() const override { return local_; }
  Address peer_address() const override { return peer_; }
  bool broken() const override;

 private:
  /// What an operation under way shares with the tunnel, which may go meanwhile.
  struct Ends {
    H2Stream* stream;      // not to be used once it is closed
    Bytes early;           // what was taken of the stream and not read
    bool closed = false;   // by us
    bool written = false;  // our half has ended
    bool cut = false;      // a write was cancelled
  };
  static Deferred<Bytes> read_later(std::shared_ptr<Ends> ends, std::size_t bytes_max);
  static Deferred<void> write_all(std::shared_ptr<Ends> ends, BytesList bytes);

  std::shared_ptr<Ends> ends_;
  std::unique_ptr<ResponseBody> owner_;
  Address local_;
  Address peer_;
};

}  // namespace berth::http
