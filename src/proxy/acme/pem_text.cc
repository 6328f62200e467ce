#include "proxy/acme/pem_text.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <memory>

namespace berth::proxy::acme {
namespace {

struct Free {
  void operator()(BIO* each) const { BIO_free(each); }
};
using Text = std::unique_ptr<BIO, Free>;

std::string text_of(BIO* out) {
  char* data = nullptr;
  long size = BIO_get_mem_data(out, &data);
  return {data, static_cast<std::size_t>(size)};
}

/// Without this OpenSSL would ask for a password on the terminal.
int no_password(char*, int, int, void*) { return -1; }

}  // namespace

std::string pem_of(const evp_pkey_st& key) {
  Text out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(out.get(), &key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(out.get());
}

std::string pem_of(const x509_st& certificate) {
  Text out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(out.get(), &certificate);
  return text_of(out.get());
}

Result<tls::Owned<evp_pkey_st>> key_from_pem(const std::string& text) {
  ERR_clear_error();
  Text in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  tls::Owned<evp_pkey_st> key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_password, nullptr));
  if (!key) {
    return Error(Code::invalid, "it has no private key in PEM form: " + tls::openssl_reason());
  }
  return key;
}

}  // namespace berth::proxy::acme
