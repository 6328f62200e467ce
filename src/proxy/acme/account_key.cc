#include "proxy/acme/account_key.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include <algorithm>

#include "base/base64.h"
#include "base/check.h"
#include "base/json_writer.h"
#include "proxy/acme/pem_text.h"

namespace berth::proxy::acme {
namespace {

constexpr int half = 32;  // bytes of each number of P-256

struct Free {
  void operator()(EVP_MD_CTX* each) const { EVP_MD_CTX_free(each); }
  void operator()(ECDSA_SIG* each) const { ECDSA_SIG_free(each); }
  void operator()(BIGNUM* each) const { BN_free(each); }
};
template <class T>
using Holder = std::unique_ptr<T, Free>;

unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string padded(const BIGNUM* number) {
  std::string out(half, '\0');
  check(BN_bn2binpad(number, bytes_of(out), half) == half, "a number that is not of P-256");
  return out;
}

std::string coordinate(const evp_pkey_st& key, const char* name) {
  BIGNUM* number = nullptr;
  check(EVP_PKEY_get_bn_param(&key, name, &number) == 1, "a key without coordinates");
  Holder<BIGNUM> held(number);
  return base64url_encode(padded(number));
}

/// The two numbers one behind the other.
std::string es256(evp_pkey_st& key, std::string_view message) {
  Holder<EVP_MD_CTX> context(EVP_MD_CTX_new());
  std::size_t size = 0;
  bool good = EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, &key) == 1 &&
              EVP_DigestSign(context.get(), nullptr, &size, bytes_of(message), message.size()) == 1;
  std::string der(size, '\0');
  good = good && EVP_DigestSign(context.get(), bytes_of(der), &size, bytes_of(message),
                                message.size()) == 1;
  check(good, "OpenSSL does not sign");
  const unsigned char* at = bytes_of(std::string_view(der));
  Holder<ECDSA_SIG> pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
  return padded(ECDSA_SIG_get0_r(pair.get())) + padded(ECDSA_SIG_get0_s(pair.get()));
}

}  // namespace

std::string base64url_encode(std::string_view bytes) {
  std::string text = base64_encode(bytes);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  while (text.ends_with('=')) text.pop_back();
  return text;
}

AccountKey AccountKey::make() {
  std::shared_ptr<evp_pkey_st> key(EVP_EC_gen("P-256"), tls::OpensslFree());
  check(key != nullptr, "OpenSSL makes no key");
  return AccountKey(std::move(key));
}

Result<AccountKey> AccountKey::from_pem(const std::string& text) {
  std::shared_ptr<evp_pkey_st> key = TRY(key_from_pem(text));
  char group[32] = {};
  std::size_t size = 0;
  bool good = EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_EC &&
              EVP_PKEY_get_group_name(key.get(), group, sizeof group, &size) == 1 &&
              std::string_view(group) == "prime256v1";
  if (!good) return Error(Code::invalid, "the account's key is not of the curve P-256");
  return AccountKey(std::move(key));
}

std::string AccountKey::pem() const { return pem_of(*key_); }

std::string AccountKey::jwk() const {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().member("crv", "P-256").member("kty", "EC");
  writer.member("x", coordinate(*key_, OSSL_PKEY_PARAM_EC_PUB_X));
  writer.member("y", coordinate(*key_, OSSL_PKEY_PARAM_EC_PUB_Y)).end_object();
  return out;
}

std::string AccountKey::thumbprint() const {
  std::string text = jwk();
  std::string sum(SHA256_DIGEST_LENGTH, '\0');
  SHA256(bytes_of(std::string_view(text)), text.size(), bytes_of(sum));
  return base64url_encode(sum);
}

std::string AccountKey::sign(std::string_view url, std::string_view nonce, std::string_view account,
                             std::string_view payload) const {
  std::string head;
  JsonWriter fields(head);
  fields.begin_object().member("alg", "ES256");
  if (account.empty()) {
    fields.key("jwk").raw(jwk());
  } else {
    fields.member("kid", account);
  }
  fields.member("nonce", nonce).member("url", url).end_object();
  std::string protected_head = base64url_encode(head);
  std::string content = base64url_encode(payload);
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().member("protected", protected_head).member("payload", content);
  std::string signature = es256(*key_, protected_head + "." + content);
  writer.member("signature", base64url_encode(signature)).end_object();
  return out;
}

}  // namespace berth::proxy::acme
