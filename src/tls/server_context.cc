#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <map>
#include <span>

#include "base/strings.h"
#include "tls/context.h"
#include "tls/context_settings.h"
#include "tls/engine.h"
#include "tls/ticket_keys.h"

namespace berth::tls {
namespace {

using Certificates = std::vector<const Certificate*>;

/// All that handshakes with one set of options use; immutable once made.
struct Snapshot {
  ServerOptions options;
  std::shared_ptr<TicketKeys> ticket_keys;
  std::vector<Certificate> certificates;
  std::map<std::string, Certificates, std::less<>> by_name;
  std::string alpn;  // as it is sent
  Owned<ssl_ctx_st> context;

  const Certificates& find(std::string_view name) const {
    std::string wanted = lower(name);
    if (wanted.ends_with('.')) wanted.pop_back();
    auto found = by_name.find(wanted);
    std::size_t dot = wanted.find('.');
    if (found == by_name.end() && dot != wanted.npos) {
      found = by_name.find("*" + wanted.substr(dot));
    }
    if (found == by_name.end()) found = by_name.find("");
    return found->second;
  }
};

const Snapshot& snapshot_of(SSL* ssl) {
  return *static_cast<const Snapshot*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

int choose_certificate(SSL* ssl, void*) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  SSL_certs_clear(ssl);
  for (const Certificate* each : snapshot_of(ssl).find(name ? name : "")) {
    if (SSL_use_cert_and_key(ssl, each->leaf.get(), each->key.get(), each->chain.get(), 1) != 1) {
      return 0;
    }
  }
  return 1;
}

/// Makes OpenSSL keep the name with the session: it is not resumed under another.
int acknowledge_name(SSL* ssl, int*, void*) {
  return SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) ? SSL_TLSEXT_ERR_OK
                                                            : SSL_TLSEXT_ERR_NOACK;
}

int choose_protocol(SSL* ssl, const unsigned char** out, unsigned char* size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  const std::string& ours = snapshot_of(ssl).alpn;
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, size, reinterpret_cast<const unsigned char*>(ours.data()),
                            static_cast<unsigned>(ours.size()), offered,
                            offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

bool set_key(const TicketKeys::Key& key, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
             EVP_MAC_CTX* mac, int seal) {
  char digest[] = "SHA256";
  OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0),
                             OSSL_PARAM_construct_end()};
  return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv, seal) == 1 &&
         EVP_MAC_init(mac, key.mac.data(), key.mac.size(), parameters) == 1;
}

int use_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                   EVP_MAC_CTX* mac, int seal) {
  const TicketKeys& keys = *snapshot_of(ssl).ticket_keys;
  if (seal) {
    TicketKeys::Key key = keys.newest();
    std::ranges::copy(key.name, name);
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
    return set_key(key, iv, cipher, mac, 1) ? 1 : -1;
  }
  auto found = keys.find(std::span<const unsigned char, 16>(name, 16));
  if (!found) return 0;
  if (!set_key(found->key, iv, cipher, mac, 0)) return -1;
  return found->newest ? 1 : 2;  // 2: with a new ticket
}

Result<void> add_certificates(Snapshot& made) {
  if (made.options.certificates.empty()) {
    return Error(Code::invalid, "a TLS server needs a certificate");
  }
  for (const CertificatePem& pem : made.options.certificates) {
    Certificate each = TRY(parse_certificate(pem));
    // OpenSSL's own checks (strength of key and signature), done here and not in a handshake.
    if (SSL_CTX_use_cert_and_key(made.context.get(), each.leaf.get(), each.key.get(),
                                 each.chain.get(), 1) != 1) {
      return Error(Code::invalid, pem.chain.source() + ": " + openssl_reason());
    }
    made.certificates.push_back(std::move(each));
  }
  for (const Certificate& each : made.certificates) {
    for (const std::string& name : each.names) made.by_name[name].push_back(&each);
    if (each.names == made.certificates.front().names) made.by_name[""].push_back(&each);
  }
  return {};
}

