#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <utility>

#include "base/address.h"
#include "tls/context.h"
#include "tls/context_settings.h"
#include "tls/engine.h"
#include "tls/session_cache.h"

namespace berth::tls {
namespace {

int keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* engine = static_cast<Engine*>(SSL_get_app_data(ssl));
  engine->remember(Owned<ssl_session_st>(session));
  return 1;  // the session is ours now
}

Result<void> show(SSL_CTX& context, const CertificatePem& pem) {
  Certificate shown = TRY(parse_certificate(pem));
  if (SSL_CTX_use_cert_and_key(&context, shown.leaf.get(), shown.key.get(), shown.chain.get(), 1) !=
      1) {
    return Error(Code::invalid, pem.chain.source() + ": " + openssl_reason());
  }
  return {};
}

/// Without the brackets of an IPv6 address and the dot at a name's end.
std::string bare(std::string host) {
  if (host.starts_with('[') && host.ends_with(']')) return host.substr(1, host.size() - 2);
  if (host.ends_with('.')) host.pop_back();
  return host;
}

/// The certificate must be for `host`. An address is not sent as a name (RFC 6066 section 3).
Result<void> expect(SSL& ssl, const std::string& host) {
  bool address = host.find(':') != host.npos || Address::parse(host).ok();
  bool good = !host.empty() && host.find('\0') == host.npos;
  if (good && address) {
    good = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(&ssl), host.c_str()) == 1;
  } else if (good) {
    SSL_set_hostflags(&ssl,
                      X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    good = SSL_set1_host(&ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(&ssl, host.c_str());
  }
  if (!good) return Error(Code::invalid, "'" + host + "' is no host that TLS can verify");
  return {};
}

}  // namespace

struct ClientContext::State {
  ClientOptions options;
  Owned<ssl_ctx_st> context;
  std::shared_ptr<SessionCache> sessions = std::make_shared<SessionCache>();
};

Result<ClientContext> ClientContext::make(ClientOptions options) {
  auto state = std::make_shared<State>();
  state->context = make_context(options.version_min, options.version_max);
  SSL_CTX* context = state->context.get();
  if (options.authorities) {
    auto trusted = trust(*context, *options.authorities);
    if (!trusted.ok()) return std::move(trusted).error();
  } else {
    SSL_CTX_set_default_verify_paths(context);
  }
  if (options.certificate) {
    auto shown = show(*context, *options.certificate);
    if (!shown.ok()) return std::move(shown).error();
  }
  std::string alpn = TRY(alpn_list(options.alpn));
  SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(alpn.data()),
                          static_cast<unsigned>(alpn.size()));
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(context, keep_session);
  state->options = std::move(options);
  return ClientContext(std::move(state));
}

const ClientOptions& ClientContext::options() const { return state_->options; }

Result<std::unique_ptr<Engine>> ClientContext::engine(
    const std::string& host, std::uint16_t port, WallTime wall,
    const std::vector<std::string>& protocols) const {
  Owned<ssl_st> ssl(SSL_new(state_->context.get()));
  check(ssl != nullptr, "out of memory");
  SSL_set_connect_state(ssl.get());
  std::string name = bare(host);
  if (auto expected = expect(*ssl, name); !expected.ok()) return std::move(expected).error();
  if (!protocols.empty()) {
    std::string alpn = TRY(alpn_list(protocols));
    SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                        static_cast<unsigned>(alpn.size()));
  }
  verify_at(*ssl, wall);
  std::string key = name + ":" + std::to_string(port);
  if (auto session = state_->sessions->take(key)) SSL_set_session(ssl.get(), session.get());
  return std::make_unique<Engine>(std::move(ssl), state_, state_->sessions, std::move(key));
}

}  // namespace berth::tls
