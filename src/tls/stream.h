#pragma once

#include <memory>
#include <optional>
#include <string>

#include "async/network.h"
#include "tls/engine.h"

namespace berth::tls {

/// A ByteStream with TLS over another one, which it owns; made by accept() and connect().
///
/// Ends: the peer's half ends with its close_notify (RFC 8446 section 6.1). A connection below that
/// ends without it was cut, by whomever: the read answers `reset`, never an end. shutdown_write()
/// sends ours and leaves the connection below open both ways, so the other half goes on, in TLS 1.2
/// too as long as the peer allows it (RFC 5246 section 7.2.1 does not). close() and the destructor
/// say close_notify, unless a write was cut, if the stream below takes it at once; who must be sure
/// that the peer sees an orderly end waits for shutdown_write() first. What has arrived and was not
/// read (tickets as a rule) close() reads away, at most `read_away_bytes_max`, since it would turn
/// the end into a reset.
///
/// Writes are encrypted `batch_bytes_max` at a time into one write to the stream below. Cancelling
/// follows ByteStream: a cancelled read loses nothing, after a cancelled write only closing is
/// left. A cancelled read leaves one read of the stream below under way. Errors: as the stream
/// below, and reset for whatever breaks TLS.
class Stream final : public ByteStream {
 public:
  static constexpr std::size_t batch_bytes_max = 128 << 10;
  static constexpr std::size_t read_away_bytes_max = 64 << 10;

  Stream(std::unique_ptr<ByteStream> below, std::unique_ptr<Engine> engine)
      : below_(std::move(below)), engine_(std::move(engine)) {}
  ~Stream() override { close(); }

  Deferred<Bytes> read(std::size_t bytes_max) override;
  Deferred<void> write(BytesList bytes) override;
  Deferred<void> shutdown_write() override;
  void close() override;
  void abort() override;
  Address local_address() const override { return below_->local_address(); }
  Address peer_address() const override { return below_->peer_address(); }
  bool broken() const override;
  std::string_view protocol() const override { return engine_->alpn(); }
  std::optional<std::uint64_t> delivered() const override { return below_->delivered(); }

  /// True if the handshake went on with an earlier session.
  bool resumed() const { return engine_->resumed(); }
  /// "TLSv1.2" or "TLSv1.3".
  std::string version() const { return std::string(engine_->version()); }
  /// On the server: the name that the client asked for; empty if none.
  std::string server_name() const { return std::string(engine_->server_name()); }
  /// What the peer has shown, and was verified; on the server nothing unless clients are asked.
  std::optional<PeerCertificate> peer_certificate() const { return engine_->peer_certificate(); }

 private:
  class ReadOperation;
  class WriteOperation;
  struct Arrived final : ReadyNode {
    explicit Arrived(Stream& stream) : stream(stream) {}
    void run() override { stream.on_arrived(); }
    Stream& stream;
  };
  struct Taken final : ReadyNode {
    explicit Taken(Stream& stream) : stream(stream) {}
    void run() override { stream.on_taken(); }
    Stream& stream;
  };

  /// The answer to a read; nothing while the peer has to send more.
  std::optional<Result<Bytes>> try_read(std::size_t bytes_max);
  /// Takes what has come from below; false while nothing has.
  bool receive();
  void absorb(Result<Bytes> bytes);
  void on_arrived();
  /// Sends what there is; false while the stream below has not taken it.
  bool send();
  void on_taken();
  /// The result of a write, or its end once all is taken.
  Deferred<void> finish_sending();
  void cut_write();
  /// TLS itself broke, both ways.
  void fail(const Error& error);
  void let_go(bool reset);
  void say_goodbye();
  /// True if the peer has sent more than control messages.
  bool look();

  std::unique_ptr<ByteStream> below_;
  std::unique_ptr<Engine> engine_;
  bool closed_ = false;
  bool half_ended_ = false;  // our half
  bool write_cut_ = false;   // a write was cancelled: what the peer got so far is no whole
  bool peer_ended_ = false;  // its half, in order
  std::optional<Error> read_failure_;
  std::optional<Error> write_failure_;
  BytesList unsent_;  // of the write under way
  ReadOperation* reading_ = nullptr;
  WriteOperation* writing_ = nullptr;
  Deferred<Bytes> incoming_;  // a read of the stream below
  Deferred<void> outgoing_;   // a write to it
  Arrived arrived_{*this};
  Taken taken_{*this};
};

}  // namespace berth::tls
