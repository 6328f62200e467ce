#include "proxy/gateway/key_set.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "base/base64.h"
#include "base/json.h"
#include "proxy/gateway/signature.h"

namespace berth::proxy::gateway {
namespace {

constexpr std::string_view algorithm_names[] = {"HS256", "HS384", "HS512", "RS256",
                                                "RS384", "RS512", "PS256", "PS384",
                                                "PS512", "ES256", "ES384", "EdDSA"};

struct Free {
  void operator()(EVP_PKEY_CTX* each) const { EVP_PKEY_CTX_free(each); }
  void operator()(OSSL_PARAM_BLD* each) const { OSSL_PARAM_BLD_free(each); }
  void operator()(OSSL_PARAM* each) const { OSSL_PARAM_free(each); }
  void operator()(BIGNUM* each) const { BN_free(each); }
};
template <class T>
using Holder = std::unique_ptr<T, Free>;
using SharedKey = std::shared_ptr<evp_pkey_st>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Holder<BIGNUM> number_of(std::string_view bytes) {
  return Holder<BIGNUM>(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

/// A public key from its numbers.
Result<SharedKey> key_from(const char* type, OSSL_PARAM_BLD* builder) {
  Holder<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(builder));
  Holder<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return Error(Code::invalid, "its numbers are no key: " + tls::openssl_reason());
  }
  return SharedKey(key, tls::OpensslFree());
}

Result<std::string> member(const Json& json, std::string_view name) {
  auto* text = json[name].string();
  if (!text) return Error(Code::invalid, "'" + std::string(name) + "' is missing");
  auto bytes = base64url_decode(*text);
  if (!bytes.ok() || bytes->empty()) {
    return Error(Code::invalid, "'" + std::string(name) + "' is no base64url");
  }
  return bytes;
}

Result<SharedKey> rsa_key(const Json& json) {
  std::string n = TRY(member(json, "n"));
  std::string e = TRY(member(json, "e"));
  while (n.starts_with('\0')) n.erase(0, 1);
  if (n.size() * 8 < KeySet::rsa_bits_min || n.size() * 8 > KeySet::rsa_bits_max || e.size() > 8) {
    return Error(Code::invalid, "an RSA key has 2048 to 16384 bits");
  }
  auto modulus = number_of(n);
  auto exponent = number_of(e);
  Holder<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  return key_from("RSA", builder.get());
}

/// `size` bytes for each coordinate (RFC 7518 section 6.2.1.2).
Result<SharedKey> curve_key(const Json& json, const char* group, std::size_t size) {
  std::string x = TRY(member(json, "x"));
  std::string y = TRY(member(json, "y"));
  if (x.size() != size || y.size() != size) {
    return Error(Code::invalid, "its coordinates are not as long as the curve's");
  }
  std::string point = "\x04" + x + y;
  Holder<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  return key_from("EC", builder.get());
}

Result<SharedKey> edwards_key(const Json& json) {
  std::string x = TRY(member(json, "x"));
  EVP_PKEY* key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(x), x.size());
  if (!key) return Error(Code::invalid, "'x' is no Ed25519 key: " + tls::openssl_reason());
  return SharedKey(key, tls::OpensslFree());
}

Result<std::string> secret_of(const Json& json) {
  std::string secret = TRY(member(json, "k"));
  if (secret.size() < 32) return Error(Code::invalid, "a secret has at least 32 bytes");
  return secret;
}

}  // namespace

std::string_view name_of(Algorithm algorithm) {
  return algorithm_names[static_cast<std::size_t>(algorithm)];
}

std::optional<Algorithm> algorithm_called(std::string_view name) {
  for (std::size_t i = 0; i < std::size(algorithm_names); ++i) {
    if (algorithm_names[i] == name) return static_cast<Algorithm>(i);
  }
  return std::nullopt;
}

