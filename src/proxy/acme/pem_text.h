#pragma once

#include <string>

#include "base/result.h"
#include "tls/openssl.h"

struct x509_st;

namespace berth::proxy::acme {

/// Private keys and certificates to PEM (RFC 7468) and back. Keys have no password: they are kept
/// in files that only their user may read.
std::string pem_of(const evp_pkey_st& key);
std::string pem_of(const x509_st& certificate);
/// The first private key in the text. Errors: invalid.
Result<tls::Owned<evp_pkey_st>> key_from_pem(const std::string& text);

}  // namespace berth::proxy::acme
