#include "proxy/gateway/visit.h"

#include <algorithm>

#include "base/strings.h"

namespace berth::proxy::gateway {

bool Visit::answer(int status, std::string reason) {
  status_ = status;
  reason_ = std::move(reason);
  return false;
}

void Visit::retry_after(Duration wait) {
  if (wait <= Duration(0)) return;
  auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  own_fields_ += "Retry-After: " + std::to_string(seconds) + "\r\n";
}

void Visit::redirect(int status, std::string location) {
  own_fields_ += "Location: " + location + "\r\n";
  answer(status, "it is at " + location);
}

Visit::Next Visit::begin(std::shared_ptr<const Gateway> gateway, const http::RequestHead& head,
                         WallTime now, bool again) {
  gateway_ = std::move(gateway);
  match_.route = nullptr;
  identity_ = {};
  cors_origin_ = {};
  own_fields_.clear();
  challenge_.clear();
  stale_ = nullptr;
  new_target_ = responds_ = false;
  origin_.find(head, peer_, peer_ip_, entrance_->scheme(), gateway_->trusted);
  std::string_view path = head.path();
  if (challenged(head)) return Next::answer;
  if (path.starts_with('/')) {  // else "*"
    auto fault = normal_path(head.path(), gateway_->path, scratch_, path);
    if (fault != PathFault::none) {
      answer(400, std::string(text_of(fault)));
      return Next::answer;
    }
  }
  Asked asked{head.host(), path == "*" ? "/" : path, head.query(),
              head.method, entrance_->name,          &head.headers};
  if (!gateway_->routes.match(asked, match_)) {
    answer(404, "nothing public is at " + std::string(asked.host) + std::string(path));
    return Next::answer;
  }
  values_ = {origin_.scheme,
             asked.host,
             head.method,
             path,
             asked.query,
             match_.rest,
             origin_.client_ip,
             "",
             match_.parameters.data(),
             match_.parameters.size()};
  bool on =
      admitted(head) && preflighted(head) && authenticated(head, now, again) && answered_here(head);
  if (stale_) return Next::wait_for_keys;
  if (!on) return Next::answer;
  make_target(head);
  return Next::pass;
}

/// Goes before every route: whoever validates a name asks for it in clear, and must find the answer
/// whatever else is at this host.
bool Visit::challenged(const http::RequestHead& head) {
  constexpr auto before = acme::Challenges::path_before;
  if (!gateway_->challenges || entrance_->secured || !head.path().starts_with(before)) return false;
  if (head.method != "GET" && head.method != "HEAD") return false;
  auto* found = gateway_->challenges->find(head.path().substr(before.size()));
  if (!found) return false;
  challenge_ = *found;
  answer(200, "");
  return true;
}

Deferred<void> Visit::renew_keys() { return stale_->source->renew(); }

/// Maintenance, addresses, and plain HTTP where only TLS is welcome.
bool Visit::admitted(const http::RequestHead& head) {
  const Route& route = *match_.route;
  auto& client = origin_.client;
  if (route.maintenance && !route.maintenance->except.contains(client)) {
    auto wait = std::chrono::duration_cast<std::chrono::seconds>(route.maintenance->retry_after);
    own_fields_ += "Retry-After: " + std::to_string(wait.count()) + "\r\n";
    return answer(503, "it is being maintained");
  }
  if ((route.deny && route.deny->contains(client)) ||
      (route.allow && !route.allow->contains(client))) {
    return answer(403, "not from this address");
  }
  if (route.https_only && origin_.scheme == "http") {
    redirect(308, "https://" + std::string(head.host()) + std::string(head.target));
    return false;
  }
  std::uint64_t most = route.body_bytes_max;
  if (most > 0 && head.framing.kind == http::Framing::Kind::length && head.framing.length > most) {
    return answer(413, "the body has more than " + std::to_string(most) + " bytes");
  }
  return true;
}

bool Visit::preflighted(const http::RequestHead& head) {
  auto& cors = match_.route->cors;
  if (!cors) return true;
  auto* origin = head.headers.find("origin");
  if (!origin || !cors->allows(origin->value)) return true;
  cors_origin_ = origin->value;
  if (head.method != "OPTIONS" || !head.headers.find("access-control-request-method")) return true;
  cors->append_preflight(own_fields_, cors_origin_,
                         head.headers.value("access-control-request-headers"));
  return answer(204, "");
}

bool Visit::authenticated(const http::RequestHead& head, WallTime now, bool again) {
  auto& all = match_.route->authentications;
  if (all.empty()) return true;
  std::string why = "it asks who you are";
  const Authentication* refused = nullptr;
  for (auto& each : all) {
    std::string reason;
    auto verdict = each->check(head, now, identity_, reason);
    if (verdict == Authentication::Verdict::passed) {
      values_.user = identity_.user;
      return true;
    }
    if (verdict == Authentication::Verdict::keys_needed && !again) stale_ = each.get();
    if (verdict != Authentication::Verdict::missing) refused = each.get(), why = reason;
  }
  if (stale_) return false;
  for (auto& each : all) {
    own_fields_ += "WWW-Authenticate: " + each->challenge(each.get() == refused) + "\r\n";
  }
  return answer(401, std::move(why));
}

bool Visit::answered_here(const http::RequestHead&) {
  const Route& route = *match_.route;
  if (route.redirect) {
    std::string location;
    route.redirect->to.append(location, values_);
    redirect(route.redirect->status, std::move(location));
    return false;
  }
  responds_ = route.respond.has_value();
  if (responds_) return answer(route.respond->status, "");
  return true;
}

}  // namespace berth::proxy::gateway