Result<std::string> base64url_decode(std::string_view text) {
  std::string plain(text);
  for (char& c : plain) {
    if (c == '+' || c == '/' || c == '=') return Error(Code::invalid, "no base64url");
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  while (plain.size() % 4 != 0) plain += '=';
  return base64_decode(plain);
}

/// Nothing for a key that is of no use here.
Result<std::optional<KeySet::Key>> KeySet::read(const Json& json) {
  auto text = [&](std::string_view name) { return json[name].string_or(""); };
  std::string_view use = text("use");
  if (!use.empty() && use != "sig") return std::optional<Key>();
  Key key;
  key.id = text("kid");
  if (std::string_view name = text("alg"); !name.empty()) {
    key.only = algorithm_called(name);
    if (!key.only) return std::optional<Key>();
  }
  std::string_view type = text("kty");
  std::string_view curve = text("crv");
  if (type == "oct") {
    key.secret = TRY(secret_of(json));
  } else if (type == "RSA") {
    key.kind = Kind::rsa;
    key.key = TRY(rsa_key(json));
  } else if (type == "EC" && (curve == "P-256" || curve == "P-384")) {
    bool small = curve == "P-256";
    key.kind = small ? Kind::ec256 : Kind::ec384;
    key.key = TRY(curve_key(json, small ? "P-256" : "P-384", small ? 32 : 48));
  } else if (type == "OKP" && curve == "Ed25519") {
    key.kind = Kind::ed25519;
    key.key = TRY(edwards_key(json));
  } else {
    return std::optional<Key>();
  }
  return std::optional<Key>(std::move(key));
}

Result<KeySet> KeySet::parse(std::string_view text) {
  JsonLimits limits;
  limits.text_bytes_max = 1 << 20;
  limits.depth_max = 16;
  Json json = TRY(Json::parse(text, limits));
  auto& keys = json["keys"];
  if (!keys.is_array()) return Error(Code::invalid, "a key set has an array 'keys'");
  if (keys.items().size() > keys_max) return Error(Code::invalid, "more than 256 keys");
  KeySet set;
  for (std::size_t i = 0; i < keys.items().size(); ++i) {
    auto key = read(keys.items()[i]);
    if (!key.ok()) {
      return std::move(key).error().during("reading keys[" + std::to_string(i) + "]");
    }
    if (*key) set.keys_.push_back(std::move(**key));
  }
  if (set.keys_.empty()) return Error(Code::invalid, "the key set has no key for signatures");
  return set;
}

Result<KeySet> KeySet::of_secret(std::string_view secret) {
  if (secret.size() < 32) return Error(Code::invalid, "a secret has at least 32 bytes");
  KeySet set;
  set.keys_.push_back({Kind::secret, "", std::nullopt, std::string(secret), nullptr});
  return set;
}

bool KeySet::serves(Kind kind, Algorithm algorithm) {
  switch (kind) {
    case Kind::secret:
      return algorithm <= Algorithm::hs512;
    case Kind::rsa:
      return algorithm >= Algorithm::rs256 && algorithm <= Algorithm::ps512;
    case Kind::ec256:
      return algorithm == Algorithm::es256;
    case Kind::ec384:
      return algorithm == Algorithm::es384;
    case Kind::ed25519:
      return algorithm == Algorithm::eddsa;
  }
  return false;
}

bool KeySet::verified(const Key& key, Algorithm algorithm, std::string_view message,
                      std::string_view signature) {
  if (key.kind == Kind::secret) return hmac_fits(algorithm, key.secret, message, signature);
  return signature_fits(algorithm, *key.key, message, signature);
}

KeySet::Verdict KeySet::verify(Algorithm algorithm, std::string_view id, std::string_view message,
                               std::string_view signature) const {
  bool any = false;
  for (auto& key : keys_) {
    if (!serves(key.kind, algorithm) || (key.only && *key.only != algorithm)) continue;
    if (!id.empty() && !key.id.empty() && key.id != id) continue;
    any = true;
    if (verified(key, algorithm, message, signature)) return Verdict::good;
  }
  return any ? Verdict::wrong : Verdict::no_such_key;
}

}  // namespace berth::proxy::gateway
