#include "proxy/acme/certificate.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>

#include "base/check.h"
#include "proxy/acme/pem_text.h"
#include "tls/certificate.h"

namespace berth::proxy::acme {
namespace {

struct Free {
  void operator()(X509_REQ* each) const { X509_REQ_free(each); }
  void operator()(X509_EXTENSION* each) const { X509_EXTENSION_free(each); }
  void operator()(stack_st_X509_EXTENSION* each) const {
    sk_X509_EXTENSION_pop_free(each, X509_EXTENSION_free);
  }
};
template <class T>
using Holder = std::unique_ptr<T, Free>;

tls::Owned<evp_pkey_st> make_key() {
  tls::Owned<evp_pkey_st> key(EVP_EC_gen("P-256"));
  check(key != nullptr, "OpenSSL makes no key");
  return key;
}

/// Names are those of DNS: no character of theirs means something to OpenSSL's reader.
Holder<X509_EXTENSION> names_extension(const std::vector<std::string>& names) {
  std::string text;
  for (auto& name : names) text += (text.empty() ? "DNS:" : ",DNS:") + name;
  Holder<X509_EXTENSION> made(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, text.c_str()));
  check(made != nullptr, "a name that no certificate can have");
  return made;
}

Result<WallTime> time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (!time || ASN1_TIME_to_tm(time, &parts) != 1) {
    return Error(Code::invalid, "it has no time that can be read");
  }
  using namespace std::chrono;
  sys_days day = year(parts.tm_year + 1900) / (parts.tm_mon + 1) / parts.tm_mday;
  auto whole = day + hours(parts.tm_hour) + minutes(parts.tm_min) + seconds(parts.tm_sec);
  auto since = duration_cast<seconds>(whole.time_since_epoch()).count();
  constexpr std::int64_t most = 9'000'000'000;  // nanoseconds in 64 bits end in 2262
  return WallTime{std::clamp<std::int64_t>(since, 0, most) * 1'000'000'000};
}

std::time_t seconds_of(WallTime time) {
  return static_cast<std::time_t>(time.nanoseconds / 1'000'000'000);
}

}  // namespace

SigningRequest SigningRequest::make(const std::vector<std::string>& names) {
  auto key = make_key();
  Holder<X509_REQ> request(X509_REQ_new());
  Holder<stack_st_X509_EXTENSION> extensions(sk_X509_EXTENSION_new_null());
  sk_X509_EXTENSION_push(extensions.get(), names_extension(names).release());
  bool good = X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
              X509_REQ_set_pubkey(request.get(), key.get()) == 1 &&
              X509_REQ_add_extensions(request.get(), extensions.get()) == 1 &&
              X509_REQ_sign(request.get(), key.get(), EVP_sha256()) > 0;
  check(good, "OpenSSL makes no signing request");
  unsigned char* der = nullptr;
  int size = i2d_X509_REQ(request.get(), &der);
  check(size > 0, "OpenSSL writes no signing request");
  std::string text(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return {pem_of(*key), std::move(text)};
}

tls::CertificatePem pair_of(std::string text, std::string path) {
  tls::Pem chain{text, path};
  return {std::move(chain), {std::move(text), std::move(path)}};
}

Result<Validity> validity_of(const tls::CertificatePem& pem,
                             const std::vector<std::string>& names) {
  tls::Certificate certificate = TRY(tls::parse_certificate(pem));
  for (auto& name : names) {
    if (std::ranges::find(certificate.names, name) != certificate.names.end()) continue;
    return Error(Code::invalid, "the certificate is not for " + name);
  }
  const X509* leaf = certificate.leaf.get();
  Validity out{TRY(time_of(X509_get0_notBefore(leaf))), TRY(time_of(X509_get0_notAfter(leaf)))};
  if (out.until <= out.from) return Error(Code::invalid, "the certificate ends before it begins");
  return out;
}

tls::CertificatePem placeholder(const std::vector<std::string>& names, WallTime now) {
  auto key = make_key();
  tls::Owned<x509_st> made(X509_new());
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  ASN1_TIME_set(X509_getm_notBefore(made.get()), seconds_of(now - 24h));
  ASN1_TIME_set(X509_getm_notAfter(made.get()), seconds_of(now + 365 * 24h));
  static constexpr char words[] = "Berth: no certificate yet";
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(words), -1, -1, 0);
  X509_set_issuer_name(made.get(), X509_get_subject_name(made.get()));
  X509_set_pubkey(made.get(), key.get());
  auto extension = names_extension(names);
  X509_add_ext(made.get(), extension.get(), -1);
  check(X509_sign(made.get(), key.get(), EVP_sha256()) > 0, "OpenSSL signs no certificate");
  return {{pem_of(*made), ""}, {pem_of(*key), ""}};
}

}  // namespace berth::proxy::acme
