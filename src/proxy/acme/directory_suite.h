#pragma once

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "async/clock.h"
#include "base/base64.h"
#include "base/hash.h"
#include "base/json.h"
#include "http/stub.h"
#include "proxy/acme/account_key.h"
#include "proxy/acme/challenges.h"
#include "proxy/acme/pem_text.h"

namespace berth::proxy::acme {

inline std::string from_base64url(std::string_view text) {
  std::string padded(text);
  std::ranges::replace(padded, '-', '+');
  std::ranges::replace(padded, '_', '/');
  while (padded.size() % 4 != 0) padded += '=';
  return base64_decode(padded).value();
}

/// An ACME directory for tests, behind http::stub: signatures, nonces, URLs, key authorizations and
/// signing requests are looked at, and what is wrong is refused. `spoil` may answer instead of it.
class TestDirectory {
 public:
  static constexpr std::string_view base = "https://ca.test";

  explicit TestDirectory(Clock& clock, const Challenges& challenges)
      : clock_(clock), challenges_(challenges), key_(EVP_EC_gen("P-256")) {}
  ~TestDirectory() { EVP_PKEY_free(key_); }

  http::Transport transport() {
    return http::stub([this](http::StubRequest request) { return ready(answer(request)); });
  }

  /// By the path of a request, before it is looked at; nothing: as ever.
  std::function<std::optional<http::ServerResponse>(const std::string& path)> spoil;
  Duration life = 90 * 24h;
  int bad_nonces = 0;  // so many of the next are refused
  std::set<std::string> cannot_be_reached;
  bool validates_later = false;  // only at the second look
  std::vector<std::string> paths;
  std::vector<std::string> faults;  // of the client
  std::vector<MonotonicTime> orders;
  std::set<std::string> accounts;
  std::vector<std::string> contacts;

  static http::ServerResponse problem(int status, const std::string& type,
                                      const std::string& detail) {
    Json out = Json::object();
    out.add_member("type", "urn:ietf:params:acme:error:" + type);
    out.add_member("detail", detail);
    http::ServerResponse response = http::ServerResponse::json_value(out, status);
    return response;
  }

 private:
  struct Name {
    std::string name;
    std::string token;
    std::string status = "pending";
    std::string detail;
    int looks = 0;
  };

