#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "tls/pem.h"

namespace berth::proxy::acme {

/// A key that was just made (P-256), and what asks for a certificate of it.
struct SigningRequest {
  std::string key;  // PEM
  std::string der;  // PKCS #10 (RFC 2986) with the names as its subjectAltName

  static SigningRequest make(const std::vector<std::string>& names);
};

/// How long a certificate holds.
struct Validity {
  WallTime from;
  WallTime until;
};

/// Certificate, chain and key from one text that has both, as the store keeps them: it is replaced
/// as one, so that no reader sees the key of one and the certificate of another.
tls::CertificatePem pair_of(std::string text, std::string path);

/// Of a certificate whose key fits and that is for all of `names`. Errors: invalid, which says what
/// does not.
Result<Validity> validity_of(const tls::CertificatePem& pem, const std::vector<std::string>& names);

/// What a listener shows until the first certificate is there: signed by itself, so that whoever
/// comes early is told that, and not that nobody listens.
tls::CertificatePem placeholder(const std::vector<std::string>& names, WallTime now);

}  // namespace berth::proxy::acme
