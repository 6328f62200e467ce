#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "tls/certificate.h"
#include "tls/context.h"
#include "tls/openssl.h"

namespace berth::tls {

/// What both sides have in common: versions, ciphers, buffers that are freed when idle, no
/// renegotiation, no compression.
Owned<ssl_ctx_st> make_context(Version least, Version most);

/// A list of protocols as it is sent (RFC 7301 section 3.1). Errors: invalid.
Result<std::string> alpn_list(const std::vector<std::string>& protocols);

/// Certificates are judged as of this time.
void verify_at(ssl_st& ssl, WallTime now);

}  // namespace berth::tls
