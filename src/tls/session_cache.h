#pragma once

#include <map>
#include <string>

#include "tls/openssl.h"

namespace berth::tls {

/// A client's sessions by the server they are of, so that the next handshake is short. Beyond
/// `sessions_max` another one is forgotten. Belongs to one thread.
class SessionCache {
 public:
  static constexpr std::size_t sessions_max = 1024;

  void put(const std::string& server, Owned<ssl_session_st> session);
  /// One to resume; null if there is none. Of TLS 1.3 each serves once, so that nobody on the way
  /// sees two connections with the same ticket (RFC 8446 appendix C.4).
  Owned<ssl_session_st> take(const std::string& server);

 private:
  std::map<std::string, Owned<ssl_session_st>> sessions_;
};

}  // namespace berth::tls
