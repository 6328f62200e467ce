#pragma once

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/base64.h"

// Keys and tokens for tests: what an issuer does, by OpenSSL's own ways.

namespace berth::proxy::gateway {

inline std::string base64url(std::string_view bytes) {
  std::string text = base64_encode(bytes);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  while (text.ends_with('=')) text.pop_back();
  return text;
}

struct TestKey {
  std::string algorithm;  // "RS256"
  std::string id;
  std::shared_ptr<EVP_PKEY> key;  // null: `secret`
  std::string secret;

  static TestKey make(const std::string& algorithm, const std::string& id) {
    TestKey out{algorithm, id, nullptr, ""};
    EVP_PKEY* key = nullptr;
    if (algorithm.starts_with("HS")) {
      out.secret = "0123456789abcdef0123456789abcdef-" + id;
    } else if (algorithm.starts_with("ES")) {
      key = EVP_EC_gen(algorithm == "ES256" ? "P-256" : "P-384");
    } else if (algorithm == "EdDSA") {
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    } else {
      key = EVP_RSA_gen(2048);
    }
    if (key) out.key = std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free);
    return out;
  }

  std::string number(const char* name) const {
    BIGNUM* value = nullptr;
    EVP_PKEY_get_bn_param(key.get(), name, &value);
    std::string bytes(static_cast<std::size_t>(BN_num_bytes(value)), '\0');
    BN_bn2bin(value, reinterpret_cast<unsigned char*>(bytes.data()));
    BN_free(value);
    return bytes;
  }
  static std::string padded(std::string bytes, std::size_t size) {
    return std::string(size - bytes.size(), '\0') + bytes;
  }

  /// As a member of "keys".
  std::string jwk() const {
    std::string out = "{\"kid\":\"" + id + "\",\"use\":\"sig\",\"alg\":\"" + algorithm + "\",";
    if (!key) return out + "\"kty\":\"oct\",\"k\":\"" + base64url(secret) + "\"}";
    if (algorithm == "EdDSA") {
      unsigned char raw[32];
      std::size_t size = sizeof raw;
      EVP_PKEY_get_raw_public_key(key.get(), raw, &size);
      return out + "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" +
             base64url({reinterpret_cast<char*>(raw), size}) + "\"}";
    }
    if (algorithm.starts_with("ES")) {
      std::size_t size = algorithm == "ES256" ? 32 : 48;
      return out + "\"kty\":\"EC\",\"crv\":\"" + (size == 32 ? "P-256" : "P-384") + "\",\"x\":\"" +
             base64url(padded(number(OSSL_PKEY_PARAM_EC_PUB_X), size)) + "\",\"y\":\"" +
             base64url(padded(number(OSSL_PKEY_PARAM_EC_PUB_Y), size)) + "\"}";
    }
    return out + "\"kty\":\"RSA\",\"n\":\"" + base64url(number(OSSL_PKEY_PARAM_RSA_N)) +
           "\",\"e\":\"" + base64url(number(OSSL_PKEY_PARAM_RSA_E)) + "\"}";
  }

  const EVP_MD* digest() const {
    if (algorithm == "EdDSA") return nullptr;
    if (algorithm.ends_with("384")) return EVP_sha384();
    return algorithm.ends_with("512") ? EVP_sha512() : EVP_sha256();
  }

  std::string sign(const std::string& message) const {
    auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
    if (!key) {
      unsigned char sum[64];
      unsigned size = 0;
      HMAC(digest(), secret.data(), static_cast<int>(secret.size()), bytes, message.size(), sum,
           &size);
      return {reinterpret_cast<char*>(sum), size};
    }
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* settings = nullptr;
    EVP_DigestSignInit(context, &settings, digest(), nullptr, key.get());
    if (algorithm.starts_with("PS")) {
      EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING);
      EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST);
    }
    std::size_t size = 0;
    EVP_DigestSign(context, nullptr, &size, bytes, message.size());
    std::string out(size, '\0');
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &size, bytes,
                   message.size());
    out.resize(size);
    EVP_MD_CTX_free(context);
    if (!algorithm.starts_with("ES")) return out;
    auto* der = reinterpret_cast<const unsigned char*>(out.data());
    ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(out.size()));
    int half = algorithm == "ES256" ? 32 : 48;
    std::string raw(static_cast<std::size_t>(2 * half), '\0');
    auto* to = reinterpret_cast<unsigned char*>(raw.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), to, half);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), to + half, half);
    ECDSA_SIG_free(pair);
    return raw;
  }

  std::string token(const std::string& claims, std::string head = "") const {
    if (head.empty()) {
      head = "{\"typ\":\"JWT\",\"alg\":\"" + algorithm + "\",\"kid\":\"" + id + "\"}";
    }
    std::string message = base64url(head) + "." + base64url(claims);
    return message + "." + base64url(sign(message));
  }
};

inline std::string jwks(const std::vector<TestKey>& keys) {
  std::string out = "{\"keys\":[";
  for (auto& key : keys) out += (&key == keys.data() ? "" : ",") + key.jwk();
  return out + "]}";
}

}  // namespace berth::proxy::gateway
