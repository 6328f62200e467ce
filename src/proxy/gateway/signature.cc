#include "proxy/gateway/signature.h"

#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include "http/authorization.h"

namespace berth::proxy::gateway {
namespace {

struct Free {
  void operator()(EVP_MD_CTX* each) const { EVP_MD_CTX_free(each); }
  void operator()(ECDSA_SIG* each) const { ECDSA_SIG_free(each); }
};

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

const EVP_MD* digest_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::hs256:
    case Algorithm::rs256:
    case Algorithm::ps256:
    case Algorithm::es256:
      return EVP_sha256();
    case Algorithm::hs384:
    case Algorithm::rs384:
    case Algorithm::ps384:
    case Algorithm::es384:
      return EVP_sha384();
    case Algorithm::hs512:
    case Algorithm::rs512:
    case Algorithm::ps512:
      return EVP_sha512();
    case Algorithm::eddsa:
      return nullptr;
  }
  return nullptr;
}

/// The two numbers one behind the other, as JWS has them, to the DER that OpenSSL reads. Empty if
/// they have not the curve's length.
std::string der_of(std::string_view signature, std::size_t size) {
  if (signature.size() != 2 * size) return "";
  std::unique_ptr<ECDSA_SIG, Free> made(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes_of(signature), static_cast<int>(size), nullptr);
  BIGNUM* s = BN_bin2bn(bytes_of(signature) + size, static_cast<int>(size), nullptr);
  ECDSA_SIG_set0(made.get(), r, s);
  int length = i2d_ECDSA_SIG(made.get(), nullptr);
  if (length <= 0) return "";
  std::string der(static_cast<std::size_t>(length), '\0');
  auto* to = reinterpret_cast<unsigned char*>(der.data());
  i2d_ECDSA_SIG(made.get(), &to);
  return der;
}

}  // namespace

std::string sha256_text(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  unsigned char sum[SHA256_DIGEST_LENGTH];
  SHA256(bytes_of(bytes), bytes.size(), sum);
  std::string text;
  for (unsigned char each : sum) {
    text += digits[each >> 4];
    text += digits[each & 15];
  }
  return text;
}

bool hmac_fits(Algorithm algorithm, std::string_view secret, std::string_view message,
               std::string_view signature) {
  unsigned char sum[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (!HMAC(digest_of(algorithm), secret.data(), static_cast<int>(secret.size()), bytes_of(message),
            message.size(), sum, &size)) {
    return false;
  }
  return http::equal_in_constant_time({reinterpret_cast<char*>(sum), size}, signature);
}

bool signature_fits(Algorithm algorithm, evp_pkey_st& key, std::string_view message,
                    std::string_view signature) {
  std::string der;
  if (algorithm == Algorithm::es256 || algorithm == Algorithm::es384) {
    der = der_of(signature, algorithm == Algorithm::es256 ? 32 : 48);
    if (der.empty()) return false;
    signature = der;
  }
  std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;
  bool good =
      EVP_DigestVerifyInit(context.get(), &settings, digest_of(algorithm), nullptr, &key) == 1;
  if (good && algorithm >= Algorithm::ps256 && algorithm <= Algorithm::ps512) {
    good = EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST) == 1;
  }
  good = good && EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(),
                                  bytes_of(message), message.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace berth::proxy::gateway
