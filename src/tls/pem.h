#pragma once

#include <string>

#include "async/disk.h"

namespace berth::tls {

/// Certificates or a key as PEM (RFC 7468), and the file they are from.
struct Pem {
  std::string text;
  std::string path;  // empty: given as text; such a one is not read anew

  /// "/etc/tls/server.pem", for messages.
  std::string source() const { return path.empty() ? "the given text" : path; }
};

/// A certificate, the chain above it (leaf first, RFC 8446 section 4.4.2), and its private key,
/// which has no password. Keys are RSA, EC or Ed25519.
struct CertificatePem {
  Pem chain;
  Pem key;
};

inline constexpr std::size_t pem_bytes_max = 4 << 20;

/// Errors: those of Disk; overloaded above `pem_bytes_max`.
Deferred<Pem> read_pem(Disk& disk, std::string path);
Deferred<CertificatePem> read_certificate(Disk& disk, std::string chain_path, std::string key_path);

}  // namespace berth::tls