  http::ServerResponse answer(const http::StubRequest& request) {
    std::string path = request.url.target;
    paths.push_back(request.method + " " + path);
    http::ServerResponse response;
    std::optional<http::ServerResponse> spoiled;
    if (spoil) spoiled = spoil(path);
    if (spoiled) {
      response = std::move(*spoiled);
    } else if (path == "/directory") {
      response = http::ServerResponse::json(
          R"({"newNonce":"https://ca.test/nonce","newAccount":"https://ca.test/account",)"
          R"("newOrder":"https://ca.test/order","meta":{"termsOfService":"https://ca.test/t"}})");
    } else if (path == "/nonce") {
      response = http::ServerResponse::text("");
    } else {
      response = signed_request(request);
    }
    std::string nonce = "nonce-" + std::to_string(++nonces_);
    fresh_.insert(nonce);
    response.headers.set("replay-nonce", nonce);
    return response;
  }

  http::ServerResponse fault(const std::string& what) {
    faults.push_back(what);
    return problem(400, "malformed", what);
  }

  static bool fits(const std::string& jwk, const std::string& message,
                   const std::string& signature) {
    auto key = Json::parse(jwk).value();
    std::string point =
        "\x04" + from_base64url(key["x"].string_or("")) + from_base64url(key["y"].string_or(""));
    auto* builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_utf8_string(builder, "group", "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(builder, "pub", point.data(), point.size());
    OSSL_PARAM* parameters = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr);
    EVP_PKEY* made = nullptr;
    EVP_PKEY_fromdata_init(context);
    EVP_PKEY_fromdata(context, &made, EVP_PKEY_PUBLIC_KEY, parameters);
    auto bytes = [](const std::string& text) {
      return reinterpret_cast<const unsigned char*>(text.data());
    };
    bool good = false;
    if (made && signature.size() == 64) {
      ECDSA_SIG* pair = ECDSA_SIG_new();
      ECDSA_SIG_set0(pair, BN_bin2bn(bytes(signature), 32, nullptr),
                     BN_bin2bn(bytes(signature) + 32, 32, nullptr));
      unsigned char* der = nullptr;
      int size = i2d_ECDSA_SIG(pair, &der);
      EVP_MD_CTX* digest = EVP_MD_CTX_new();
      EVP_DigestVerifyInit(digest, nullptr, EVP_sha256(), nullptr, made);
      good = EVP_DigestVerify(digest, der, static_cast<std::size_t>(size), bytes(message),
                              message.size()) == 1;
      EVP_MD_CTX_free(digest);
      OPENSSL_free(der);
      ECDSA_SIG_free(pair);
    }
    EVP_PKEY_free(made);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    return good;
  }

  http::ServerResponse signed_request(const http::StubRequest& request) {
    if (request.method != "POST") return fault("not signed");
    if (request.header("content-type") != "application/jose+json") return fault("content type");
    auto content = Json::parse(request.content).value();
    std::string encoded(content["protected"].string_or(""));
    std::string payload(content["payload"].string_or(""));
    auto head = Json::parse(from_base64url(encoded)).value();
    if (head["alg"].string_or("") != "ES256") return fault("algorithm");
    if (head["url"].string_or("") != request.url.text()) return fault("url");
    std::string nonce(head["nonce"].string_or(""));
    if (fresh_.erase(nonce) == 0) return fault("a nonce that is not fresh");
    std::string jwk = head["jwk"].text();
    bool by_key = head.find("jwk") != nullptr;
    if (by_key != (request.url.target == "/account")) return fault("jwk or kid");
    if (!by_key) {
      auto known = account_keys_.find(std::string(head["kid"].string_or("")));
      if (known == account_keys_.end()) return problem(400, "accountDoesNotExist", "no such");
      jwk = known->second;
    }
    if (!fits(jwk, encoded + "." + payload, from_base64url(content["signature"].string_or("")))) {
      return fault("signature");
    }
    if (bad_nonces > 0) {
      --bad_nonces;
      return problem(400, "badNonce", "it is too old");
    }
    return act(request.url.target, from_base64url(payload), jwk);
  }

  http::ServerResponse act(const std::string& path, const std::string& payload,
                           const std::string& jwk) {
    if (path == "/account") {
      auto json = Json::parse(payload).value();
      if (json["termsOfServiceAgreed"].boolean() != true) return fault("terms");
      contacts.clear();
      for (auto& each : json["contact"].items()) contacts.emplace_back(each.string_or(""));
      std::string url = std::string(base) + "/accounts/" + std::to_string(hash64(jwk));
      account_keys_[url] = jwk;
      accounts.insert(jwk);
      auto response = http::ServerResponse::json("{\"status\":\"valid\"}", 201);
      response.headers.set("location", url);
      return response;
    }
    if (path == "/order") return begin_order(payload);
    if (path == "/orders/1") return order();
    if (path == "/finalize") return finalize(payload);
    if (path == "/certificate") return http::ServerResponse::text(chain_);
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (path == "/authorizations/" + std::to_string(i)) return look(names_[i], i, jwk);
      if (path == "/challenges/" + std::to_string(i)) {
        names_[i].status = "told";
        return http::ServerResponse::json("{\"status\":\"pending\"}");
      }
    }
    return problem(404, "malformed", "nothing is here");
  }

  http::ServerResponse begin_order(const std::string& payload) {
    orders.push_back(clock_.now());
    names_.clear();
    finalized_ = false;
    for (auto& each : Json::parse(payload).value()["identifiers"].items()) {
      names_.push_back({std::string(each["value"].string_or("")),
                        "token-" + std::to_string(++tokens_), "pending", "", 0});
    }
    auto response = order();
    response.status = 201;
    response.headers.set("location", std::string(base) + "/orders/1");
    return response;
  }

  http::ServerResponse order() {
    Json urls = Json::array();
    bool all = true;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      urls.add(std::string(base) + "/authorizations/" + std::to_string(i));
      all = all && names_[i].status == "valid";
    }
    Json out = Json::object();
    out.add_member("status", finalized_ ? "valid" : all ? "ready" : "pending");
    out.add_member("authorizations", std::move(urls));
    out.add_member("finalize", std::string(base) + "/finalize");
    if (finalized_) out.add_member("certificate", std::string(base) + "/certificate");
    return http::ServerResponse::json_value(out);
  }

