#include "tls/context_settings.h"

#include <openssl/ssl.h>

#include "base/check.h"

namespace berth::tls {

namespace {
int number_of(Version version) {
  return version == Version::tls1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
}
}  // namespace

Owned<ssl_ctx_st> make_context(Version least, Version most) {
  Owned<ssl_ctx_st> context(SSL_CTX_new(TLS_method()));
  check(context != nullptr, "OpenSSL gives no context");
  SSL_CTX_set_min_proto_version(context.get(), number_of(least));
  SSL_CTX_set_max_proto_version(context.get(), number_of(most));
  SSL_CTX_set_options(context.get(),
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  check(SSL_CTX_set_cipher_list(context.get(), "ECDHE+AESGCM:ECDHE+CHACHA20") == 1,
        "OpenSSL knows no cipher that is asked for");
  return context;
}

Result<std::string> alpn_list(const std::vector<std::string>& protocols) {
  std::string list;
  for (const std::string& each : protocols) {
    if (each.empty() || each.size() > 255) {
      return Error(Code::invalid, "an ALPN protocol has 1 to 255 bytes: '" + each + "'");
    }
    list += static_cast<char>(each.size());
    list += each;
  }
  if (list.size() > 65535) return Error(Code::invalid, "more ALPN protocols than can be sent");
  return list;
}

void verify_at(ssl_st& ssl, WallTime now) {
  X509_VERIFY_PARAM_set_time(SSL_get0_param(&ssl), now.nanoseconds / 1'000'000'000);
}

}  // namespace berth::tls
