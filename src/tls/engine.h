#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "tls/certificate.h"
#include "tls/openssl.h"

namespace berth::tls {

class SessionCache;

/// One side of a TLS connection without I/O: records of the peer are fed in, records for the peer
/// are taken out. OpenSSL reads straight from the bytes fed and writes straight into the block that
/// is sent; both are empty, and OpenSSL's own buffers freed, while nothing is under way.
///
///     handshake() -> wants_bytes: send take_output(), feed() -> ... -> done
///     read(), write(), end() in any order
///
/// After an error only take_output() is left: it has the alert that tells the peer. Belongs to a
/// Stream or a handshake; does not move, since OpenSSL points to it.
class Engine {
 public:
  /// Of messages that are no data (key updates, tickets, refused renegotiations) a peer may send so
  /// many, and one more for each `bytes_per_message` of data; beyond, it is cut off.
  static constexpr std::uint64_t messages_free = 32;
  static constexpr std::uint64_t bytes_per_message = 1 << 20;
  static constexpr std::size_t record_bytes_max = 16384;  // RFC 8446 section 5.1

  enum class Progress : std::uint8_t { done, wants_bytes };

  /// `keeps` is what `ssl` refers to. New sessions go to `sessions` under `session_key`, if there.
  Engine(Owned<ssl_st> ssl, std::shared_ptr<const void> keeps,
         std::shared_ptr<SessionCache> sessions = nullptr, std::string session_key = {});
  Engine(const Engine&) = delete;
  ~Engine();

  /// Errors: denied (the peer's certificate), refused (an alert of the peer), invalid (anything
  /// else).
  Result<Progress> handshake();
  /// What the peer sent; only when bytes are wanted.
  void feed(Bytes bytes);
  /// How many bytes of data read() has at once; 0 after close_notify; nothing while bytes are
  /// wanted. Takes in control messages. Errors: reset.
  std::optional<Result<std::size_t>> peek();
  /// Data of one record, `bytes_max` at most, else as peek.
  std::optional<Result<Bytes>> read(std::size_t bytes_max);
  /// Encrypts the first `bytes_max` of `bytes` and removes them from it: small pieces share
  /// records. Errors: reset.
  Result<void> write(BytesList& bytes, std::size_t bytes_max);
  /// Adds close_notify to the output.
  void end();

  bool has_output() const { return output_bytes_ > 0; }
  BytesList take_output();
  /// True if bytes were fed that were not looked at.
  bool has_input() const { return !input_.empty(); }

  std::string_view alpn() const;
  bool resumed() const;
  /// "TLSv1.3".
  std::string_view version() const;
  std::optional<PeerCertificate> peer_certificate() const;
  /// The name that the client asked for; empty if none.
  std::string_view server_name() const;
  void remember(Owned<ssl_session_st> session);

 private:
  struct Bio;
  friend struct Bio;

  /// Room for `bytes` more of output in one block.
  void reserve(std::size_t bytes);
  void append(const char* data, std::size_t size);
  Error failure(int result);
  Error stream_failure(int result);
  Result<void> encrypt(const char* data, std::size_t size);
  bool flooded() const { return messages_ > messages_free + bytes_read_ / bytes_per_message; }

  Bytes input_;
  BytesList output_;
  Block* block_ = nullptr;  // the last of the output, not in `output_` yet
  std::size_t block_used_ = 0;
  std::size_t output_bytes_ = 0;
  std::uint64_t messages_ = 0;  // after the handshake
  std::uint64_t bytes_read_ = 0;
  bool established_ = false;
  bool ticket_owed_ = false;  // to a client of TLS 1.3

  std::shared_ptr<const void> keeps_;
  std::shared_ptr<SessionCache> sessions_;
  std::string session_key_;
  Owned<ssl_st> ssl_;
};

}  // namespace berth::tls
