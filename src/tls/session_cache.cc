#include "tls/session_cache.h"

#include <openssl/ssl.h>

#include <utility>

namespace berth::tls {

void SessionCache::put(const std::string& server, Owned<ssl_session_st> session) {
  if (sessions_.size() >= sessions_max && !sessions_.contains(server)) {
    sessions_.erase(sessions_.begin());
  }
  sessions_[server] = std::move(session);
}

Owned<ssl_session_st> SessionCache::take(const std::string& server) {
  auto found = sessions_.find(server);
  if (found == sessions_.end()) return nullptr;
  if (SSL_SESSION_get_protocol_version(found->second.get()) < TLS1_3_VERSION) {
    SSL_SESSION_up_ref(found->second.get());
    return Owned<ssl_session_st>(found->second.get());
  }
  auto session = std::move(found->second);
  sessions_.erase(found);
  return session;
}

}  // namespace berth::tls
