#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "tls/pem.h"

namespace berth::tls {

/// A certificate authority for tests, with a key of its own that nobody keeps.
class Authority {
 public:
  enum class Kind { ec, rsa, ed25519 };
  struct Wanted {
    std::string common_name;
    std::string names;  // "DNS:a.example,DNS:*.b.example,IP:127.0.0.1"; empty: none
    Kind kind = Kind::ec;
    std::time_t from = 1'577'836'800;   // 2020-01-01
    std::time_t until = 4'102'444'800;  // 2100-01-01
    int rsa_bits = 2048;
  };

  explicit Authority(const std::string& name = "Test CA") : key_(make_key({.kind = Kind::ec})) {
    certificate_ = make({.common_name = name}, key_, "CA:TRUE");
  }
  Authority(const Authority&) = delete;
  ~Authority() {
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }

  Pem pem() const { return {text_of(certificate_), ""}; }
  CertificatePem issue(const Wanted& wanted) const {
    EVP_PKEY* key = make_key(wanted);
    X509* made = make(wanted, key, "CA:FALSE");
    CertificatePem pem{{text_of(made), ""}, {text_of(key), ""}};
    X509_free(made);
    EVP_PKEY_free(key);
    return pem;
  }
  CertificatePem issue_for(const std::string& names) const { return issue({"server", names}); }

 private:
  static EVP_PKEY* make_key(const Wanted& wanted) {
    if (wanted.kind == Kind::ed25519) return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    if (wanted.kind == Kind::ec) return EVP_EC_gen("P-256");
    return EVP_RSA_gen(static_cast<unsigned>(wanted.rsa_bits));
  }
  X509* make(const Wanted& wanted, EVP_PKEY* key, const char* constraints) const {
    static long serial = 1;
    X509* made = X509_new();
    X509_set_version(made, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made), serial++);
    ASN1_TIME_set(X509_getm_notBefore(made), wanted.from);
    ASN1_TIME_set(X509_getm_notAfter(made), wanted.until);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wanted.common_name.c_str()),
                               -1, -1, 0);
    X509_set_issuer_name(made, X509_get_subject_name(certificate_ ? certificate_ : made));
    X509_set_pubkey(made, key);
    extend(made, NID_basic_constraints, constraints);
    if (!wanted.names.empty()) extend(made, NID_subject_alt_name, wanted.names.c_str());
    X509_sign(made, key_, EVP_sha256());
    return made;
  }
  static void extend(X509* certificate, int nid, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  template <class Write>
  static std::string written(Write write) {
    BIO* out = BIO_new(BIO_s_mem());
    write(out);
    char* data = nullptr;
    long size = BIO_get_mem_data(out, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(out);
    return text;
  }
  static std::string text_of(X509* certificate) {
    return written([&](BIO* out) { PEM_write_bio_X509(out, certificate); });
  }
  static std::string text_of(EVP_PKEY* key) {
    return written([&](BIO* out) {
      PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
  }

  EVP_PKEY* key_;
  X509* certificate_ = nullptr;
};

}  // namespace berth::tls
