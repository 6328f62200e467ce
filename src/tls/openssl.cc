#include "tls/openssl.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace berth::tls {

void OpensslFree::operator()(evp_pkey_st* key) const noexcept { EVP_PKEY_free(key); }
void OpensslFree::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }
void OpensslFree::operator()(ssl_session_st* session) const noexcept { SSL_SESSION_free(session); }
void OpensslFree::operator()(ssl_st* ssl) const noexcept { SSL_free(ssl); }
void OpensslFree::operator()(stack_st_X509* chain) const noexcept {
  sk_X509_pop_free(chain, X509_free);
}
void OpensslFree::operator()(x509_st* certificate) const noexcept { X509_free(certificate); }

std::string openssl_reason() {
  unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code ? ERR_reason_error_string(code) : nullptr;
  return reason ? reason : "OpenSSL gives no reason";
}

}  // namespace berth::tls
