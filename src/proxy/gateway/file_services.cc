#include <algorithm>

#include "base/strings.h"
#include "catalog/calls.h"
#include "http/h1_scan.h"
#include "http/url.h"
#include "proxy/gateway/file_reading.h"

// [service.NAME] and [auth.NAME] of proxy.toml.

namespace berth::proxy::gateway {
namespace {

std::uint32_t count(TomlReader& reader, std::string_view key, std::uint32_t otherwise,
                    std::int64_t least = 0) {
  return static_cast<std::uint32_t>(reader.integer(key, least, 1'000'000).value_or(otherwise));
}

void read_statuses(TomlReader& reader, CheckSpec& check) {
  auto text = reader.string("status");
  if (!text) return;
  auto pair =
      split_once(*text, '-').value_or(std::pair<std::string_view, std::string_view>(*text, *text));
  auto least = parse_integer<int>(pair.first, 100, 599);
  auto most = parse_integer<int>(pair.second, 100, 599);
  if (!least.ok() || !most.ok() || *least > *most) {
    return reader.fail("status", "must be a status or a span such as \"200-399\"");
  }
  check.status_least = *least;
  check.status_most = *most;
}

CheckSpec read_check(TomlReader& reader) {
  CheckSpec check;
  bool tcp = reader.boolean("tcp").value_or(false);
  auto target = reader.string("http");
  auto grpc = reader.string("grpc");
  if (int{tcp} + int{target.has_value()} + int{grpc.has_value()} != 1) {
    reader.fail("http", "or tcp = true or grpc is needed, one of them only");
  }
  check.kind = tcp ? CheckSpec::Kind::tcp : CheckSpec::Kind::http;
  if (grpc) check.kind = CheckSpec::Kind::grpc;
  check.grpc_service = grpc.value_or("");
  if (check.grpc_service.size() > 100) reader.fail("grpc", "is longer than 100 bytes");
  if (target && !target->starts_with('/')) reader.fail("http", "must begin with '/'");
  check.target = target.value_or("/");
  check.host = reader.string("host").value_or("");
  check.method = reader.string("method").value_or("GET");
  if (!http::scan::is_token(check.method)) reader.fail("method", "is no method");
  read_statuses(reader, check);
  check.interval = reader.duration("interval").value_or(check.interval);
  check.timeout = reader.duration("timeout").value_or(check.timeout);
  check.jitter = reader.number("jitter").value_or(check.jitter);
  if (check.jitter < 0 || check.jitter > 0.9) reader.fail("jitter", "must be from 0 to 0.9");
  if (check.interval < 10ms) reader.fail("interval", "must be at least 10ms");
  check.rise = count(reader, "rise", check.rise, 1);
  check.fall = count(reader, "fall", check.fall, 1);
  reader.finish();
  return check;
}

/// "sha256:..." or plain, by name. Names may not have a colon, which ends them in RFC 7617.
std::map<std::string, SecretSum, std::less<>> read_secrets(TomlReader& reader,
                                                           std::string_view key) {
  std::map<std::string, SecretSum, std::less<>> out;
  auto pairs = reader.string_map(key);
  if (!pairs) return out;
  for (auto& [name, text] : *pairs) {
    auto sum = SecretSum::parse(text);
    if (!sum.ok()) {
      reader.fail(key, "has a wrong '" + name + "': " + std::string(sum.error().message()));
    } else if (name.empty() || name.find(':') != name.npos) {
      reader.fail(key, "has a name with a colon or none");
    } else {
      out.emplace(name, std::move(*sum));
    }
  }
  return out;
}

void read_rules(TomlReader& reader, JwtRules& rules) {
  rules.issuer = reader.string("issuer").value_or("");
  rules.audiences = reader.strings("audiences").value_or(std::vector<std::string>());
  rules.leeway = reader.duration("leeway").value_or(rules.leeway);
  rules.expiry_needed = reader.boolean("expiry_needed").value_or(true);
  if (auto claims = reader.string_map("require")) rules.claims = std::move(*claims);
  for (auto& name : reader.strings("algorithms").value_or(std::vector<std::string>())) {
    if (auto algorithm = algorithm_called(name)) {
      rules.algorithms.push_back(*algorithm);
    } else {
      reader.fail("algorithms", "has no '" + name +
                                    "'; there are HS, RS, PS 256 to 512, ES256, "
                                    "ES384, EdDSA");
    }
  }
}

/// True, or a table with more.
void read_tls(FileReading& reading, TomlReader& reader, FileService& out) {
  auto* value = reader.value("tls");
  if (!value) return;
  TlsSpec spec;
  spec.negotiates = !reader.has("protocol");
  bool on = true;
  if (auto found = value->is_table() ? reader.table("tls") : std::nullopt) {
    TomlReader& table = *found;
    tls::Pem authorities;
    if (auto text = reading.content(table, "ca", &authorities.path)) {
      authorities.text = std::move(*text);
      spec.authorities = std::move(authorities);
    }
    spec.name = table.string("name").value_or("");
    if (auto shown = table.table("certificate")) {
      tls::CertificatePem pem;
      shown->require("chain");
      shown->require("key");
      pem.chain.text = reading.content(*shown, "chain", &pem.chain.path).value_or("");
      pem.key.text = reading.content(*shown, "key", &pem.key.path).value_or("");
      shown->finish();
      spec.certificate = std::move(pem);
    }
    table.finish();
  } else {
    on = reader.boolean("tls").value_or(false);
  }
  bool by_path = std::ranges::any_of(out.service.instances, [](auto& each) {
    return each.address.family() == Address::Family::unix_path;
  });
  if (on && by_path && spec.name.empty()) {
    reader.fail("tls",
                "needs a name: an instance at a path has none that a certificate can be for");
  }
  if (on) out.tls = std::move(spec);
}

/// What more than one thread cannot keep to.
void check_threads(const Gateway& gateway, TomlReader& reader,
                   const catalog::RoutingPolicy& policy) {
  if (gateway.threads == 1) return;
  if (policy.in_flight_max < gateway.threads) {
    reader.fail("in_flight_max", "is below [proxy] threads: each thread needs a part of it");
  }
  if (policy.idempotency_for > Duration(0)) {
    reader.fail("idempotency_for",
                "needs [proxy] threads = 1: the first answer is kept by one thread");
  }
}

}  // namespace

void FileReading::read_service(const std::string& name, TomlReader& reader) {
  FileService out;
  out.service.name = name;
  reader.require("instances");
  std::size_t number = 0;
  for (auto& text : reader.strings("instances").value_or(std::vector<std::string>())) {
    auto address = Address::parse(text);
    bool path = address.ok() && address->family() == Address::Family::unix_path;
    if (!address.ok() || (!path && address->port() == 0)) {
      reader.fail("instances", "has '" + text + "', which is no 127.0.0.1:80, [::1]:80 or unix:/x");
      continue;
    }
    catalog::Instance instance;
    instance.id = name + "/" + std::to_string(++number);
    instance.incarnation = address->text();
    instance.address = *address;
    instance.health = catalog::Health::healthy;
    auto same = [&](auto& other) { return other.address == instance.address; };
    if (std::ranges::any_of(out.service.instances, same)) {
      reader.fail("instances", "has '" + text + "' twice");
    }
    out.service.instances.push_back(std::move(instance));
  }
  if (auto version = reader.string("send_proxy")) {
    using catalog::SendProxy;
    out.service.policy.send_proxy = *version == "v1" ? SendProxy::v1 : SendProxy::v2;
    if (*version != "v1" && *version != "v2") {
      reader.fail("send_proxy", "must be \"v1\" or \"v2\"");
    }
  }
  catalog::read_calls(reader, out.service.policy);
  check_threads(*file.gateway, reader, out.service.policy);
  read_tls(*this, reader, out);
  if (auto check = reader.table("check")) out.check = read_check(*check);
  reader.finish();
  file.services.push_back(std::move(out));
}

void FileReading::read_authentication(const std::string& name, TomlReader& reader) {
  auto out = std::make_shared<Authentication>();
  out->name = name;
  out->realm = reader.string("realm").value_or(name);
  if (out->realm.find_first_of("\"\\\r\n") != std::string::npos) {
    reader.fail("realm", "may have neither quotes nor line ends");
  }
  out->user_field = reader.string("user_header").value_or("");
  if (!out->user_field.empty() && !may_be_set(out->user_field)) {
    reader.fail("user_header", "is no field that may be set");
  }
  out->hide = reader.boolean("hide").value_or(false);
  int kinds = reader.has("users") + reader.has("keys") + reader.has("jwks") +
              reader.has("jwks_url") + reader.has("secret_file");
  if (kinds != 1) {
    reader.fail("users", "or one of keys, jwks, jwks_url, secret_file is needed, one of them only");
  }
  out->users = read_secrets(reader, "users");
  for (auto& [key, sum] : read_secrets(reader, "keys")) out->keys.emplace(sum.sum, key);
  if (!out->keys.empty()) {
    out->kind = Authentication::Kind::key;
    out->field = reader.string("header").value_or(out->field);
    out->parameter = reader.string("parameter").value_or("");
  }
  auto use = [&](std::string_view key, Result<KeySet> set) {
    if (!set.ok()) return reader.fail(key, "is wrong: " + set.error().text());
    out->source = std::make_shared<KeySource>(std::make_shared<const KeySet>(std::move(*set)));
  };
  if (auto text = content(reader, "jwks")) use("jwks", KeySet::parse(*text));
  if (auto text = content(reader, "secret_file")) {
    use("secret_file", KeySet::of_secret(trim(*text)));
  }
  out->keys_url = reader.string("jwks_url").value_or("");
  if (!out->keys_url.empty()) {
    if (auto url = http::parse_url(out->keys_url); !url.ok()) {
      reader.fail("jwks_url", "is wrong: " + std::string(url.error().message()));
    }
    out->keys_interval = reader.duration("jwks_interval").value_or(out->keys_interval);
  }
  if (reader.has("jwks") || reader.has("jwks_url") || reader.has("secret_file")) {
    out->kind = Authentication::Kind::token;
    read_rules(reader, out->rules);
    out->user_claim = reader.string("user_claim").value_or(out->user_claim);
    if (auto claims = reader.string_map("claims")) out->claims = std::move(*claims);
    for (auto& [field, claim] : out->claims) {
      if (!may_be_set(field)) reader.fail("claims", "has '" + field + "', which may not be set");
    }
  }
  reader.finish();
  file.gateway->authentications.push_back(std::move(out));
}

}  // namespace berth::proxy::gateway
