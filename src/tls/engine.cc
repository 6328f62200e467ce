#include "tls/engine.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "tls/session_cache.h"

namespace berth::tls {

/// The BIO between OpenSSL and an Engine's bytes: it never blocks and never ends.
struct Engine::Bio {
  static Engine& engine(BIO* bio) { return *static_cast<Engine*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* to, std::size_t size, std::size_t* got) {
    BIO_clear_retry_flags(bio);
    Bytes& input = engine(bio).input_;
    *got = std::min(size, input.size());
    if (*got == 0) {
      BIO_set_retry_read(bio);
      return 0;
    }
    std::memcpy(to, input.data(), *got);
    input.remove_prefix(*got);
    if (input.empty()) input = Bytes();
    return 1;
  }
  static int write(BIO* bio, const char* from, std::size_t size, std::size_t* taken) {
    BIO_clear_retry_flags(bio);
    engine(bio).append(from, size);
    *taken = size;
    return 1;
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }
  static BIO_METHOD* make_method() {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "berth");
    BIO_meth_set_read_ex(made, read);
    BIO_meth_set_write_ex(made, write);
    BIO_meth_set_ctrl(made, control);
    return made;
  }
  static BIO* make(Engine& engine) {
    static BIO_METHOD* method = make_method();
    BIO* bio = BIO_new(method);
    check(bio, "out of memory");
    BIO_set_data(bio, &engine);
    BIO_set_init(bio, 1);
    return bio;
  }
  /// Counts the messages of the peer that are no data.
  static void seen(int write, int, int type, const void*, std::size_t, SSL*, void* argument) {
    auto* engine = static_cast<Engine*>(argument);
    if (!write && type == SSL3_RT_HANDSHAKE && engine->established_) ++engine->messages_;
  }
};

Engine::Engine(Owned<ssl_st> ssl, std::shared_ptr<const void> keeps,
               std::shared_ptr<SessionCache> sessions, std::string session_key)
    : keeps_(std::move(keeps)),
      sessions_(std::move(sessions)),
      session_key_(std::move(session_key)),
      ssl_(std::move(ssl)) {
  BIO* bio = Bio::make(*this);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_msg_callback(ssl_.get(), Bio::seen);
  SSL_set_msg_callback_arg(ssl_.get(), this);
}

Engine::~Engine() {
  // Otherwise OpenSSL would take a session whose connection was cut as no longer good.
  SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  if (block_) block_->release();
}

Result<Engine::Progress> Engine::handshake() {
  ERR_clear_error();
  int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    established_ = true;
    // A session of TLS 1.2 that was renewed is not told as a new one, and the old one is void.
    bool renewed = sessions_ && resumed() && SSL_version(ssl_.get()) < TLS1_3_VERSION;
    // A ticket sent now would be unread where a client writes and closes, which resets it.
    ticket_owed_ = SSL_is_server(ssl_.get()) && SSL_version(ssl_.get()) >= TLS1_3_VERSION;
    if (renewed) remember(Owned<ssl_session_st>(SSL_get1_session(ssl_.get())));
    return Progress::done;
  }
  if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) return Progress::wants_bytes;
  return failure(result);
}

void Engine::feed(Bytes bytes) {
  check(input_.empty(), "bytes were fed to TLS before it had taken the last");
  input_ = std::move(bytes);
}

std::optional<Result<std::size_t>> Engine::peek() {
  ERR_clear_error();
  char first;
  std::size_t size = 0;
  int result = SSL_peek_ex(ssl_.get(), &first, 1, &size);
  if (flooded()) {
    return Error(Code::reset, "the peer sends control messages of TLS without end; it was cut off");
  }
  if (result == 1) return static_cast<std::size_t>(SSL_pending(ssl_.get()));
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return std::nullopt;
    case SSL_ERROR_ZERO_RETURN:
      return std::size_t{0};
    default:
      return stream_failure(result);
  }
}

std::optional<Result<Bytes>> Engine::read(std::size_t bytes_max) {
  auto next = peek();
  if (!next) return std::nullopt;
  if (!next->ok()) return std::move(*next).error();
  if (**next == 0) return Bytes();
  std::size_t size = std::min(bytes_max, **next);
  Block* block = Block::allocate(size);
  int result = SSL_read_ex(ssl_.get(), block->data(), size, &size);
  Bytes bytes(block, block->data(), size);
  check(result == 1, "TLS had bytes, and has none");
  bytes_read_ += size;
  return bytes;
}

