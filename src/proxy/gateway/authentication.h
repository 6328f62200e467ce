#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "http/message.h"
#include "proxy/gateway/jwt.h"
#include "proxy/gateway/key_source.h"

namespace berth::proxy::gateway {

/// What a request is allowed as.
struct Identity {
  std::string user;
  std::vector<std::pair<std::string, std::string>> fields;  // for the next server
};

/// A secret as it is kept: its SHA-256. A file has it in plain or as "sha256:64 digits".
struct SecretSum {
  std::string sum;
  static Result<SecretSum> parse(std::string_view text);
  bool fits(std::string_view secret) const;
};

/// One [auth.NAME]: how clients show who they are (RFC 7617, RFC 6750, keys). Immutable but for the
/// keys of its source; used on one reactor.
class Authentication {
 public:
  enum class Kind : std::uint8_t { basic, key, token };
  enum class Verdict : std::uint8_t {
    passed,
    missing,      // nothing of this kind was shown
    refused,      // what was shown is wrong: 401
    keys_needed,  // the source may have newer keys: renew it and ask again
  };

  Verdict check(const http::RequestHead& head, WallTime now, Identity& identity,
                std::string& why) const;
  /// For WWW-Authenticate.
  std::string challenge(bool refused) const;
  /// True for the fields that carry the secret, if they are not to be passed on.
  bool hides(std::string_view field) const;

  std::string name;
  Kind kind = Kind::basic;
  std::string realm;
  std::map<std::string, SecretSum, std::less<>> users;      // basic: by name
  std::map<std::string, std::string, std::less<>> keys;     // key: SHA-256 to name
  std::string field = "X-API-Key";                          // key: the header
  std::string parameter;                                    // key: of the query; empty: none
  JwtRules rules;                                           // token
  std::string keys_url;                                     // token: fetched from there
  Duration keys_interval = 10min;                           // token: so often
  std::shared_ptr<KeySource> source;                        // token
  std::string user_claim = "sub";                           // token
  std::vector<std::pair<std::string, std::string>> claims;  // token: field to claim
  std::string user_field;                                   // gets the user; empty: none
  bool hide = false;

 private:
  Verdict check_basic(std::string_view value, Identity& identity, std::string& why) const;
  Verdict check_key(const http::RequestHead& head, Identity& identity, std::string& why) const;
  Verdict check_token(std::string_view token, WallTime now, Identity& identity,
                      std::string& why) const;
};

}  // namespace berth::proxy::gateway
