#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tls/openssl.h"

namespace berth {
class Json;
}

namespace berth::proxy::gateway {

/// The signature algorithms of JSON Web Algorithms (RFC 7518 section 3.1, RFC 8037) that are taken.
/// "none" is not among them.
enum class Algorithm : std::uint8_t {
  hs256,
  hs384,
  hs512,
  rs256,
  rs384,
  rs512,
  ps256,
  ps384,
  ps512,
  es256,
  es384,
  eddsa,
};
std::string_view name_of(Algorithm algorithm);
std::optional<Algorithm> algorithm_called(std::string_view name);

/// The keys that tokens may be signed with: a JSON Web Key Set (RFC 7517). Keys for another use
/// than signatures and of unknown kinds are left out, as section 5 says. Immutable; any thread.
class KeySet {
 public:
  static constexpr std::size_t keys_max = 256;
  static constexpr std::size_t rsa_bits_min = 2048;  // RFC 7518 section 3.3
  static constexpr std::size_t rsa_bits_max = 16384;

  /// Errors: invalid, which tells the key and what is wrong with it; a set without a usable key.
  static Result<KeySet> parse(std::string_view json);
  /// One secret for HS256 and its like; at least 32 bytes (RFC 7518 section 3.2).
  static Result<KeySet> of_secret(std::string_view secret);

  std::size_t size() const { return keys_.size(); }

  enum class Verdict : std::uint8_t { good, wrong, no_such_key };
  /// Whether one of the keys that fit algorithm and id (empty: any) has signed `message`. A key
  /// serves the algorithms of its own kind only, so no public key is ever taken for a secret.
  Verdict verify(Algorithm algorithm, std::string_view id, std::string_view message,
                 std::string_view signature) const;

 private:
  enum class Kind : std::uint8_t { secret, rsa, ec256, ec384, ed25519 };
  struct Key {
    Kind kind = Kind::secret;
    std::string id;
    std::optional<Algorithm> only;  // its "alg"
    std::string secret;
    std::shared_ptr<evp_pkey_st> key;
  };
  static bool serves(Kind kind, Algorithm algorithm);
  static bool verified(const Key& key, Algorithm algorithm, std::string_view message,
                       std::string_view signature);
  static Result<std::optional<Key>> read(const Json& json);

  std::vector<Key> keys_;
};

/// base64url without padding (RFC 7515 section 2), strictly. Errors: invalid.
Result<std::string> base64url_decode(std::string_view text);

}  // namespace berth::proxy::gateway
