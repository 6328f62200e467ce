#include "proxy/acme/documents.h"

#include <algorithm>

#include "base/json.h"
#include "base/strings.h"

namespace berth::proxy::acme {
namespace {

constexpr std::string_view type_before = "urn:ietf:params:acme:error:";
constexpr std::size_t detail_bytes_max = 500;  // more is cut off in messages
constexpr std::size_t token_bytes_max = 512;
constexpr std::int64_t ledger_version = 1;

Result<Json> object_of(std::string_view text, std::string_view what) {
  auto json = Json::parse(text);
  if (!json.ok()) return std::move(json).error().during("reading " + std::string(what));
  if (!json->is_object()) {
    return Error(Code::invalid, std::string(what) + " is no JSON object");
  }
  return json;
}

/// One line without control characters, cut where it is long: it goes into logs.
std::string told(std::string_view text) {
  std::string out(text.substr(0, detail_bytes_max));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return out;
}

Problem problem_of(const Json& json) {
  std::string_view type = json["type"].string_or("");
  if (type.starts_with(type_before)) type.remove_prefix(type_before.size());
  Problem out{told(type), told(json["detail"].string_or(""))};
  for (auto& each : json["subproblems"].items()) {
    std::string name = told(each["identifier"]["value"].string_or(""));
    std::string detail = told(each["detail"].string_or(""));
    if (out.detail.size() < detail_bytes_max) out.detail += "; " + name + ": " + detail;
  }
  return out;
}

std::optional<Problem> problem_in(const Json& json) {
  const Json* found = json.find("error");
  if (!found || !found->is_object()) return std::nullopt;
  return problem_of(*found);
}

Result<Status> status_of(const Json& json) {
  std::string text = TRY(json.string_at("status"));
  if (text == "pending") return Status::pending;
  if (text == "processing") return Status::processing;
  if (text == "ready") return Status::ready;
  if (text == "valid") return Status::valid;
  if (text == "invalid") return Status::invalid;
  if (text == "deactivated" || text == "expired" || text == "revoked") return Status::over;
  return Error(Code::invalid, "'status' is '" + told(text) + "', which RFC 8555 does not know");
}

bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= token_bytes_max &&
         std::ranges::all_of(text, [](unsigned char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-' || c == '_';
         });
}

constexpr std::int64_t second = 1'000'000'000;

}  // namespace

std::string Problem::text() const {
  if (type.empty()) return detail;
  return detail.empty() ? type : detail + " (" + type + ")";
}

Result<Directory> read_directory(std::string_view text) {
  Json json = TRY(object_of(text, "the directory"));
  Directory out;
  out.new_nonce = TRY(json.string_at("newNonce"));
  out.new_account = TRY(json.string_at("newAccount"));
  out.new_order = TRY(json.string_at("newOrder"));
  out.external_account_needed = json["meta"]["externalAccountRequired"].boolean().value_or(false);
  return out;
}

Result<Order> read_order(std::string_view text) {
  Json json = TRY(object_of(text, "the order"));
  Order out;
  out.status = TRY(status_of(json));
  for (auto& each : json["authorizations"].items()) {
    if (!each.string()) return Error(Code::invalid, "'authorizations' must be URLs");
    out.authorizations.push_back(*each.string());
  }
  if (out.authorizations.size() > Order::authorizations_max) {
    return Error(Code::invalid, "the order has more than 100 authorizations");
  }
  out.finalize = TRY(json.string_at("finalize"));
  out.certificate = std::string(json["certificate"].string_or(""));
  out.problem = problem_in(json);
  return out;
}

Result<Authorization> read_authorization(std::string_view text) {
  Json json = TRY(object_of(text, "the authorization"));
  Authorization out;
  out.status = TRY(status_of(json));
  out.name = told(json["identifier"]["value"].string_or(""));
  for (auto& each : json["challenges"].items()) {
    if (each["type"].string_or("") != "http-01") continue;
    out.challenge_url = TRY(each.string_at("url"));
    out.token = TRY(each.string_at("token"));
    if (!is_token(out.token)) return Error(Code::invalid, "a challenge's token is no base64url");
    out.challenge = TRY(status_of(each));
    out.problem = problem_in(each);
  }
  return out;
}

Problem read_problem(std::string_view text) {
  auto json = Json::parse(text);
  if (!json.ok() || !json->is_object()) return {"", told(text.substr(0, 100))};
  return problem_of(*json);
}

std::string Ledger::text() const {
  Json times = Json::array();
  for (WallTime each : orders) times.add(each.nanoseconds / second);
  Json out = Json::object();
  out.add_member("version", ledger_version);
  out.add_member("orders", std::move(times));
  out.add_member("failures", failures);
  out.add_member("next", next.nanoseconds / second);
  out.add_member("issued_by", issued_by);
  return out.text() + "\n";
}

Result<Ledger> read_ledger(std::string_view text) {
  Json json = TRY(object_of(text, "the ledger"));
  if (TRY(json.integer_at("version")) != ledger_version) {
    return Error(Code::unsupported, "the ledger is of another version");
  }
  auto time_from = [](const Json& seconds) {
    constexpr std::int64_t most = 9'000'000'000;
    return WallTime{std::clamp<std::int64_t>(seconds.integer().value_or(0), 0, most) * second};
  };
  Ledger out;
  auto& orders = json["orders"].items();
  if (orders.size() > Ledger::orders_kept_max) {
    return Error(Code::invalid, "the ledger has more than 1000 orders");
  }
  for (auto& each : orders) out.orders.push_back(time_from(each));
  out.failures = static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(json["failures"].integer().value_or(0), 0, 1000));
  out.next = time_from(json["next"]);
  out.issued_by = std::string(json["issued_by"].string_or(""));
  return out;
}

}  // namespace berth::proxy::acme