/// Tells clients whose certificates are good here (RFC 8446 section 4.2.4), for their choice.
void name_authorities(SSL_CTX& context) {
  auto* all = X509_STORE_get0_objects(SSL_CTX_get_cert_store(&context));
  for (int i = 0; i < sk_X509_OBJECT_num(all); ++i) {
    X509* each = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
    if (each) SSL_CTX_add_client_CA(&context, each);
  }
}

Result<void> add_client_rules(Snapshot& made) {
  const ServerOptions& options = made.options;
  std::string rules = "none";
  if (options.client_certificates != ClientCertificates::none) {
    if (!options.client_authorities) {
      return Error(Code::invalid, "client certificates are asked for, but none are trusted");
    }
    auto trusted = trust(*made.context, *options.client_authorities);
    if (!trusted.ok()) return trusted;
    name_authorities(*made.context);
    bool required = options.client_certificates == ClientCertificates::required;
    SSL_CTX_set_verify(made.context.get(),
                       SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
    rules = (required ? "required" : "optional") + options.client_authorities->text;
  }
  // A session is resumed only under the rules under which it was made.
  unsigned char id[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(rules.data(), rules.size(), id, &size, EVP_sha256(), nullptr);
  SSL_CTX_set_session_id_context(made.context.get(), id, size);
  return {};
}

Result<std::shared_ptr<Snapshot>> make_snapshot(ServerOptions options,
                                                std::shared_ptr<TicketKeys> keys) {
  auto made = std::make_shared<Snapshot>();
  made->options = std::move(options);
  made->ticket_keys = std::move(keys);
  made->context = make_context(made->options.version_min, made->options.version_max);
  made->alpn = TRY(alpn_list(made->options.alpn));
  if (auto added = add_certificates(*made); !added.ok()) return std::move(added).error();
  if (auto added = add_client_rules(*made); !added.ok()) return std::move(added).error();
  SSL_CTX* context = made->context.get();
  SSL_CTX_set_app_data(context, made.get());
  SSL_CTX_set_cert_cb(context, choose_certificate, nullptr);
  SSL_CTX_set_tlsext_servername_callback(context, acknowledge_name);
  if (!made->alpn.empty()) SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, use_ticket_key);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets hold the sessions
  SSL_CTX_set_num_tickets(context, 0);  // of TLS 1.3: the Engine sends one with its first data
  return made;
}

Deferred<void> read_again(Disk& disk, Pem& pem) {
  if (!pem.path.empty()) pem = co_await read_pem(disk, pem.path);
}

}  // namespace

struct ServerContext::State {
  std::shared_ptr<TicketKeys> own_keys;
  std::shared_ptr<const Snapshot> snapshot;

  Result<void> set(ServerOptions options) {
    auto keys = options.ticket_keys;
    if (!keys) {
      if (!own_keys) own_keys = std::make_shared<TicketKeys>();
      keys = own_keys;
    }
    snapshot = TRY(make_snapshot(std::move(options), std::move(keys)));
    return {};
  }
};

Result<ServerContext> ServerContext::make(ServerOptions options) {
  auto state = std::make_shared<State>();
  if (auto set = state->set(std::move(options)); !set.ok()) return std::move(set).error();
  return ServerContext(std::move(state));
}

Result<void> ServerContext::replace(ServerOptions options) {
  return state_->set(std::move(options));
}

Deferred<void> ServerContext::reload(Disk& disk) {
  auto state = state_;
  ServerOptions options = state->snapshot->options;
  for (CertificatePem& each : options.certificates) {
    co_await read_again(disk, each.chain);
    co_await read_again(disk, each.key);
  }
  if (options.client_authorities) co_await read_again(disk, *options.client_authorities);
  co_await or_return(state->set(std::move(options)));
}

const ServerOptions& ServerContext::options() const { return state_->snapshot->options; }

std::unique_ptr<Engine> ServerContext::engine(MonotonicTime now, WallTime wall) const {
  const auto& snapshot = state_->snapshot;
  snapshot->ticket_keys->rotate(now);
  Owned<ssl_st> ssl(SSL_new(snapshot->context.get()));
  check(ssl != nullptr, "out of memory");
  SSL_set_accept_state(ssl.get());
  verify_at(*ssl, wall);
  return std::make_unique<Engine>(std::move(ssl), snapshot);
}

}  // namespace berth::tls
