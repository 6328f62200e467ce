#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "tls/openssl.h"
#include "tls/pem.h"

namespace berth::tls {

/// What a peer has shown and proved to be its own.
struct PeerCertificate {
  std::string subject;             // RFC 2253: "CN=orders,O=Shop"
  std::string common_name;         // of the subject; may be empty
  std::vector<std::string> names;  // its DNS names
  std::string fingerprint;         // SHA-256 of its DER form, 64 lower-case hexadecimal digits
};

PeerCertificate describe(const x509_st& certificate);

/// A certificate that a side may show.
struct Certificate {
  Owned<x509_st> leaf;
  Owned<stack_st_X509> chain;  // above the leaf
  Owned<evp_pkey_st> key;
  /// The DNS names it is for, in lower case, "*.example.com" among them; without any, its common
  /// name.
  std::vector<std::string> names;
};

/// Errors: invalid, which names the file and what is wrong with it.
Result<Certificate> parse_certificate(const CertificatePem& pem);

/// Those that `context` trusts from now on, besides what it trusted. Errors: invalid.
Result<void> trust(ssl_ctx_st& context, const Pem& authorities);

}  // namespace berth::tls
