#include "proxy/gateway/authentication.h"

#include <algorithm>

#include "base/base64.h"
#include "base/strings.h"
#include "http/authorization.h"
#include "http/h1_writer.h"
#include "http/url.h"
#include "proxy/gateway/signature.h"

namespace berth::proxy::gateway {
namespace {

/// A claim as a field's value; empty where it is no plain value or cannot stand in a head.
std::string claim_text(const Json& claim) {
  std::string text;
  if (auto* words = claim.string()) {
    text = *words;
  } else if (claim.is_array()) {
    for (auto& each : claim.items()) {
      if (each.string()) text += (text.empty() ? "" : ",") + *each.string();
    }
  } else if (!claim.is_object() && !claim.is_null()) {
    text = claim.text();
  }
  return http::writable_value(text) ? text : std::string();
}

}  // namespace

Result<SecretSum> SecretSum::parse(std::string_view text) {
  if (text.empty()) return Error(Code::invalid, "an empty secret");
  if (!text.starts_with("sha256:")) return SecretSum{sha256_text(text)};
  SecretSum out{lower(text.substr(7))};
  if (out.sum.size() != 64 || out.sum.find_first_not_of("0123456789abcdef") != out.sum.npos) {
    return Error(Code::invalid, "'sha256:' is followed by 64 hexadecimal digits");
  }
  return out;
}

bool SecretSum::fits(std::string_view secret) const {
  return http::equal_in_constant_time(sha256_text(secret), sum);
}

Authentication::Verdict Authentication::check(const http::RequestHead& head, WallTime now,
                                              Identity& identity, std::string& why) const {
  if (kind == Kind::key) return check_key(head, identity, why);
  auto value = http::credentials(head.headers, kind == Kind::basic ? "Basic" : "Bearer");
  if (!value) return Verdict::missing;
  return kind == Kind::basic ? check_basic(*value, identity, why)
                             : check_token(*value, now, identity, why);
}

Authentication::Verdict Authentication::check_basic(std::string_view value, Identity& identity,
                                                    std::string& why) const {
  why = "no such name and password";
  auto decoded = base64_decode(value);
  if (!decoded.ok()) return Verdict::refused;
  auto pair = split_once(*decoded, ':');
  if (!pair) return Verdict::refused;
  auto found = users.find(pair->first);
  // An unknown name takes as long as a wrong password.
  static const SecretSum nobody{std::string(64, '0')};
  bool fits = (found == users.end() ? nobody : found->second).fits(pair->second);
  if (!fits || found == users.end()) return Verdict::refused;
  identity.user = found->first;
  return Verdict::passed;
}

Authentication::Verdict Authentication::check_key(const http::RequestHead& head, Identity& identity,
                                                  std::string& why) const {
  std::string from_query;
  std::string_view value = field.empty() ? std::string_view() : head.headers.value(field);
  if (value.empty() && !parameter.empty()) {
    from_query = http::query_value(head.query(), parameter);
    value = from_query;
  }
  if (value.empty()) return Verdict::missing;
  auto found = keys.find(sha256_text(value));
  if (found == keys.end()) {
    why = "no such key";
    return Verdict::refused;
  }
  identity.user = found->second;
  return Verdict::passed;
}

Authentication::Verdict Authentication::check_token(std::string_view token, WallTime now,
                                                    Identity& identity, std::string& why) const {
  auto set = source ? source->keys() : nullptr;
  if (!set) {
    why = "the keys for tokens could not be fetched yet";
    return source && source->may_renew() ? Verdict::keys_needed : Verdict::refused;
  }
  auto verified = verified_token(token, *set, rules, now);
  if (!verified.ok()) {
    why = verified.error().message();
    bool newer = verified.error().is(Code::not_found) && source->may_renew();
    return newer ? Verdict::keys_needed : Verdict::refused;
  }
  identity.user = claim_text((*verified)[user_claim]);
  for (auto& [to, claim] : claims) {
    std::string text = claim_text((*verified)[claim]);
    if (!text.empty()) identity.fields.emplace_back(to, std::move(text));
  }
  return Verdict::passed;
}

std::string Authentication::challenge(bool refused) const {
  std::string text = kind == Kind::basic ? "Basic" : kind == Kind::token ? "Bearer" : "ApiKey";
  text += " realm=\"" + realm + "\"";
  if (kind == Kind::basic) text += ", charset=\"UTF-8\"";
  if (kind == Kind::token && refused) text += ", error=\"invalid_token\"";
  return text;
}

bool Authentication::hides(std::string_view name) const {
  if (!hide) return false;
  return equal_ignoring_case(name, kind == Kind::key ? std::string_view(field) : "authorization");
}

}  // namespace berth::proxy::gateway