  http::ServerResponse look(Name& name, std::size_t index, const std::string& jwk) {
    if (name.status == "told" && (!validates_later || ++name.looks > 1)) validate(name, jwk);
    Json challenge = Json::object();
    challenge.add_member("type", "http-01");
    challenge.add_member("url", std::string(base) + "/challenges/" + std::to_string(index));
    challenge.add_member("token", name.token);
    std::string status = name.status == "told" ? "pending" : name.status;
    challenge.add_member("status", status);
    if (!name.detail.empty()) {
      Json error = Json::object();
      error.add_member("type", "urn:ietf:params:acme:error:connection");
      error.add_member("detail", name.detail);
      challenge.add_member("error", std::move(error));
    }
    Json dns = Json::object();
    dns.add_member("type", "dns-01");
    dns.add_member("url", std::string(base) + "/dns");
    dns.add_member("token", "other");
    dns.add_member("status", "pending");
    Json challenges = Json::array();
    challenges.add(std::move(dns));
    challenges.add(std::move(challenge));
    Json identifier = Json::object();
    identifier.add_member("type", "dns");
    identifier.add_member("value", name.name);
    Json out = Json::object();
    out.add_member("status", status);
    out.add_member("identifier", std::move(identifier));
    out.add_member("challenges", std::move(challenges));
    return http::ServerResponse::json_value(out);
  }

  /// As a CA does: by what the name's web server answers, here Challenges itself.
  void validate(Name& name, const std::string& jwk) {
    auto* found = challenges_.find(name.token);
    unsigned char sum[32];
    EVP_Digest(jwk.data(), jwk.size(), sum, nullptr, EVP_sha256(), nullptr);
    std::string wanted =
        name.token + "." + base64url_encode({reinterpret_cast<char*>(sum), sizeof sum});
    bool good = found && *found == wanted && !cannot_be_reached.contains(name.name);
    name.status = good ? "valid" : "invalid";
    if (!good) name.detail = "Fetching http://" + name.name + "/: Connection refused";
  }

  http::ServerResponse finalize(const std::string& payload) {
    std::string der = from_base64url(Json::parse(payload).value()["csr"].string_or(""));
    auto* at = reinterpret_cast<const unsigned char*>(der.data());
    X509_REQ* request = d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size()));
    if (!request) return fault("a CSR that cannot be read");
    EVP_PKEY* key = X509_REQ_get0_pubkey(request);
    bool good = X509_REQ_verify(request, key) == 1;
    std::set<std::string> asked;
    auto* extensions = X509_REQ_get_extensions(request);
    auto* names = static_cast<GENERAL_NAMES*>(
        X509V3_get_d2i(extensions, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
      auto* text = sk_GENERAL_NAME_value(names, i)->d.dNSName;
      asked.emplace(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                    static_cast<std::size_t>(ASN1_STRING_length(text)));
    }
    std::set<std::string> ordered;
    std::string list;
    for (auto& each : names_) {
      ordered.insert(each.name);
      list += (list.empty() ? "DNS:" : ",DNS:") + each.name;
    }
    if (good && asked == ordered) issue(key, list);
    GENERAL_NAMES_free(names);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    X509_REQ_free(request);
    if (!good) return fault("a CSR whose signature is wrong");
    if (asked != ordered) return fault("a CSR for other names");
    return order();
  }

  void issue(EVP_PKEY* key, const std::string& names) {
    std::time_t now = static_cast<std::time_t>(clock_.wall().nanoseconds / 1'000'000'000);
    X509* made = X509_new();
    X509_set_version(made, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial_);
    ASN1_TIME_set(X509_getm_notBefore(made), now);
    ASN1_TIME_set(X509_getm_notAfter(made),
                  now + std::chrono::duration_cast<std::chrono::seconds>(life).count());
    X509_set_pubkey(made, key);
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(made, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(made, key_, EVP_sha256());
    chain_ = pem_of(*made);
    X509_free(made);
    finalized_ = true;
  }

  Clock& clock_;
  const Challenges& challenges_;
  EVP_PKEY* key_;
  std::set<std::string> fresh_;
  std::map<std::string, std::string> account_keys_;  // by account URL: JWK
  std::vector<Name> names_;
  bool finalized_ = false;
  std::string chain_;
  int nonces_ = 0;
  int tokens_ = 0;
  long serial_ = 0;
};

}  // namespace berth::proxy::acme
