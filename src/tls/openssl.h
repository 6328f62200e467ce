#pragma once

#include <memory>
#include <string>

struct evp_pkey_st;
struct ssl_ctx_st;
struct ssl_session_st;
struct ssl_st;
struct stack_st_X509;
struct x509_st;

namespace berth::tls {

/// OpenSSL's objects as values with one owner, so that its headers stay in .cc files.
struct OpensslFree {
  void operator()(evp_pkey_st* key) const noexcept;
  void operator()(ssl_ctx_st* context) const noexcept;
  void operator()(ssl_session_st* session) const noexcept;
  void operator()(ssl_st* ssl) const noexcept;
  void operator()(stack_st_X509* chain) const noexcept;
  void operator()(x509_st* certificate) const noexcept;
};
template <class T>
using Owned = std::unique_ptr<T, OpensslFree>;

/// What this thread's error queue of OpenSSL says last, in words; empties it.
std::string openssl_reason();

}  // namespace berth::tls
