#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "proxy/gateway/key_set.h"

namespace berth::proxy::gateway {

/// What a JSON Web Token must be to be believed (RFC 7519, and RFC 8725's advice).
struct JwtRules {
  static constexpr std::size_t token_bytes_max = 16 << 10;

  std::vector<Algorithm> algorithms;   // empty: all that the keys are for
  std::string issuer;                  // "iss"; empty: any
  std::vector<std::string> audiences;  // one of "aud"; empty: any
  Duration leeway = 30s;               // of clocks, for "exp" and "nbf"
  bool expiry_needed = true;           // a token without "exp" is refused
  /// Claims that must be there with this value; of an array one member must be it, of a text its
  /// words ("scope").
  std::vector<std::pair<std::string, std::string>> claims;
};

/// The claims of a token in compact form (RFC 7515 section 7.1) that one of the keys has signed and
/// that keeps the rules. Errors: not_found (no key of that id or kind: the keys may be old), denied
/// with the reason for a 401.
Result<Json> verified_token(std::string_view token, const KeySet& keys, const JwtRules& rules,
                            WallTime now);

}  // namespace berth::proxy::gateway
