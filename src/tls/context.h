#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/disk.h"
#include "base/result.h"
#include "base/time.h"
#include "tls/pem.h"

namespace berth::tls {

class Engine;
class TicketKeys;

/// TLS 1.2 (RFC 5246) with forward secrecy and AEAD only, and TLS 1.3 (RFC 8446).
enum class Version : std::uint8_t { tls1_2, tls1_3 };

/// Whether a server asks clients for a certificate. One that is shown must be good, even if it is
/// optional.
enum class ClientCertificates : std::uint8_t { none, optional, required };

struct ServerOptions {
  /// By the name that the client asks for (RFC 6066 section 3): the exact one, else one for
  /// "*.example.com", which stands for one label, else the first. Several for one name (say RSA and
  /// EC) are offered together.
  std::vector<CertificatePem> certificates;
  /// Protocols by preference, e.g. "h2", "http/1.1" (RFC 7301). A client that offers only others is
  /// refused; empty: nothing is negotiated.
  std::vector<std::string> alpn;
  Version version_min = Version::tls1_2;
  Version version_max = Version::tls1_3;
  ClientCertificates client_certificates = ClientCertificates::none;
  std::optional<Pem> client_authorities;  // needed unless `none`
  Duration handshake_timeout = 10s;
  /// Contexts that share them resume each other's sessions; null: keys of its own.
  std::shared_ptr<TicketKeys> ticket_keys;
};

/// What the server side needs for handshakes. Copies share one state. Belongs to one reactor; its
/// streams may outlive it. What a handshake began with it keeps: `replace` is for later ones.
class ServerContext {
 public:
  /// Errors: invalid, with file and reason.
  static Result<ServerContext> make(ServerOptions options);

  /// Swaps in other options, without a restart. On an error nothing has changed.
  Result<void> replace(ServerOptions options);
  /// Reads all files that the options are from once more, and swaps them in. On an error, which
  /// names the file, nothing has changed. Renewing tools write key and certificate one after the
  /// other: a pair that does not match is such an error, and the next reload brings both.
  Deferred<void> reload(Disk& disk);
  const ServerOptions& options() const;

  /// For tls::accept.
  struct State;
  std::unique_ptr<Engine> engine(MonotonicTime now, WallTime wall) const;

 private:
  explicit ServerContext(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

struct ClientOptions {
  /// Who is trusted; nothing: the system's roots (OpenSSL's, or SSL_CERT_FILE and SSL_CERT_DIR).
  std::optional<Pem> authorities;
  std::optional<CertificatePem> certificate;  // shown to servers that ask
  std::vector<std::string> alpn;              // offered, by preference
  Version version_min = Version::tls1_2;
  Version version_max = Version::tls1_3;
  Duration handshake_timeout = 10s;
};

/// What the client side needs for handshakes, and the sessions it may resume. Every server's
/// certificate is verified: its chain, its time (by the injected clock), and the host's name (RFC
/// 9525: DNS names and addresses of the certificate; its common name counts for nothing). Copies
/// share one state. Belongs to one reactor; its streams may outlive it.
class ClientContext {
 public:
  /// Errors: invalid, with file and reason.
  static Result<ClientContext> make(ClientOptions options = {});
  const ClientOptions& options() const;

  /// For tls::connect. `host` is a DNS name or an IP address ("::1" or "[::1]"); sessions are kept
  /// by host and port. `protocols` are offered instead of the options' if there are any. Errors:
  /// invalid (no such host can be verified, no such protocol can be offered).
  struct State;
  Result<std::unique_ptr<Engine>> engine(const std::string& host, std::uint16_t port, WallTime wall,
                                         const std::vector<std::string>& protocols = {}) const;

 private:
  explicit ClientContext(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace berth::tls
