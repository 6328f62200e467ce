#include "proxy/gateway/jwt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/gateway/token_suite.h"

namespace berth::proxy::gateway {
namespace {

using testing::HasSubstr;

constexpr WallTime now{1'800'000'000'000'000'000};
const std::string valid = R"({"sub":"ann","exp":1800000100})";

std::string why(const std::string& token, const KeySet& keys, const JwtRules& rules = {}) {
  auto verified = verified_token(token, keys, rules, now);
  return verified.ok() ? "" : std::string(verified.error().message());
}

struct EachAlgorithm : ::testing::TestWithParam<std::string> {};

TEST_P(EachAlgorithm, is_verified_and_a_changed_token_is_not) {
  auto key = TestKey::make(GetParam(), "k1");
  auto other = TestKey::make(GetParam(), "k1");
  if (!other.key) other.secret += "x";
  auto keys = KeySet::parse(jwks({key})).value();
  std::string token = key.token(valid);
  auto verified = verified_token(token, keys, {}, now);
  ASSERT_TRUE(verified.ok()) << verified.error().text();
  EXPECT_EQ((*verified)["sub"].string_or(""), "ann");
  EXPECT_EQ(why(other.token(valid), keys), "the token has a wrong signature");
  std::string cut = token.substr(0, token.rfind('.') + 1);
  EXPECT_EQ(why(cut, keys), "the token has a wrong signature");
  std::string longer = key.token(R"({"sub":"bob","exp":1800000100})");
  longer = longer.substr(0, longer.rfind('.')) + token.substr(token.rfind('.'));
  EXPECT_EQ(why(longer, keys), "the token has a wrong signature");
}

INSTANTIATE_TEST_SUITE_P(Jwt, EachAlgorithm,
                         ::testing::Values("HS256", "HS384", "HS512", "RS256", "RS512", "PS256",
                                           "PS384", "ES256", "ES384", "EdDSA"));

TEST(Jwt, the_example_of_rfc_7515_is_verified) {
  // Appendix A.1: HS256.
  auto keys =
      KeySet::parse(
          R"({"keys":[{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}]})")
          .value();
  JwtRules rules;
  rules.issuer = "joe";
  auto verified = verified_token(
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
      "fQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
      keys, rules, WallTime{1'300'819'000'000'000'000});
  ASSERT_TRUE(verified.ok()) << verified.error().text();
  EXPECT_EQ((*verified)["http://example.com/is_root"].boolean(), true);
}

TEST(Jwt, a_public_key_is_never_taken_for_a_secret) {
  auto rsa = TestKey::make("RS256", "k1");
  auto keys = KeySet::parse(jwks({rsa})).value();
  TestKey forged{"HS256", "k1", nullptr, rsa.number(OSSL_PKEY_PARAM_RSA_N)};
  EXPECT_EQ(why(forged.token(valid), keys), "the token is signed by a key that is not known");
}

TEST(Jwt, none_and_unknown_algorithms_are_not_taken) {
  auto key = TestKey::make("HS256", "k1");
  auto keys = KeySet::parse(jwks({key})).value();
  for (auto* name : {"none", "None", "HS1", ""}) {
    std::string head = "{\"alg\":\"" + std::string(name) + "\"}";
    EXPECT_THAT(why(base64url(head) + "." + base64url(valid) + ".", keys),
                HasSubstr("an algorithm that is not taken"));
  }
  JwtRules rules;
  rules.algorithms = {Algorithm::es256};
  EXPECT_THAT(why(key.token(valid), keys, rules), HasSubstr("an algorithm that is not taken"));
}

TEST(Jwt, a_key_is_found_by_its_id_and_an_unknown_id_is_told_apart) {
  auto one = TestKey::make("ES256", "one");
  auto two = TestKey::make("ES256", "two");
  auto keys = KeySet::parse(jwks({one, two})).value();
  EXPECT_EQ(why(two.token(valid), keys), "");
  EXPECT_EQ(why(two.token(valid, R"({"alg":"ES256"})"), keys), "");  // without an id all are tried
  two.id = "three";
  auto verified = verified_token(two.token(valid), keys, {}, now);
  ASSERT_FALSE(verified.ok());
  EXPECT_TRUE(verified.error().is(Code::not_found));
}

TEST(Jwt, times_are_kept_with_some_leeway) {
  auto key = TestKey::make("HS256", "k");
  auto keys = KeySet::parse(jwks({key})).value();
  auto at = [&](const std::string& claims, JwtRules rules = {}) {
    return why(key.token(claims), keys, rules);
  };
  EXPECT_EQ(at(R"({"exp":1799999980})"), "");
  EXPECT_EQ(at(R"({"exp":1799999970})"), "the token has expired");
  EXPECT_EQ(at(R"({"exp":1800000001,"nbf":1800000030})"), "");
  EXPECT_EQ(at(R"({"exp":1800000001,"nbf":1800000031})"), "the token is not valid yet");
  EXPECT_EQ(at(R"({})"), "the token has no 'exp'");
  EXPECT_EQ(at(R"({"exp":"soon"})"), "the token has an 'exp' that is no time");
  EXPECT_EQ(at(R"({"exp":1e300})"), "the token has an 'exp' that is no time");
  JwtRules rules;
  rules.expiry_needed = false;
  EXPECT_EQ(at(R"({})", rules), "");
}

TEST(Jwt, issuer_audience_and_claims_must_fit) {
  auto key = TestKey::make("HS256", "k");
  auto keys = KeySet::parse(jwks({key})).value();
  JwtRules rules;
  rules.expiry_needed = false;
  rules.issuer = "https://id.example";
  rules.audiences = {"shop", "admin"};
  rules.claims = {{"scope", "write"}, {"roles", "staff"}, {"verified", "true"}};
  auto at = [&](const std::string& claims) { return why(key.token(claims), keys, rules); };
  std::string iss = R"("iss":"https://id.example",)";
  std::string rest = R"("scope":"read write","roles":["staff"],"verified":true)";
  EXPECT_EQ(at("{" + iss + R"("aud":["x","shop"],)" + rest + "}"), "");
  EXPECT_EQ(at("{" + iss + R"("aud":"admin",)" + rest + "}"), "");
  EXPECT_EQ(at("{" + iss + R"("aud":"shop admin",)" + rest + "}"),
            "the token is for another audience");
  EXPECT_EQ(at(R"({"aud":"shop",)" + rest + "}"), "the token is from another issuer");
  EXPECT_EQ(at("{" + iss + R"("aud":"shop","scope":"writer","roles":["staff"],"verified":true})"),
            "the token has no 'scope' of 'write'");
}

TEST(Jwt, broken_tokens_are_refused_with_what_is_broken) {
  auto key = TestKey::make("HS256", "k");
  auto keys = KeySet::parse(jwks({key})).value();
  std::string good = key.token(valid);
  EXPECT_EQ(why("", keys), "the token has not three parts");
  EXPECT_EQ(why("a.b", keys), "the token has not three parts");
  EXPECT_EQ(why(good + ".x", keys), "the token has not three parts");
  EXPECT_EQ(why("+" + good, keys), "the token has a head that is no base64url");
  EXPECT_EQ(why(base64url("[]") + ".a.b", keys), "the token has a head that is no JSON object");
  EXPECT_EQ(why(key.token(valid, R"({"alg":"HS256","crit":["b64"]})"), keys),
            "the token has a 'crit'");
  EXPECT_EQ(why(std::string(JwtRules::token_bytes_max + 1, 'a'), keys), "the token is too long");
}

TEST(KeySet, tells_which_key_is_wrong_and_leaves_out_what_is_of_no_use) {
  auto parse = [](const std::string& keys) {
    auto set = KeySet::parse("{\"keys\":[" + keys + "]}");
    return set.ok() ? std::to_string(set->size()) : set.error().text();
  };
  auto key = TestKey::make("ES256", "k").jwk();
  EXPECT_EQ(parse(key), "1");
  EXPECT_EQ(parse(key + R"(,{"kty":"EC","crv":"secp256k1"},{"kty":"RSA","use":"enc"},
                           {"kty":"new"},{"kty":"oct","alg":"HS1"})"),
            "1");
  EXPECT_EQ(parse(R"({"kty":"RSA","use":"enc"})"), "the key set has no key for signatures");
  EXPECT_THAT(parse(key + R"(,{"kty":"EC","crv":"P-256","x":"AA","y":"AA"})"),
              HasSubstr("its coordinates are not as long as the curve's, while reading keys[1]"));
  EXPECT_THAT(parse(R"({"kty":"oct","k":"c2hvcnQ"})"), HasSubstr("at least 32 bytes"));
  EXPECT_THAT(parse(R"({"kty":"RSA","n":"AQAB","e":"AQAB"})"), HasSubstr("2048"));
  EXPECT_THAT(parse(R"({"kty":"RSA","e":"AQAB"})"), HasSubstr("'n' is missing"));
  EXPECT_FALSE(KeySet::parse("[]").ok());
  EXPECT_FALSE(KeySet::parse("{}").ok());
  // A point that is not on the curve.
  std::string one = base64url(std::string(32, '\1'));
  EXPECT_THAT(
      parse("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" + one + "\",\"y\":\"" + one + "\"}"),
      HasSubstr("its numbers are no key"));
}

}  // namespace
}  // namespace berth::proxy::gateway
