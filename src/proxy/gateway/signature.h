#pragma once

#include <string_view>

#include "proxy/gateway/key_set.h"

namespace berth::proxy::gateway {

/// RFC 7518 section 3.2; compared in constant time.
bool hmac_fits(Algorithm algorithm, std::string_view secret, std::string_view message,
               std::string_view signature);
/// RFC 7518 sections 3.3 to 3.5, RFC 8037. The key is of the algorithm's kind.
bool signature_fits(Algorithm algorithm, evp_pkey_st& key, std::string_view message,
                    std::string_view signature);
/// 64 small hexadecimal digits.
std::string sha256_text(std::string_view bytes);

}  // namespace berth::proxy::gateway