Result<void> Engine::write(BytesList& bytes, std::size_t bytes_max) {
  constexpr std::size_t overhead = 64;  // of a record, at most
  std::size_t left = std::min(bytes_max, bytes.size());
  reserve(left + (left / record_bytes_max + 2) * overhead);
  char gathered[record_bytes_max];
  for (Bytes* piece = bytes.begin(); piece != bytes.end() && left > 0; ++piece) {
    while (!piece->empty() && left > 0) {
      // A whole record, or the last, straight from the piece; pieces of one record are gathered.
      std::size_t size = std::min(piece->size(), left);
      if (size >= record_bytes_max && size < left) size -= size % record_bytes_max;
      if (size >= record_bytes_max || size == left) {
        if (auto done = encrypt(piece->data(), size); !done.ok()) return done;
        piece->remove_prefix(size);
      } else {
        size = 0;
        for (Bytes* next = piece; next != bytes.end() && size < record_bytes_max; ++next) {
          std::size_t part = std::min({next->size(), record_bytes_max - size, left - size});
          std::copy_n(next->data(), part, gathered + size);
          next->remove_prefix(part);
          size += part;
        }
        if (auto done = encrypt(gathered, size); !done.ok()) return done;
      }
      left -= size;
    }
  }
  return {};
}

Result<void> Engine::encrypt(const char* data, std::size_t size) {
  ERR_clear_error();
  if (std::exchange(ticket_owed_, false)) SSL_new_session_ticket(ssl_.get());
  std::size_t written = 0;
  int result = SSL_write_ex(ssl_.get(), data, size, &written);
  if (result != 1) return stream_failure(result);
  check(written == size, "TLS has written a part");
  return {};
}

void Engine::end() {
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
}

void Engine::reserve(std::size_t bytes) {
  if (block_ && block_->capacity() - block_used_ >= bytes) return;
  if (block_) {
    if (block_used_ > 0) {
      output_.add(Bytes(block_, block_->data(), block_used_));
    } else {
      block_->release();
    }
  }
  block_ = Block::allocate(bytes);
  block_used_ = 0;
}

void Engine::append(const char* data, std::size_t size) {
  constexpr std::size_t least = 512;
  if (!block_ || block_->capacity() - block_used_ < size) reserve(std::max(size, least));
  std::memcpy(block_->data() + block_used_, data, size);
  block_used_ += size;
  output_bytes_ += size;
}

BytesList Engine::take_output() {
  if (block_) {
    Block* block = std::exchange(block_, nullptr);
    output_.add(Bytes(block, block->data(), std::exchange(block_used_, 0)));
  }
  output_bytes_ = 0;
  return std::exchange(output_, BytesList());
}

namespace {

/// The alert that the peer has sent ("unknown ca"), if that was the last error.
std::string alert_of(unsigned long code) {
  int reason_number = ERR_GET_REASON(code);
  bool alert = ERR_GET_LIB(code) == ERR_LIB_SSL && reason_number >= SSL_AD_REASON_OFFSET &&
               reason_number < SSL_AD_REASON_OFFSET + 256;
  if (!alert) return {};
  const char* reason = ERR_reason_error_string(code);
  std::string_view text = reason ? reason : "alert without a name";
  std::size_t at = text.find("alert ");
  return std::string(at == text.npos ? text : text.substr(at + 6));
}

std::string advice(int reason) {
  switch (reason) {
    case SSL_R_HTTP_REQUEST:
      return "; the peer speaks HTTP without TLS: use https";
    case SSL_R_WRONG_VERSION_NUMBER:
      return "; what came is not TLS";
    case SSL_R_UNSUPPORTED_PROTOCOL:
      return "; the peer's versions of TLS are too old";
    default:
      return {};
  }
}

}  // namespace

Error Engine::failure(int result) {
  unsigned long code = ERR_peek_last_error();
  int reason = ERR_GET_REASON(code);
  if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_ZERO_RETURN) {
    return Error(Code::reset, "the peer has ended the connection");
  }
  if (std::string alert = alert_of(code); !alert.empty()) {
    ERR_clear_error();
    return Error(Code::refused, "the peer has refused: " + alert);
  }
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    ERR_clear_error();
    return Error(Code::denied,
                 std::string("the peer's certificate is not trusted: ") +
                     X509_verify_cert_error_string(SSL_get_verify_result(ssl_.get())));
  }
  if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
    ERR_clear_error();
    return Error(Code::denied, "the peer has shown no certificate");
  }
  return Error(Code::invalid, openssl_reason() + advice(reason));
}

/// Once the handshake is over whatever breaks the stream is a reset.
Error Engine::stream_failure(int result) {
  Error error = failure(result);
  return Error(Code::reset, "the TLS connection broke: " + error.text());
}

std::string_view Engine::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

bool Engine::resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
std::string_view Engine::version() const { return SSL_get_version(ssl_.get()); }

std::optional<PeerCertificate> Engine::peer_certificate() const {
  const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (!certificate) return std::nullopt;
  return describe(*certificate);
}

std::string_view Engine::server_name() const {
  const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  return name ? name : "";
}

void Engine::remember(Owned<ssl_session_st> session) {
  if (sessions_) sessions_->put(session_key_, std::move(session));
}

}  // namespace berth::tls
