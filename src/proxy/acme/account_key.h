#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "tls/openssl.h"

namespace berth::proxy::acme {

/// base64url without padding (RFC 7515 section 2).
std::string base64url_encode(std::string_view bytes);

/// The key of an account at an ACME directory: P-256, for JWS with ES256 (RFC 7518 section 3.4). A
/// plain value; copies share the key.
class AccountKey {
 public:
  static AccountKey make();
  /// Errors: invalid; a key of another kind too.
  static Result<AccountKey> from_pem(const std::string& text);
  std::string pem() const;

  /// The public half as a JWK, its members in the order of RFC 7638.
  std::string jwk() const;
  /// Of that (RFC 7638).
  std::string thumbprint() const;
  /// What a challenge of this token is answered with (RFC 8555 section 8.1).
  std::string authorize(std::string_view token) const {
    return std::string(token) + "." + thumbprint();
  }
  /// A request's content: a JWS in the flattened JSON form (RFC 8555 section 6.2). `url` is where
  /// it goes; `account` its URL there, empty: the key itself is told. An empty payload is
  /// POST-as-GET.
  std::string sign(std::string_view url, std::string_view nonce, std::string_view account,
                   std::string_view payload) const;

 private:
  explicit AccountKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}

  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace berth::proxy::acme
