#include "tls/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/strings.h"

namespace berth::tls {
namespace {

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using BioPointer = std::unique_ptr<BIO, BioFree>;

BioPointer open(const std::string& text) {
  return BioPointer(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Error bad(const Pem& pem, std::string_view why) {
  return Error(Code::invalid, pem.source() + ": " + std::string(why));
}

/// A key with a password is refused; without this OpenSSL would ask for it on the terminal.
int no_password(char*, int, int, void*) { return -1; }

/// Every certificate in the text; an error where one cannot be read, or where there is none.
Result<Owned<stack_st_X509>> parse_all(const Pem& pem) {
  ERR_clear_error();
  if (pem.text.size() > pem_bytes_max) return bad(pem, "is longer than a PEM file may be");
  auto text = open(pem.text);
  Owned<stack_st_X509> all(sk_X509_new_null());
  while (X509* next = PEM_read_bio_X509(text.get(), nullptr, no_password, nullptr)) {
    sk_X509_push(all.get(), next);
  }
  bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  std::string reason = openssl_reason();
  if (!at_end) return bad(pem, "has a certificate that cannot be read: " + reason);
  if (sk_X509_num(all.get()) == 0) return bad(pem, "has no certificate in PEM form");
  return all;
}

Result<Owned<evp_pkey_st>> parse_key(const Pem& pem) {
  ERR_clear_error();
  auto text = open(pem.text);
  Owned<evp_pkey_st> key(PEM_read_bio_PrivateKey(text.get(), nullptr, no_password, nullptr));
  if (key) return key;
  if (pem.text.find("ENCRYPTED") != std::string::npos) {
    return bad(pem, "has a key with a password; give one without: openssl pkey -in OLD -out NEW");
  }
  return bad(pem, "has no private key in PEM form: " + openssl_reason());
}

std::string text_of(const ASN1_STRING* text) {
  unsigned char* out = nullptr;
  int size = ASN1_STRING_to_UTF8(&out, text);
  if (size < 0) return {};
  std::string copy(reinterpret_cast<char*>(out), static_cast<std::size_t>(size));
  OPENSSL_free(out);
  return copy;
}

std::string common_name_of(const X509& certificate) {
  X509_NAME* subject = X509_get_subject_name(&certificate);
  int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

std::vector<std::string> dns_names_of(const X509& certificate) {
  std::vector<std::string> names;
  auto* all = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
    if (name->type == GEN_DNS) names.push_back(lower(text_of(name->d.dNSName)));
  }
  GENERAL_NAMES_free(all);
  return names;
}

std::string subject_of(const X509& certificate) {
  BioPointer out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), X509_get_subject_name(&certificate), 0,
                     XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* text = nullptr;
  long size = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

}  // namespace

PeerCertificate describe(const x509_st& certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  X509_digest(&certificate, EVP_sha256(), digest, &size);
  std::string fingerprint;
  for (unsigned i = 0; i < size; ++i) {
    fingerprint += "0123456789abcdef"[digest[i] >> 4];
    fingerprint += "0123456789abcdef"[digest[i] & 15];
  }
  return {subject_of(certificate), common_name_of(certificate), dns_names_of(certificate),
          std::move(fingerprint)};
}

Result<Certificate> parse_certificate(const CertificatePem& pem) {
  Certificate made;
  made.chain = TRY(parse_all(pem.chain));
  made.leaf.reset(sk_X509_shift(made.chain.get()));
  made.key = TRY(parse_key(pem.key));
  if (X509_check_private_key(made.leaf.get(), made.key.get()) != 1) {
    ERR_clear_error();
    return bad(pem.key, "is not the key of the first certificate in " + pem.chain.source());
  }
  made.names = dns_names_of(*made.leaf);
  std::string common_name = lower(common_name_of(*made.leaf));
  if (made.names.empty() && !common_name.empty()) made.names.push_back(std::move(common_name));
  return made;
}

Result<void> trust(ssl_ctx_st& context, const Pem& authorities) {
  auto all = TRY(parse_all(authorities));
  X509_STORE* store = SSL_CTX_get_cert_store(&context);
  for (int i = 0; i < sk_X509_num(all.get()); ++i) {
    if (X509_STORE_add_cert(store, sk_X509_value(all.get(), i)) != 1) {
      return bad(authorities, "has a certificate that cannot be trusted: " + openssl_reason());
    }
  }
  return {};
}

}  // namespace berth::tls
