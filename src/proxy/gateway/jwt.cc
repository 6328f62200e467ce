#include "proxy/gateway/jwt.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"

namespace berth::proxy::gateway {
namespace {

Error bad(std::string why) { return Error(Code::denied, "the token " + std::move(why)); }

Result<Json> part(std::string_view text, std::string_view what) {
  JsonLimits limits;
  limits.text_bytes_max = JwtRules::token_bytes_max;
  limits.depth_max = 16;
  auto bytes = base64url_decode(text);
  if (!bytes.ok()) return bad("has a " + std::string(what) + " that is no base64url");
  auto json = Json::parse(*bytes, limits);
  if (!json.ok() || !json->is_object()) {
    return bad("has a " + std::string(what) + " that is no JSON object");
  }
  return json;
}

/// Seconds since 1970 of a NumericDate; nothing if it is none or out of all bounds.
std::optional<double> date(const Json& value) {
  auto seconds = value.number();
  if (!seconds || !std::isfinite(*seconds) || std::abs(*seconds) > 1e12) return std::nullopt;
  return seconds;
}

Result<void> in_time(const Json& claims, const JwtRules& rules, WallTime now) {
  double seconds = static_cast<double>(now.nanoseconds) / 1e9;
  double leeway = seconds_of(rules.leeway);
  if (auto* value = claims.find("exp")) {
    auto end = date(*value);
    if (!end) return bad("has an 'exp' that is no time");
    if (seconds >= *end + leeway) return bad("has expired");
  } else if (rules.expiry_needed) {
    return bad("has no 'exp'");
  }
  if (auto* value = claims.find("nbf")) {
    auto begin = date(*value);
    if (!begin) return bad("has an 'nbf' that is no time");
    if (seconds + leeway < *begin) return bad("is not valid yet");
  }
  return {};
}

bool is_or_has(const Json& value, std::string_view wanted) {
  if (auto* text = value.string()) {
    auto words = split(*text, ' ');
    return *text == wanted || std::ranges::find(words, wanted) != words.end();
  }
  if (value.is_array()) {
    return std::ranges::any_of(value.items(),
                               [&](const Json& each) { return each.string_or("") == wanted; });
  }
  return !value.is_null() && !value.is_object() && value.text() == wanted;
}

Result<void> for_us(const Json& claims, const JwtRules& rules) {
  if (!rules.issuer.empty() && claims["iss"].string_or("") != rules.issuer) {
    return bad("is from another issuer");
  }
  auto& audience = claims["aud"];
  auto names = [&](const std::string& each) {
    return audience.is_array() ? is_or_has(audience, each) : audience.string_or("") == each;
  };
  if (!rules.audiences.empty() && !std::ranges::any_of(rules.audiences, names)) {
    return bad("is for another audience");
  }
  for (auto& [name, value] : rules.claims) {
    if (!is_or_has(claims[name], value)) return bad("has no '" + name + "' of '" + value + "'");
  }
  return {};
}

}  // namespace

Result<Json> verified_token(std::string_view token, const KeySet& keys, const JwtRules& rules,
                            WallTime now) {
  if (token.size() > JwtRules::token_bytes_max) return bad("is too long");
  std::size_t first = token.find('.');
  std::size_t second = first == token.npos ? first : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) {
    return bad("has not three parts");
  }
  Json head = TRY(part(token.substr(0, first), "head"));
  auto algorithm = algorithm_called(head["alg"].string_or(""));
  if (!algorithm || (!rules.algorithms.empty() &&
                     std::ranges::find(rules.algorithms, *algorithm) == rules.algorithms.end())) {
    return bad("is signed by an algorithm that is not taken");
  }
  // RFC 7515 section 4.1.11: what must be understood and is not makes it invalid.
  if (head.find("crit")) return bad("has a 'crit'");
  auto signature = base64url_decode(token.substr(second + 1));
  if (!signature.ok()) return bad("has a signature that is no base64url");
  auto verdict =
      keys.verify(*algorithm, head["kid"].string_or(""), token.substr(0, second), *signature);
  if (verdict == KeySet::Verdict::no_such_key) {
    return Error(Code::not_found, "the token is signed by a key that is not known");
  }
  if (verdict == KeySet::Verdict::wrong) return bad("has a wrong signature");
  Json claims = TRY(part(token.substr(first + 1, second - first - 1), "body"));
  TRY(in_time(claims, rules, now));
  TRY(for_us(claims, rules));
  return claims;
}

}  // namespace berth::proxy::gateway
